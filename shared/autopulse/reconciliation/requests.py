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

Times are ISO 8601 in UTC with microseconds. `reconciliation.request_reading` reads these messages.
"""

import re
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final

from autopulse.json_coercion import Json, to_text
from autopulse.vapi.envelope import canonical_json

MAX_FOUND_CALLS: Final = 1000
"""The maximum number of our calls that one request looks for in Vapi's list."""
MAX_OWNER_IDS: Final = 4
"""The maximum number of ids of a call's owners: phone number, assistant, squad and workflow."""
MAX_PAGE_CALLS: Final = 1000
"""The maximum number of calls in a page, which is Vapi's own limit."""
MAX_WORD_CHARACTERS: Final = 255
"""The maximum length of an ended reason, a status, and a walk's name."""
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
