"""Find a report's analysis, and read it in all of its shapes.

`analysis.structuredData` is the older place, `artifact.structuredOutputs` the current one: `{id: {name, result}}`, in
which the result is a value or an object of several values. `analysis.structuredDataMulti` has one object for each plan
or assistant, and `artifact.scorecards` has values that were computed from the outputs. Published bodies differ in all
of this: results without a name, objects directly below the id, answers without any id, lists, JSON texts. Therefore an
object is read by its form:

- an object with fields of ours is a sheet of answers;
- an object that names a result (`{name, result}`, `{key, structuredData}`, `{assistant, data}`) is an answer, or
  contains answers;
- any other object is searched, up to `MAX_DEPTH` objects deep.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from autopulse.domain.answers import AnswerNames, plain_name
from autopulse.domain.feedback import Analysis, Sheet, given_text, parsed, read_sheets
from autopulse.domain.follow_ups import names_callback
from autopulse.domain.suppressions import names_opt_out
from autopulse.json_coercion import Json, read_words
from autopulse.vapi.messages import ReportMessage

MAX_DEPTH: Final = 6
_LABELS: Final = ("name", "title", "label", "question", "field", "key")
"""Fields that may have the name of a result, best first."""
_COMPANIONS: Final = frozenset(
    {
        *(*_LABELS, "id", "type", "description", "status", "error", "schema", "plan", "planKey", "compliancePlan"),
        *("assistant", "assistantId", "assistantName", "scoreNormalized", "metricPoints", "confidence", "explanation"),
    }
)
"""Fields that may stand beside a result and are not answers."""
_RESULTS: Final = ("result", "structuredData", "data", "value", "answer", "output", "score")
"""Fields that may have the value of a named result."""
_VALUES: Final = (*_RESULTS, "rating", "text", "content", "items")
"""Fields that may have the value of an object that answers one question."""


def read_analysis(message: ReportMessage, names: AnswerNames) -> Analysis:
    """Read all parts of a report's analysis; `names` are the names that answers may have."""
    data, multi = parsed(message.analysis.structured_data), parsed(message.analysis.structured_data_multi)
    outputs, scorecards = parsed(message.artifact.structured_outputs), parsed(message.artifact.scorecards)
    reader = _Reader(names)
    sheets = [sheet for part in (data, _by_id(outputs), multi, scorecards) for sheet in reader.sheets(part)]
    summaries = (message.analysis.summary, message.summary_given)
    given = _given(data, structuredOutputs=outputs, structuredDataMulti=multi, scorecards=scorecards)
    if given and message.analysis.success_evaluation is not None:
        given["successEvaluation"] = message.analysis.success_evaluation
    return read_sheets(sheets, summaries, given, names)


def unknown_outputs(message: ReportMessage, names: AnswerNames) -> list[str]:
    """The names of structured outputs that answer none of our questions, as their author wrote them.

    An output is unknown if neither its name nor any field of its result is known; an output without a name is left out.
    An output that asks for a callback, or for no more calls, is known, although it has no column.
    """
    outputs, reader = parsed(message.artifact.structured_outputs), _Reader(names)
    items = outputs.values() if isinstance(outputs, dict) else outputs if isinstance(outputs, list) else ()
    named = ((label, item) for item in items if isinstance(item, dict) and (label := _label(item)))
    return [label for label, item in named if not (reader.knows(item) or names_callback(item) or names_opt_out(item))]


def _by_id(outputs: Json) -> Json:
    """Sort a list of outputs by their ids, if each output has one; the outputs of an object are sorted by its keys."""
    if isinstance(outputs, list) and all(
        isinstance(item, dict) and isinstance(item.get("id"), str) for item in outputs
    ):
        return sorted(outputs, key=lambda item: str(item["id"]))
    return outputs


def _given(data: Json, **parts: Json) -> dict[str, Any]:
    """The whole analysis as one JSON object: structured data at the top, the other parts under Vapi's names."""
    given = {name: part for name, part in {"structuredData": data, **parts}.items() if _is_given(part)}
    return (
        {**data, **{name: part for name, part in given.items() if name in parts}} if isinstance(data, dict) else given
    )


def _is_given(part: Json) -> bool:
    return bool(part) if isinstance(part, dict | list) else given_text(part) is not None


class _Reader:
    def __init__(self, names: AnswerNames) -> None:
        self._names = names

    def sheets(self, value: Json, label: str = "", depth: int = MAX_DEPTH) -> Iterator[Sheet]:
        """Yield the sheets of answers in a value with the name `label`, best first."""
        value = parsed(value)
        if depth and isinstance(value, dict):
            yield from self._of_object(value, label, depth)
        elif depth and isinstance(value, list) and not self._is_field(label):
            for item in value:
                yield from self.sheets(item, label, depth - 1)
        else:
            yield [(label, value)]

    def knows(self, value: Json) -> bool:
        """Whether any answer in the value is known."""
        return any(self._is_field(label) for sheet in self.sheets(value) for label, _ in sheet)

    def _of_object(self, value: Mapping[str, Json], label: str, depth: int) -> Iterator[Sheet]:
        named = _named_result(value)
        if named is not None and (self._is_field(named[0]) or not any(map(self._is_field, value))):
            yield from self._of_result(named[0] or label, named[1], depth)
        elif any(map(self._is_field, value)):
            yield from self._of_answers(value, depth)
        elif self._is_field(label):
            yield [(label, _only_value(value))]
        else:
            for name in sorted(value):
                yield from self.sheets(value[name], name, depth - 1)

    def _of_result(self, label: str, result: Json, depth: int) -> Iterator[Sheet]:
        result = parsed(result)
        yield from self.sheets(result, label, depth - 1)
        if self._is_field(label) and isinstance(result, dict):
            yield [(label, _only_value(result))]

    def _of_answers(self, value: Mapping[str, Json], depth: int) -> Iterator[Sheet]:
        """Yield the answers of one object; objects in it that name a result are read after them."""
        results = {name: item for name, item in value.items() if isinstance(item, dict) and _named_result(item)}
        yield [
            (name, _answer(item)) if self._is_field(name) else (name, item)
            for name, item in value.items()
            if name not in results
        ]
        for name in sorted(results):
            yield from self.sheets(results[name], name, depth - 1)

    def _is_field(self, name: str) -> bool:
        return plain_name(name) in self._names


def _label(value: Mapping[str, Json]) -> str:
    """The name of a result, or "" if it has none."""
    return next((label for key in _LABELS if (label := read_words(value.get(key)))), "")


def _named_result(value: Mapping[str, Json]) -> tuple[str, Json] | None:
    """The name ("" if there is none) and the value of an object that describes a result; None for any other."""
    label = _label(value)
    key = next((key for key in _RESULTS if key in value), None)
    if key is None or not (value.keys() <= {*_COMPANIONS, key} or (key == "result" and label)):
        return None
    return label, value[key]


def _answer(value: Json) -> Json:
    value = parsed(value)
    return _only_value(value) if isinstance(value, dict) else value


def _only_value(value: Mapping[str, Json]) -> Json:
    """The value of an object that answers one question: its value field, else its only entry, else itself."""
    found = next((value[name] for name in _VALUES if name in value), None)
    if found is None and len(value) == 1:
        (found,) = value.values()
    return dict(value) if found is None else found
