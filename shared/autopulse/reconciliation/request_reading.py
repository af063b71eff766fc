"""Readers of what the parts of reconciliation exchange (`reconciliation.requests` has the shapes).

They are strict: only we write these, so a field that is absent or of another type is an error, not "not given". They
raise InvalidMessage, which names the field and never its value.
"""

import math
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, TypeVar

from autopulse.errors import InvalidMessage
from autopulse.json_coercion import MAX_CALL_ID, MAX_VAPI_CALL_ID_CHARACTERS, Json, read_time
from autopulse.json_text import read_json
from autopulse.reconciliation.requests import (
    MAX_FOUND_CALLS,
    MAX_OWNER_IDS,
    MAX_PAGE_CALLS,
    MAX_WORD_CHARACTERS,
    CallRequest,
    CallSummary,
    DeleteRequest,
    ErrorReason,
    FindRequest,
    Found,
    GetQuestion,
    ListQuestion,
    NotFound,
    Page,
    Question,
    Reason,
    Request,
    WindowRequest,
)

T = TypeVar("T")
_ABSENT: Final = object()
Read = Callable[[Json], Any]
"""Converts a value, or raises ValueError."""


def _text(value: Json, most: int = MAX_WORD_CHARACTERS) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= most:
        raise ValueError
    return value


def _id_text(value: Json) -> str:
    return _text(value, MAX_VAPI_CALL_ID_CHARACTERS)


def _truth(value: Json) -> bool:
    if not isinstance(value, bool):
        raise ValueError  # noqa: TRY004 - readers raise ValueError only
    return value


def _integer(least: int, most: int) -> Read:
    def read(value: Json) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError
        return value

    return read


def _moment(value: Json) -> datetime:
    moment = read_time(_text(value))
    if moment is None:
        raise ValueError
    return moment


def _seconds(value: Json) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise ValueError
    return float(value)


def _optional(read: Read) -> Read:
    return lambda value: None if value is None else read(value)


def _each(read: Read, most: int) -> Read:
    def read_all(value: Json) -> tuple[Any, ...]:
        if not isinstance(value, list) or len(value) > most:
            raise ValueError
        return tuple(read(item) for item in value)

    return read_all


_call_id: Final = _integer(1, MAX_CALL_ID)
_MAX_TRIES: Final = 1000

_REQUESTS: Final[Mapping[str, tuple[Callable[..., Request], Mapping[str, Read]]]] = {
    "call": (
        CallRequest,
        {
            "vapi_call_id": _id_text,
            "call_id": _optional(_call_id),
            "reason": Reason,
            "tries": _integer(0, _MAX_TRIES),
            "last": _truth,
            "known_vapi_call_id": _optional(_id_text),
            "ends_by": _optional(_moment),
        },
    ),
    "find": (
        FindRequest,
        {"call_ids": _each(_call_id, MAX_FOUND_CALLS), "since": _moment, "before": _optional(_moment)},
    ),
    "delete": (DeleteRequest, {"vapi_call_id": _id_text}),
    "window": (WindowRequest, {"since": _moment, "before": _optional(_moment), "walk": _text}),
}
_QUESTIONS: Final[Mapping[str, tuple[Callable[..., Question], Mapping[str, Read]]]] = {
    "list": (ListQuestion, {"since": _moment, "before": _optional(_moment)}),
    "get": (GetQuestion, {"vapi_call_id": _id_text}),
}
_SUMMARY: Final[Mapping[str, Read]] = {
    "vapi_call_id": _id_text,
    "call_id": _optional(_call_id),
    "type": _optional(_text),
    "status": _text,
    "ended_reason": _optional(_text),
    "nps_score": _optional(_integer(0, 10)),
    "has_turns": _truth,
    "has_answers": _truth,
    "created_at": _optional(_moment),
    "ended_at": _optional(_moment),
    "updated_at": _optional(_moment),
    "owner_ids": _each(_id_text, MAX_OWNER_IDS),
}


def read_request(body: str) -> Request:
    """Read the body of a message of the request queue."""
    given = _object(body, "request")
    ask = given.get("ask")
    if not isinstance(ask, str) or ask not in _REQUESTS:
        raise InvalidMessage("cannot read the request: ask")
    shape, fields = _REQUESTS[ask]
    return _build(shape, fields, given, "request")


def read_question(value: Json) -> Question:
    """Read the payload of a direct invocation of the fetcher."""
    given = _mapping(value, "question")
    for name, (shape, fields) in _QUESTIONS.items():
        if name in given:
            return _build(shape, fields, given[name], "question")
    raise InvalidMessage("cannot read the question: neither list nor get")


def read_page(body: str) -> Page:
    """Read the body of a message of the page queue."""
    return _build(Page, _PAGE, _object(body, "page"), "page")


def read_summaries(value: Json) -> tuple[CallSummary, ...]:
    """Read a JSON array of summaries."""
    summaries: tuple[CallSummary, ...] = _read("calls", _SUMMARIES, value, "answer")
    return summaries


def read_answer(value: Json) -> Found | NotFound:
    """Read the answer to a direct invocation of the fetcher."""
    answer = _mapping(value, "answer")
    if "error" in answer:
        return _build(NotFound, _NOT_FOUND, answer["error"], "answer")
    return _build(Found, _FOUND, answer, "answer")


def _summary(value: Json) -> CallSummary:
    return _build(CallSummary, _SUMMARY, value, "call")


_SUMMARIES: Final = _each(_summary, MAX_PAGE_CALLS)
_PAGE: Final[Mapping[str, Read]] = {
    "walk": _text,
    "calls": _SUMMARIES,
    "complete": _truth,
    "since": _moment,
    "until": _moment,
}
_FOUND: Final[Mapping[str, Read]] = {"calls": _SUMMARIES, "before": _optional(_moment)}
_NOT_FOUND: Final[Mapping[str, Read]] = {
    "reason": ErrorReason,
    "detail": lambda value: _text(value) if value else "",
    "retry_after": _optional(_seconds),
}


def _object(body: str, what: str) -> Mapping[str, Json]:
    try:
        given = read_json(body)
    except (ValueError, RecursionError) as error:
        raise InvalidMessage(f"cannot read the {what}: {type(error).__name__}") from None
    return _mapping(given, what)


def _mapping(given: Json, what: str) -> Mapping[str, Json]:
    if not isinstance(given, Mapping):
        raise InvalidMessage(f"cannot read the {what}: no object")
    return given


def _build(shape: Callable[..., T], fields: Mapping[str, Read], given: Json, what: str) -> T:
    said = _mapping(given, what)
    return shape(**{name: _read(name, read, said.get(name, _ABSENT), what) for name, read in fields.items()})


def _read(name: str, read: Read, value: Json, what: str) -> Any:  # noqa: ANN401 - the field's
    try:
        return read(value)
    except (TypeError, ValueError):
        raise InvalidMessage(f"cannot read the {what}: {name}") from None
