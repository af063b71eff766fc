"""The messages between the parts of reconciliation: requests to Vapi, and summaries of its answers.

A request is the body of a message of the request queue:

    {"ask": "call", "vapi_call_id": …, "call_id": … or null, "reason": …, "tries": 0, "last": false,
     "known_vapi_call_id": … or null, "ends_by": … or null}
    {"ask": "find", "call_ids": […], "since": …, "before": … or null}
    {"ask": "window", "since": …, "before": … or null, "walk": …}
    {"ask": "delete", "vapi_call_id": …}

A page is the body of a message of the page queue:

    {"walk": …, "calls": […], "complete": false, "since": …, "until": …}

A question and its answer are the payload of a direct invocation of the fetcher, and its result:

    {"list": {"since": …, "before": … or null}}    or    {"get": {"vapi_call_id": …}}
    {"calls": […], "before": … or null}    or    {"error": {"reason": …, "detail": …, "retry_after": seconds or null}}

Times are ISO 8601 in UTC with microseconds. The readers are strict: only our code writes these messages, so a field
that is absent or of another type is an error. They raise InvalidMessage, which names the field and never its value.
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
"""The maximum number of our calls that one request looks for in Vapi's list."""
MAX_OWNER_IDS: Final = 4
"""The maximum number of ids of a call's owners: phone number, assistant, squad and workflow."""
MAX_PAGE_CALLS: Final = 1000
"""The maximum number of calls in a page, which is Vapi's own limit."""
MAX_WORD_CHARACTERS: Final = 255
"""The maximum length of an ended reason, a status, and a walk's name."""
_ABSENT: Final = object()
_VAPI_CALL_ID: Final = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Reason(str, Enum):
    """Why a call is requested."""

    NO_REPORT = "no_report"
    """It has ended, and its report has not arrived."""
    NO_NEWS = "no_news"
    """It has been in progress for longer than a call can last."""
    NOT_ANSWERED = "not_answered"
    """It has been queued, ringing or forwarded for too long."""
    NOT_STARTED = "not_started"
    """It has a Vapi id, and no message about it has arrived."""
    NOT_LINKED = "not_linked"
    """The application has ordered it, and it has no Vapi id."""
    NO_ANALYSIS = "no_analysis"
    """Its report has no answers although they were expected."""
    DEAD_LETTER = "dead_letter"
    """A message about it is a dead letter."""
    DIFFERENT = "different"
    """A comparison has found a difference from Vapi's data."""
    ASKED = "asked"
    """An operator has requested it."""


class ErrorReason(str, Enum):
    """Why Vapi could not be asked, or returned nothing."""

    UNAUTHORIZED = "vapi-unauthorized"
    """Vapi refuses the key."""
    FORGOT = "vapi-forgot"
    """The call or the time span is older than Vapi's retention."""
    UNKNOWN_CALL = "vapi-unknown-call"
    """Vapi has no such call in the key's organization."""
    THROTTLED = "vapi-throttled"
    """Vapi demands a pause."""
    UNAVAILABLE = "vapi-unavailable"
    """Vapi was unreachable, did not answer in time, or answered with a server error."""
    NOT_CONFIGURED = "not-configured"
    """The stack has no key, or no usable URL of Vapi's API."""
    UNREADABLE = "vapi-unreadable"
    """Vapi's answer is not JSON, has another form, is too long, or is a redirect."""


@dataclass(frozen=True, slots=True)
class CallRequest:
    """A request for one Vapi call."""

    vapi_call_id: str
    call_id: int | None
    """Our call id, if it is known: the record is then about this row even if it does not name it."""
    reason: Reason
    tries: int = 0
    """The number of earlier requests."""
    last: bool = False
    """Whether the call counts as missing if Vapi does not have it this time."""
    known_vapi_call_id: str | None = None
    """A call that Vapi has, by which the fetcher proves that its key is of the right organization."""
    ends_by: datetime | None = None
    """When a call in progress must have ended; None if it need not be ended."""

    def to_json(self) -> str:
        """Return the body of the queue's message."""
        return canonical_json({"ask": "call", **_fields(self)})


@dataclass(frozen=True, slots=True)
class FindRequest:
    """A search of Vapi's list, from the newest call on, for calls of ours whose Vapi ids are not known."""

    call_ids: tuple[int, ...]
    since: datetime
    before: datetime | None = None
    """Where the last page ended; None to begin with the newest call."""

    def to_json(self) -> str:
        """Return the body of the queue's message."""
        return canonical_json({"ask": "find", **_fields(self)})


@dataclass(frozen=True, slots=True)
class WindowRequest:
    """A walk through Vapi's list from the newest call to `since`, with one page per request."""

    since: datetime
    walk: str
    """The name of the walk, which is the same in all its requests and pages."""
    before: datetime | None = None
    """Where the last page ended; None to begin with the newest call."""

    def to_json(self) -> str:
        """Return the body of the queue's message."""
        return canonical_json({"ask": "window", **_fields(self)})


@dataclass(frozen=True, slots=True)
class DeleteRequest:
    """A request to delete a call at Vapi, after its erasure here."""

    vapi_call_id: str

    def to_json(self) -> str:
        """Return the body of the queue's message."""
        return canonical_json({"ask": "delete", **_fields(self)})


Request = CallRequest | FindRequest | WindowRequest | DeleteRequest


@dataclass(frozen=True, slots=True)
class CallSummary:
    """A summary of Vapi's record of a call with ids, words of limited sets and figures, but no text of a person."""

    vapi_call_id: str
    call_id: int | None
    """Our call id in the record's variables."""
    type: str | None
    """Vapi's type of call."""
    status: str
    """Our status (`domain.status`), or Vapi's `not-found` or `deletion-failed`; any other word is `unknown`."""
    ended_reason: str | None
    nps_score: int | None
    has_turns: bool
    has_answers: bool
    """Whether the analysis has any meaningful value (docs/call-state.md, section 3)."""
    created_at: datetime | None
    ended_at: datetime | None
    updated_at: datetime | None
    owner_ids: tuple[str, ...] = ()
    """The call's constant ids (docs/call-state.md 1), which determine its owner."""

    def to_object(self) -> dict[str, Json]:
        """Return the JSON object."""
        return _fields(self)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of Vapi's list: all calls that were created after `since` and not after `until`."""

    walk: str
    calls: tuple[CallSummary, ...]
    complete: bool
    """Whether this is the walk's last page."""
    since: datetime
    until: datetime

    def to_json(self) -> str:
        """Return the body of the queue's message."""
        return canonical_json(_fields(self))


@dataclass(frozen=True, slots=True)
class ListQuestion:
    """A direct question for a page of Vapi's list: calls created from `since` to `before`, the newest first."""

    since: datetime
    before: datetime | None = None
    """Where the last page ended; None to begin with the newest call."""

    def to_object(self) -> dict[str, Json]:
        """Return the payload of the invocation."""
        return {"list": _fields(self)}


@dataclass(frozen=True, slots=True)
class GetQuestion:
    """A direct question for one Vapi call."""

    vapi_call_id: str

    def to_object(self) -> dict[str, Json]:
        """Return the payload of the invocation."""
        return {"get": _fields(self)}


Question = ListQuestion | GetQuestion


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to a direct invocation: calls, and where the next page begins."""

    calls: tuple[CallSummary, ...]
    before: datetime | None = None
    """None if there is no next page."""

    def to_object(self) -> dict[str, Json]:
        """Return the JSON object that the invocation answers."""
        return _fields(self)


@dataclass(frozen=True, slots=True)
class NotFound:
    """The answer to a direct invocation that got no call from Vapi."""

    reason: ErrorReason
    detail: str = ""
    """A text for people, which never has a value of Vapi's."""
    retry_after: float | None = None
    """The pause in seconds that Vapi demands."""

    def to_object(self) -> dict[str, Json]:
        """Return the JSON object that the invocation returns."""
        return {"error": _fields(self)}


def is_askable(vapi_call_id: str | None) -> bool:
    """Whether a call with this id can be requested: Vapi's ids are UUIDs, and no other text is put into a path."""
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
