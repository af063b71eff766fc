"""What a queue carries: one message, slimmed, with its identities and times. Version 1.

    {"version": 1, "kind": …, "event_id": 64 hex digits, "vapi_call_id": text or null, "call_id": integer or null,
     "occurred_at": sender's time or null, "received_at": ours, "message": {…}}

Times are ISO 8601 in UTC with microseconds. An envelope that is too long for a queue lies in the payload bucket; the
queue then carries the same object with `payload_key` in the place of `message`.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Final

from autopulse.domain.reading import Json, read_mapping, read_time
from autopulse.vapi.call_ids import find_call_id
from autopulse.vapi.redaction import URL_FIELDS, slim
from autopulse.vapi.routes import PING

VERSION: Final = 1
PAYLOAD_KEY: Final = "payload_key"
MESSAGE: Final = "message"


@dataclass(frozen=True)
class Envelope:
    """One accepted message on its way to its consumer."""

    kind: str
    event_id: str
    vapi_call_id: str | None
    call_id: int | None
    occurred_at: datetime | None
    received_at: datetime
    message: Mapping[str, Json]

    def to_json(self) -> str:
        """Return it whole."""
        return canonical_json(self._head() | {MESSAGE: self.message})

    def to_pointer_json(self) -> str:
        """Return it with the key of its place in the payload bucket instead of the message."""
        return canonical_json(self._head() | {PAYLOAD_KEY: self.payload_key})

    @property
    def payload_key(self) -> str:
        """Its place in the payload bucket."""
        return f"envelopes/{self.received_at:%Y/%m/%d}/{self.event_id}.json"

    def _head(self) -> dict[str, Json]:
        return {
            "version": VERSION,
            "kind": self.kind,
            "event_id": self.event_id,
            "vapi_call_id": self.vapi_call_id,
            "call_id": self.call_id,
            "occurred_at": to_text(self.occurred_at),
            "received_at": to_text(self.received_at),
        }


def wrap(kind: str, message: Mapping[str, Json], received_at: datetime, signed_message_id: str | None) -> Envelope:
    """Put a message, as it was sent, into its envelope."""
    kept = slim(kind, message)
    vapi_call_id = read_mapping(kept.get("call")).get("id")
    call_id = None if kept["type"] == PING else find_call_id(message)
    occurred_at = read_time(message.get("timestamp"))
    identity = (
        _timed_identity(kind, kept, vapi_call_id, call_id, occurred_at)
        if occurred_at is not None
        else _untimed_identity(kept, call_id, signed_message_id)
    )
    return Envelope(kind, _digest(identity), vapi_call_id, call_id, occurred_at, received_at, kept)


def _timed_identity(
    kind: str, kept: Mapping[str, Json], vapi_call_id: str | None, call_id: int | None, occurred_at: datetime
) -> list[Json]:
    """Which event a message with a sender's time is: what cannot change when Vapi sends it again.

    [Vapi's call id, our call id, type, time, status, role, spoken text, digest of the turns], each null if not given.
    A repeated report has new presigned URLs, so its content takes no part. A ping's own id stands for its text.
    """
    role, text = _spoken(kind, kept)
    turns = kept.get("messages") if kind == "conversation" else None
    turns_digest = None if turns is None else _digest(turns)
    return [vapi_call_id, call_id, kept["type"], to_text(occurred_at), kept.get("status"), role, text, turns_digest]


def _untimed_identity(kept: Mapping[str, Json], call_id: int | None, signed_message_id: str | None) -> list[Json]:
    """Which event a message without a sender's time is: the sender's signed id, else all that it says but URLs.

    ["message-id", id], or ["content", our call id, slimmed message].
    """
    if signed_message_id is not None:
        return ["message-id", signed_message_id]
    return ["content", call_id, _without_urls(kept)]


def _spoken(kind: str, kept: Mapping[str, Json]) -> tuple[Json, Json]:
    if kind == "transcript":
        return kept.get("role"), kept.get("transcript")
    if kind == "conversation":
        fragment = read_mapping(kept.get("transcript"))
        return fragment.get("speaker"), fragment.get("text")
    return None, kept.get("id")


def _without_urls(kept: Mapping[str, Json]) -> dict[str, Json]:
    return {
        name: _without_urls(value) if name == "artifact" else value
        for name, value in kept.items()
        if name not in URL_FIELDS
    }


def to_text(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC with microseconds."""
    return None if moment is None else moment.astimezone(timezone.utc).isoformat(timespec="microseconds")


def canonical_json(value: Json) -> str:
    """Compact ASCII with sorted keys: equal values have equal texts."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"), sort_keys=True, allow_nan=False)


def _digest(value: Json) -> str:
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()
