"""What a report's analysis says the customer thinks.

`structuredData` is the older way, `structuredOutputs` the newer; where both speak, `structuredData` wins.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from autopulse.domain.reading import Json, read_mapping, read_nps, read_text
from autopulse.domain.turns import as_text

NO_COMMENT: Final = "No comment."
FIELDS: Final = ("overall_feedback", "detractors", "positives", "action_items", "nps_score", "call_reason")
"""Our fields of the analysis, which a structured output may carry under its own name."""
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Feedback:
    """A `call_feedback` row."""

    content: str
    detractors: str | None
    positives: str | None
    action_items: str | None
    structured_data: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Analysis:
    """A report's analysis as we store it."""

    nps_score: int | None
    call_reason: str | None
    feedback: Feedback | None
    """None if the report has neither a feedback field nor structured data."""
    summary: str | None = None
    has_answers: bool = False


def read_analysis(structured_data: Json, structured_outputs: Json, summary: str | None) -> Analysis:
    """Read `analysis.structuredData` and `artifact.structuredOutputs` (`{id: {name, result}}`)."""
    data, outputs = read_mapping(structured_data), read_mapping(structured_outputs)
    sources = (data, _output_fields(outputs))
    both = {**data, "structuredOutputs": outputs} if outputs else data
    return Analysis(
        nps_score=_first(read_nps, "nps_score", sources),
        call_reason=_first(_lines, "call_reason", sources),
        feedback=_feedback(sources, summary, both) if both else None,
        summary=summary,
        has_answers=any(value not in (None, "", [], "UNKNOWN", -1) for source in sources for value in source.values()),
    )


def _feedback(sources: Iterable[Mapping[str, Json]], summary: str | None, both: Mapping[str, Json]) -> Feedback:
    return Feedback(
        content=_first(_lines, "overall_feedback", sources) or given_text(summary) or NO_COMMENT,
        detractors=_first(_lines, "detractors", sources),
        positives=_first(_lines, "positives", sources),
        action_items=_first(_lines, "action_items", sources),
        structured_data=both,
    )


def _first(read: Callable[[Json], Value | None], name: str, sources: Iterable[Mapping[str, Json]]) -> Value | None:
    """A field of the first source in which it can be used: UNKNOWN in one leaves it to the next."""
    return next((value for source in sources if (value := read(source.get(name))) is not None), None)


def _output_fields(outputs: Mapping[str, Json]) -> dict[str, Json]:
    """Object results merged in the order of their ids, then scalars under the name of one of our fields."""
    fields: dict[str, Json] = {}
    for _, output in sorted(outputs.items()):
        name, result = read_text(read_mapping(output).get("name")), read_mapping(output).get("result")
        if isinstance(result, dict):
            fields.update(result)
        elif name in FIELDS and result is not None:
            fields[name] = result
    return fields


def given_text(value: Json) -> str | None:
    """Text as it is; blank and UNKNOWN count as not given."""
    text = read_text(value)
    return None if text is None or text.strip().upper() in {"", "UNKNOWN"} else text


def _lines(value: Json) -> str | None:
    """Text, or a list as lines; blank and UNKNOWN items left out."""
    if isinstance(value, list):
        texts = (given_text(item if isinstance(item, str) else as_text(item)) for item in value)
        return "\n".join(text for text in texts if text is not None) or None
    return given_text(value)
