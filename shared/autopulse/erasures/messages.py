"""The bodies of the erasure queue's messages.

    {"erasure_id": …}                                    process the remaining items of an erasure
    {"erasure_id": …, "look_again": Vapi's id}           check whether a call has got a row since it was erased
    {"vapi_call_id": …, "outcome": deleted|gone|failed, "reason": …}      Vapi's answer, or its webhook
    {"vapi_call_id": …, "copied": true}                  a recording was copied although its call was erased

They contain only ids: a number is never queued.
"""

import json
from dataclasses import dataclass
from enum import Enum
from typing import Final

from autopulse.errors import InvalidMessage
from autopulse.json_coercion import Json, read_mapping, read_text, read_vapi_call_id
from autopulse.json_text import read_json


class Outcome(str, Enum):
    """The result of a call's deletion at Vapi."""

    ACCEPTED = "accepted"
    """Vapi has accepted the request, and deletes the call within hours."""
    DELETED = "deleted"
    """Vapi has reported the deletion in a webhook."""
    GONE = "gone"
    """Vapi has no such call, or has deleted it."""
    FAILED = "failed"


MAX_REASON_CHARACTERS: Final = 100


@dataclass(frozen=True, slots=True)
class Work:
    """An erasure to continue."""

    erasure_id: str
    look_again: str | None = None
    """The Vapi id of a call that had no row."""

    def to_json(self) -> str:
        """The body of the message."""
        return _body({"erasure_id": self.erasure_id, "look_again": self.look_again})


@dataclass(frozen=True, slots=True)
class Told:
    """Vapi's result of a call's deletion."""

    vapi_call_id: str
    outcome: Outcome
    reason: str = ""

    def to_json(self) -> str:
        """The body of the message."""
        return _body({"vapi_call_id": self.vapi_call_id, "outcome": self.outcome.value, "reason": self.reason})


@dataclass(frozen=True, slots=True)
class Copied:
    """A copy that was made after the erasure."""

    vapi_call_id: str

    def to_json(self) -> str:
        """The body of the message."""
        return _body({"vapi_call_id": self.vapi_call_id, "copied": True})


Message = Work | Told | Copied


def read_message(body: str) -> Message:
    """Read a message's body; raises InvalidMessage, which names the field and never its value."""
    try:
        given = read_mapping(read_json(body))
    except (ValueError, RecursionError) as error:
        raise InvalidMessage(f"the body is not JSON: {type(error).__name__}") from None
    if "erasure_id" in given:
        erasure_id = read_text(given["erasure_id"])
        if erasure_id is None:
            raise InvalidMessage("cannot read the message: erasure_id")
        return Work(erasure_id, read_vapi_call_id(given.get("look_again")))
    vapi_call_id = read_vapi_call_id(given.get("vapi_call_id"))
    if vapi_call_id is None:
        raise InvalidMessage("cannot read the message: vapi_call_id")
    if given.get("copied") is True:
        return Copied(vapi_call_id)
    try:
        outcome = Outcome(given.get("outcome"))
    except ValueError:
        raise InvalidMessage("cannot read the message: outcome") from None
    return Told(vapi_call_id, outcome, (read_text(given.get("reason")) or "")[:MAX_REASON_CHARACTERS])


def _body(fields: dict[str, Json]) -> str:
    return json.dumps({name: value for name, value in fields.items() if value is not None}, separators=(",", ":"))
