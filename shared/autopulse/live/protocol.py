"""The WebSocket's messages in both directions as JSON texts; `docs/events.md` describes them for clients.

These are pure functions. Each message of a client is read as a request, or raises BadRequest.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from autopulse.json_coercion import Json, read_call_id, read_mapping, read_vapi_call_id, to_text

MAX_FRAME_BYTES: Final = 32_000
"""A little less than the gateway's 32 KB: it closes a connection to which a longer frame is posted."""
MAX_WORD_CHARACTERS: Final = 255
"""The maximum length of a call event's words as JSON."""
CALLS: Final = "calls"
"""The topic of all calls of the client's organization."""
ACTIONS: Final = frozenset({"subscribe", "unsubscribe", "ping"})


class BadRequest(ValueError):
    """The client's message is invalid; the text says why, and is sent back."""


@dataclass(frozen=True, slots=True)
class Topic:
    """All calls of the client's organization, or one call."""

    call_id: int | None = None

    @property
    def key(self) -> str:
        """Its name in the table."""
        return CALLS if self.call_id is None else f"call#{self.call_id}"

    @property
    def fields(self) -> dict[str, Json]:
        """Return the topic's fields in a message."""
        return {"topic": CALLS} if self.call_id is None else {"call_id": self.call_id}


@dataclass(frozen=True, slots=True)
class Request:
    """One message of a client."""

    action: str
    topic: Topic | None
    """None only for a ping."""


def read_request(text: Json) -> Request:
    """Read a client's message; raises BadRequest."""
    try:
        fields = read_mapping(json.loads(text))
    except (TypeError, ValueError, RecursionError):
        raise BadRequest("The message is not a JSON object.") from None
    action = fields.get("action")
    if not isinstance(action, str) or action not in ACTIONS:
        raise BadRequest(f"The action is not one of {', '.join(sorted(ACTIONS))}.")
    return Request(action, None if action == "ping" else _read_topic(fields))


def _read_topic(fields: Mapping[str, Json]) -> Topic:
    call_id = read_call_id(fields.get("call_id"))
    if "topic" in fields and "call_id" not in fields and fields["topic"] == CALLS:
        return Topic()
    if "call_id" in fields and "topic" not in fields and call_id is not None:
        return Topic(call_id)
    raise BadRequest(f'Say either "topic": "{CALLS}" or "call_id": the id of a call.')


def subscribed(topic: Topic) -> str:
    """The answer to a subscription: from now on every call event of the topic is posted."""
    return _text({"type": "subscribed", **topic.fields})


def unsubscribed(topic: Topic) -> str:
    """The answer to its end: the topic's call events are no longer posted, unless another topic covers them."""
    return _text({"type": "unsubscribed", **topic.fields})


def pong() -> str:
    """The answer to a ping: the connection is open, and its token is valid."""
    return _text({"type": "pong"})


def expired() -> str:
    """The last message before the connection is closed, because its token has expired."""
    return _text({"type": "expired"})


def error(code: str, message: str) -> str:
    """The answer to a failed request, which has changed nothing."""
    return _text({"type": "error", "error": {"code": code, "message": message}})


def call_event(event: Mapping[str, Json], pushed_at: datetime) -> str:
    """The message of a call event from the bus; if it is too long for a frame, it only says which call has changed."""
    detail = read_mapping(event.get("detail"))
    fields = {
        "type": "event",
        "id": _short(event.get("id")),
        "event": _short(event.get("detail-type")),
        "version": _short(detail.get("version")),
        "call_id": read_call_id(detail.get("call_id")),
        "vapi_call_id": read_vapi_call_id(detail.get("vapi_call_id")),
        "received_at": _short(detail.get("received_at")),
        "committed_at": _short(detail.get("committed_at")),
        "pushed_at": to_text(pushed_at),
        "changed": read_mapping(detail.get("changed")),
    }
    text = _text(fields)
    return text if len(text) <= MAX_FRAME_BYTES else _text(fields | {"changed": {}, "cut": True})


def _short(value: Json) -> Json:
    """A word, a time or a number, as all our call events have; null for a value that would be too long for a frame."""
    return value if value is None or len(_text({"": value})) <= MAX_WORD_CHARACTERS else None


def _text(fields: Mapping[str, Json]) -> str:
    """Compact JSON in ASCII, whose length is its number of bytes."""
    return json.dumps(fields, separators=(",", ":"))
