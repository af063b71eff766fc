"""The shapes that the parts of reconciliation exchange: what is to be asked of Vapi, and what Vapi says in short.

A request is the body of a message of the request queue:

    {"ask": "call", "vapi_call_id": …, "call_id": … or null, "reason": …, "tries": 0, "last": false,
     "known_vapi_call_id": … or null, "ends_by": … or null}
    {"ask": "find", "call_ids": […], "since": …, "before": … or null}
    {"ask": "window", "since": …, "before": … or null, "walk": …}
    {"ask": "delete", "vapi_call_id": …}

A page is the body of a message of the page queue:

    {"walk": …, "calls": […], "complete": false, "since": …, "until": …}

A question and its answer are the payload of a direct invocation of the fetcher, and what it returns:

    {"list": {"since": …, "before": … or null}}    or    {"get": {"vapi_call_id": …}}
    {"calls": […], "before": … or null}    or    {"error": {"reason": …, "detail": …, "retry_after": seconds or null}}

Times are ISO 8601 in UTC with microseconds. The readers are strict: only we write these, so a field that is absent or
of another type is an error, not "not given". They raise InvalidMessage, which names the field and never its value.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final, TypeVar

from autopulse.errors import InvalidMessage
from autopulse.json_coercion import MAX_CALL_ID, MAX_VAPI_CALL_ID_CHARACTERS, Json, read_time, to_text
from autopulse.json_text import read_json
from autopulse.vapi.envelope import canonical_json

MAX_FOUND_CALLS: Final = 1000
"""Calls of ours that one request looks for in Vapi's list."""
MAX_OWNER_IDS: Final = 4
"""Of a call: its phone number, assistant, squad and workflow."""
MAX_PAGE_CALLS: Final = 1000
"""Calls of one page; Vapi's own limit."""
MAX_WORD_CHARACTERS: Final = 255
"""Of an ended reason, a status, a walk's name."""
_ABSENT: Final = object()
_VAPI_CALL_ID: Final = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Reason(str, Enum):
    """Why a call is asked for."""

    NO_REPORT = "no_report"
    """It has ended, and its report has not come."""
    NO_NEWS = "no_news"
    """It is in progress for longer than a call can last."""
    NOT_ANSWERED = "not_answered"
    """It is queued, ringing or being forwarded for too long."""
    NOT_STARTED = "not_started"
    """It has an id of Vapi's, and nothing has been heard of it."""
    NOT_LINKED = "not_linked"
    """The application has ordered it, and it has no id of Vapi's."""
    NO_ANALYSIS = "no_analysis"
    """Its report has no answers though they were expected."""
    DEAD_LETTER = "dead_letter"
    """A message about it is a dead letter."""
    DIFFERENT = "different"
    """A comparison has found something else at Vapi."""
    ASKED = "asked"
    """An operator asks."""


class ErrorReason(str, Enum):
    """Why Vapi could not be asked, or gave nothing."""

    UNAUTHORIZED = "vapi-unauthorized"
    """Vapi does not take the key."""
    FORGOT = "vapi-forgot"
    """The call, or the time that was asked for, is older than what Vapi keeps."""
    UNKNOWN_CALL = "vapi-unknown-call"
    """Vapi has no such call in the key's organization."""
    THROTTLED = "vapi-throttled"
    """Vapi demands a pause."""
    UNAVAILABLE = "vapi-unavailable"
    """Vapi was not reached, did not answer in time, or answered with an error of its own."""
    NOT_CONFIGURED = "not-configured"
    """The stack has no key, or no usable address of Vapi's."""
    UNREADABLE = "vapi-unreadable"
    """Vapi's answer is no JSON, of another shape, too long, or a redirect."""


@dataclass(frozen=True, slots=True)
class CallRequest:
    """Ask for one call of Vapi's."""

    vapi_call_id: str
    call_id: int | None
    """Ours, if it is known: a record without it is about this row all the same."""
    reason: Reason
    tries: int = 0
    """How often this was asked before."""
    last: bool = False
    """If Vapi does not know the call this time, it is missing there."""
    known_vapi_call_id: str | None = None
    """A call that Vapi has: with it the fetcher proves that its key is of the right organization."""
    ends_by: datetime | None = None
    """When a call in progress is over at the latest; None if it need not be ended."""

    def to_json(self) -> str:
        """Return the body of the queue's message."""
        return canonical_json({"ask": "call", **_fields(self)})


@dataclass(frozen=True, slots=True)
class FindRequest:
    """Look for calls of ours, whose ids at Vapi are not known, in Vapi's list from the newest on."""

    call_ids: tuple[int, ...]
    since: datetime
    before: datetime | None = None
    """Where the last page has ended; None to begin with the newest call."""

    def to_json(self) -> str:
        """Return the body of the queue's message."""
        return canonical_json({"ask": "find", **_fields(self)})


@dataclass(frozen=True, slots=True)
class WindowRequest:
    """Walk through Vapi's list from the newest call to `since`: one page for each request."""

    since: datetime
    walk: str
    """Names the walk: the same in all its requests and pages."""
    before: datetime | None = None
    """As that of a FindRequest."""

    def to_json(self) -> str:
        """Return the body of the queue's message."""
        return canonical_json({"ask": "window", **_fields(self)})


@dataclass(frozen=True, slots=True)
class DeleteRequest:
    """Ask Vapi to delete a call, whose person is erased."""

    vapi_call_id: str

    def to_json(self) -> str:
        """Return the body of the queue's message."""
        return canonical_json({"ask": "delete", **_fields(self)})


Request = CallRequest | FindRequest | WindowRequest | DeleteRequest


@dataclass(frozen=True, slots=True)
class CallSummary:
    """What Vapi's record of a call says, in ids, words of a bounded set and figures: no text of people's."""

    vapi_call_id: str
    call_id: int | None
    """Ours, as the record's variables give it."""
    type: str | None
    """Vapi's type of call."""
    status: str
    """Ours (`domain.status`); Vapi's `not-found` and `deletion-failed` as they are; any other word is `unknown`."""
    ended_reason: str | None
    nps_score: int | None
    has_turns: bool
    has_answers: bool
    """Whether the analysis says anything (docs/call-state.md, section 3)."""
    created_at: datetime | None
    ended_at: datetime | None
    updated_at: datetime | None
    owner_ids: tuple[str, ...] = ()
    """The call's constant ids (docs/call-state.md 1), by which it is known whose it is."""

    def to_object(self) -> dict[str, Json]:
        """Return the JSON object."""
        return _fields(self)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of Vapi's list: every call that was created after `since` and not after `until`."""

    walk: str
    calls: tuple[CallSummary, ...]
    complete: bool
    """Whether the walk ends with this page."""
    since: datetime
    until: datetime

    def to_json(self) -> str:
        """Return the body of the queue's message."""
        return canonical_json(_fields(self))


@dataclass(frozen=True, slots=True)
class ListQuestion:
    """Ask directly for a page of Vapi's list: calls that were created from `since` to `before`, the newest first."""

    since: datetime
    before: datetime | None = None
    """Where the last page has ended; None to begin with the newest call."""

    def to_object(self) -> dict[str, Json]:
        """Return the payload of the invocation."""
        return {"list": _fields(self)}


@dataclass(frozen=True, slots=True)
class GetQuestion:
    """Ask directly for one call of Vapi's."""

    vapi_call_id: str

    def to_object(self) -> dict[str, Json]:
        """Return the payload of the invocation."""
        return {"get": _fields(self)}


Question = ListQuestion | GetQuestion


@dataclass(frozen=True, slots=True)
class Found:
    """The answer of a direct invocation: calls, and where the next page begins."""

    calls: tuple[CallSummary, ...]
    before: datetime | None = None
    """None if there is no next page."""

    def to_object(self) -> dict[str, Json]:
        """Return the JSON object that the invocation answers."""
        return _fields(self)


@dataclass(frozen=True, slots=True)
class NotFound:
    """The answer of a direct invocation that got nothing of Vapi."""

    reason: ErrorReason
    detail: str = ""
    """For people; never a value of Vapi's."""
    retry_after: float | None = None
    """Seconds that Vapi wants to be left alone."""

    def to_object(self) -> dict[str, Json]:
        """Return the JSON object that the invocation answers."""
        return {"error": _fields(self)}


def is_askable(vapi_call_id: str | None) -> bool:
    """Whether Vapi can be asked for a call of this id: its ids are UUIDs, and nothing else gets into a path."""
    return vapi_call_id is not None and _VAPI_CALL_ID.fullmatch(vapi_call_id) is not None


# Writing


def _fields(shape: Any) -> dict[str, Json]:  # noqa: ANN401 - a dataclass's instance
    written: dict[str, Json] = _written(asdict(shape))
    return written


def _written(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: _written(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_written(item) for item in value]
    if isinstance(value, datetime):
        return to_text(value)
    return value.value if isinstance(value, Enum) else value


# Reading

T = TypeVar("T")
Read = Callable[[Json], Any]
"""Returns what a value says, or raises ValueError."""


def _text(value: Json, most: int = MAX_WORD_CHARACTERS) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= most:
        raise ValueError
    return value


def _id_text(value: Json) -> str:
    return _text(value, MAX_VAPI_CALL_ID_CHARACTERS)


def _truth(value: Json) -> bool:
    if not isinstance(value, bool):
        raise ValueError  # noqa: TRY004 - the one error of a reader
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
    """Read what a direct invocation of the fetcher has answered."""
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
