"""Read the customer's answers from a report's analysis (docs/call-state.md 7).

The analysis is a list of sheets, best first; a sheet is used only for answers that no earlier sheet gives.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeVar

from autopulse.domain.answers import (
    ACTION_ITEMS,
    CALL_REASON,
    DETRACTORS,
    NPS_SCORE,
    OVERALL_FEEDBACK,
    POSITIVES,
    REASON_CATEGORY,
    SUMMARY,
    AnswerNames,
    plain_name,
)
from autopulse.domain.bounds import MAX_TEXT_CHARACTERS, cut, cut_data
from autopulse.json_coercion import Json, as_text, clean, read_nps, read_text

NO_COMMENT: Final = "No comment."
NOT_GIVEN: Final = frozenset({"", "UNKNOWN"})
"""Texts without meaning, in upper case and without blanks around them."""
_OF_TEN: Final = re.compile(r"\s*([0-9]{1,2})(?:\.0+)?\s*(?:/|out of|of)\s*10\s*", re.IGNORECASE)
_NO_SCORE: Final = frozenset({"-1", "-1.0"})
Value = TypeVar("Value")

Sheet = Sequence[tuple[str, Json]]
"""Pairs of a name and an answer."""


class Feedback(NamedTuple):
    """A row of `call_feedback`."""

    content: str
    detractors: str | None
    positives: str | None
    action_items: str | None
    structured_data: Mapping[str, Any] | None
    reason_category: str | None = None
    """The analysis' own category of what went wrong, which has priority over the words of `detractors`."""


class Analysis(NamedTuple):
    """A report's analysis as it is stored."""

    nps_score: int | None
    call_reason: str | None
    summary: str | None
    feedback: Feedback | None
    """None if the report has neither a feedback field nor structured data."""
    has_answers: bool
    """Whether any of its values has a meaning."""


def read_sheets(
    sheets: Sequence[Sheet], summaries: Iterable[Json], given: Mapping[str, Any], names: AnswerNames
) -> Analysis:
    """Read an analysis from its sheets, best first, the separate summaries, and the whole analysis as JSON."""
    answers = [_answers(sheet, names) for sheet in sheets]
    told = next(filter(None, map(given_text, summaries)), None)
    summary = cut(told, MAX_TEXT_CHARACTERS) if told else _first(_lines, SUMMARY, answers)
    return Analysis(
        nps_score=_first(_score, NPS_SCORE, answers),
        call_reason=_first(_lines, CALL_REASON, answers),
        summary=summary,
        feedback=_feedback(answers, summary, given) if given else None,
        has_answers=any(says_something(name, value, names) for sheet in sheets for name, value in sheet),
    )


def _answers(sheet: Sheet, names: AnswerNames) -> dict[str, list[Json]]:
    """Field -> its answers: under its own name, then under its aliases in order, then sorted by name."""
    found: dict[str, list[tuple[str, str, Json]]] = {}
    for name, value in sheet:
        plain = plain_name(name)
        if plain in names:
            found.setdefault(names[plain], []).append((plain, name, value))
    return {field: [value for *_, value in _in_order(answers, names)] for field, answers in found.items()}


def _in_order(answers: list[tuple[str, str, Json]], names: AnswerNames) -> list[tuple[str, str, Json]]:
    """Sort the answers to one question, with plain name and name; a single answer, the usual case, needs no sorting."""
    if len(answers) == 1:
        return answers
    order = {plain: place for place, plain in enumerate(names)}
    return sorted(answers, key=lambda answer: (order[answer[0]], answer[1]))


def _first(
    read: Callable[[Json], Value | None], field: str, sheets: Iterable[Mapping[str, Sequence[Json]]]
) -> Value | None:
    """The first sheet's usable value of a field; UNKNOWN counts as unusable."""
    values = (read(value) for sheet in sheets for value in sheet.get(field, ()))
    return next((value for value in values if value is not None), None)


def _feedback(
    answers: Sequence[Mapping[str, Sequence[Json]]], summary: str | None, given: Mapping[str, Any]
) -> Feedback:
    return Feedback(
        content=_first(_lines, OVERALL_FEEDBACK, answers) or summary or NO_COMMENT,
        detractors=_first(_lines, DETRACTORS, answers),
        positives=_first(_lines, POSITIVES, answers),
        action_items=_first(_lines, ACTION_ITEMS, answers),
        structured_data=cut_data(dict(given)),
        reason_category=_first(_lines, REASON_CATEGORY, answers),
    )


def says_something(name: str, value: Json, names: AnswerNames) -> bool:
    """Whether an answer has a meaning.

    Null, false, blank text, UNKNOWN, a score of -1 and containers of only such values have none: an analysis without an
    answer still has `nps_validated: false`.
    """
    value = parsed(value)
    if value is False:
        return False
    if isinstance(value, dict):
        return any(says_something(inner, item, names) for inner, item in value.items())
    if isinstance(value, list):
        return any(says_something(name, item, names) for item in value)
    text = str(value).strip() if value is not None else ""
    if text in _NO_SCORE and names.get(plain_name(name)) == NPS_SCORE:
        return False
    return text.upper() not in NOT_GIVEN


def given_text(value: Json) -> str | None:
    """The text unchanged; None if it is blank or UNKNOWN."""
    text = read_text(value)
    return None if text is None or text.strip().upper() in NOT_GIVEN else text


def parsed(value: Json) -> Json:
    """Parse and clean a JSON text of an object or a list; any other value is returned unchanged."""
    if not isinstance(value, str) or not value.lstrip().startswith(("{", "[")):
        return value
    try:
        return clean(json.loads(value))
    except (ValueError, RecursionError):
        return value


def _score(value: Json) -> int | None:
    """A score from 0 to 10, also as "9/10" or "9 out of 10"."""
    of_ten = _OF_TEN.fullmatch(value) if isinstance(value, str) else None
    return read_nps(of_ten[1] if of_ten else value)


def _lines(value: Json) -> str | None:
    """The text, or a list as lines; blank and UNKNOWN items are left out."""
    value = parsed(value)
    if isinstance(value, list):
        texts = (given_text(item if isinstance(item, str) else as_text(item)) for item in value)
        value = "\n".join(text for text in texts if text is not None)
    text = given_text(value)
    return text and cut(text, MAX_TEXT_CHARACTERS)
