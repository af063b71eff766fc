"""What a report's analysis says the customer thinks.

`structuredData` is the older way, `structuredOutputs` the newer; where both speak, `structuredData` wins.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from autopulse.domain.reading import Json, read_mapping, read_nps, read_text
from autopulse.domain.turns import as_text

NO_COMMENT: Final = "No comment."
FIELDS: Final = ("overall_feedback", "detractors", "positives", "action_items", "nps_score", "call_reason")
"""Our fields of the analysis, which a structured output may carry under its own name."""


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


def read_analysis(structured_data: Json, structured_outputs: Json, summary: str | None) -> Analysis:
    """Read `analysis.structuredData` and `artifact.structuredOutputs` (`{id: {name, result}}`)."""
    data = read_mapping(structured_data)
    outputs = read_mapping(structured_outputs)
    fields = {**_output_fields(outputs), **{key: value for key, value in data.items() if value is not None}}
    return Analysis(
        read_nps(fields.get("nps_score")), _lines(fields.get("call_reason")), _feedback(fields, data, outputs, summary)
    )


def _feedback(
    fields: Mapping[str, Json], data: Mapping[str, Json], outputs: Mapping[str, Json], summary: str | None
) -> Feedback | None:
    if not data and not outputs:
        return None
    return Feedback(
        content=_lines(fields.get("overall_feedback")) or given_text(summary) or NO_COMMENT,
        detractors=_lines(fields.get("detractors")),
        positives=_lines(fields.get("positives")),
        action_items=_lines(fields.get("action_items")),
        structured_data={**data, "structuredOutputs": outputs} if outputs else data,
    )


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
