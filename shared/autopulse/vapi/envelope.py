"""The envelope of a queued message: one redacted message with its identities and times. Version 1.

    {"version": 1, "kind": …, "event_id": 64 hex digits, "vapi_call_id": text or null, "call_id": integer or null,
     "occurred_at": sender's time or null, "received_at": ours, "message": {…}}

A message that was made from an answer of Vapi's API also has `"origin": "reconciliation"`. Without it the message was a
webhook.

An event id begins with the sender's time, so that receipts of about the same time are neighbours in their index.

Times are ISO 8601 in UTC with microseconds. An envelope that is too long for a queue is stored in the payload bucket;
the queue then carries the same object with `payload_key` in place of `message`.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Final

from autopulse.json_coercion import Json, clean, not_ahead, read_mapping, read_time, to_text
from autopulse.vapi.call_ids import NamedCall, find_named_call
from autopulse.vapi.redaction import RESTATED_FIELDS, URL_FIELDS, apply_allow_list
from autopulse.vapi.routes import BY_ASKING, BY_WEBHOOK, INTERNAL, PING

VERSION: Final = 1
PAYLOAD_KEY: Final = "payload_key"
MESSAGE: Final = "message"
WEBHOOK: Final = BY_WEBHOOK
RECONCILIATION: Final = BY_ASKING
EVENT_ID_DIGITS: Final = 64
TIME_DIGITS: Final = 12
"""The number of digits of an event id that encode the sender's time."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MILLISECOND: Final = timedelta(milliseconds=1)


def payload_prefix_of(vapi_call_id: str | None) -> str:
    """The beginning of the keys in the payload bucket of all envelopes of one Vapi call, so that they can be erased.

    It has a hash of the id, because an id may have any characters. The case of the id makes no difference.
    """
    name = "none" if vapi_call_id is None else hashlib.sha256(vapi_call_id.strip().lower().encode()).hexdigest()
    return f"envelopes/{name}/"


@dataclass(frozen=True)
class Envelope:
    """One accepted message for its consumer."""

    kind: str
    event_id: str
    vapi_call_id: str | None
    call_id: int | None
    occurred_at: datetime | None
    received_at: datetime
    message: Mapping[str, Json]
    origin: str = WEBHOOK

    def to_json(self) -> str:
        """The envelope with its message, as JSON."""
        return canonical_json(self._head() | {MESSAGE: self.message})

    def to_pointer_json(self) -> str:
        """The envelope as JSON, with its key in the payload bucket in place of the message."""
        return canonical_json(self._head() | {PAYLOAD_KEY: self.payload_key})

    @property
    def payload_key(self) -> str:
        """Its key in the payload bucket."""
        return f"{payload_prefix_of(self.vapi_call_id)}{self.event_id}.json"

    @property
    def fairness_group(self) -> str:
        """The SQS message group, as 64 hexadecimal digits; SQS balances delays between groups.

        It is that of the phone number, which belongs to one organization; a call without a phone number has its own. So
        one organization's many messages do not delay those of the others.
        """
        number = read_mapping(self.message.get("call")).get("phoneNumberId")
        return _digest([number or self.vapi_call_id or self.call_id or self.event_id])

    def _head(self) -> dict[str, Json]:
        origin: dict[str, Json] = {} if self.origin == WEBHOOK else {"origin": self.origin}
        return {
            "version": VERSION,
            "kind": self.kind,
            "event_id": self.event_id,
            "vapi_call_id": self.vapi_call_id,
            "call_id": self.call_id,
            "occurred_at": to_text(self.occurred_at),
            "received_at": to_text(self.received_at),
            **origin,
        }


def believe_all(_named: NamedCall) -> bool:
    """Accept every call id, for stacks that require no token."""
    return True


def envelope_from(
    kind: str,
    message: Mapping[str, Json],
    received_at: datetime,
    signed_message_id: str | None = None,
    origin: str = WEBHOOK,
) -> Envelope:
    """Build an envelope of a message as it was sent, as the verifier does: redacted, any call id accepted."""
    kept = apply_allow_list(kind, message)
    return build_envelope(kind, message, kept, received_at, signed_message_id, origin=origin)


def build_envelope(  # noqa: PLR0913, PLR0917 - an envelope has this many parts
    kind: str,
    message: Mapping[str, Json],
    kept: Mapping[str, Json],
    received_at: datetime,
    signed_message_id: str | None,
    believe: Callable[[NamedCall], bool] = believe_all,
    origin: str = WEBHOOK,
) -> Envelope:
    """Build the envelope of what is `kept` of a message; our call id counts only if `believe` accepts it.

    A sender's time that is too far ahead of the receipt counts as absent. The event id contains it nevertheless,
    because a resend may arrive when the time is no longer too far ahead.

    A webhook and an answer of Vapi's API with the same time are two events. If they were one, the first to arrive would
    determine the origin of its receipt and of its report.
    """
    vapi_call_id = _vapi_call_id(kept)
    named = None if kept["type"] == PING else find_named_call(message)
    call_id = named.call_id if named and believe(named) else None
    told_at = read_time(message.get("timestamp"))
    names_nothing = vapi_call_id is None and call_id is None and kept["type"] != PING
    content = clean(message) if names_nothing else kept
    identity = (
        _timed_identity(kind, call_id, told_at, kept, content)
        if told_at is not None
        else _untimed_identity(call_id, signed_message_id, content)
    )
    if origin != WEBHOOK:
        identity.append(origin)
    occurred_at = not_ahead(told_at, received_at)
    return Envelope(kind, _event_id(identity, told_at), vapi_call_id, call_id, occurred_at, received_at, kept, origin)


def _vapi_call_id(kept: Mapping[str, Json]) -> str | None:
    return read_mapping(kept.get("call")).get("id")


def _event_id(identity: list[Json], told_at: datetime | None) -> str:
    """64 hexadecimal digits: the sender's time in milliseconds since 1970, if there is one, then a digest."""
    time = "" if told_at is None else f"{(told_at - _EPOCH) // _MILLISECOND:0{TIME_DIGITS}x}"
    return (time + _digest(identity))[:EVENT_ID_DIGITS]


def _timed_identity(
    kind: str, call_id: int | None, told_at: datetime, kept: Mapping[str, Json], content: Mapping[str, Json]
) -> list[Json]:
    """The parts of a message with a sender's time that identify its event: those that a resend does not change.

    [Vapi's call id, our call id, type, time, status, role, spoken text, digest], each null if not given. The digest is
    that of a conversation's turns, or of a report without its URLs, which are signed anew for each delivery. For a
    message that names no call the digest is that of everything sent, so that messages of two calls differ; for an
    internal message it is that of its whole content. A ping has its own id in place of the text.
    """
    role, text = _spoken(kind, kept)
    said: Json = kept.get("messages") if kind == "conversation_update" else None
    if kind == "end_of_call_report" or content is not kept or kept["type"] in INTERNAL:
        said = _without_urls(content)
    digest = None if said is None else _digest(said)
    return [_vapi_call_id(kept), call_id, kept["type"], to_text(told_at), kept.get("status"), role, text, digest]


def _untimed_identity(call_id: int | None, signed_message_id: str | None, content: Mapping[str, Json]) -> list[Json]:
    """The parts of a message without a sender's time that identify its event: the signed id, else the content.

    ["message-id", id], or ["content", our call id, message], where the message has no URLs.
    """
    if signed_message_id is not None:
        return ["message-id", signed_message_id]
    return ["content", call_id, _without_urls(content)]


def _spoken(kind: str, kept: Mapping[str, Json]) -> tuple[Json, Json]:
    if kind == "transcript":
        return kept.get("role"), kept.get("transcript")
    if kind == "conversation_update":
        fragment = read_mapping(kept.get("transcript"))
        return fragment.get("speaker"), fragment.get("text")
    return None, kept.get("id")


def _without_urls(content: Mapping[str, Json]) -> dict[str, Json]:
    return {
        name: _without_urls(value) if name == "artifact" and isinstance(value, dict) else value
        for name, value in content.items()
        if name not in URL_FIELDS | RESTATED_FIELDS
    }


def canonical_json(value: Json) -> str:
    """Compact ASCII JSON with sorted keys: equal values have equal texts."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"), sort_keys=True, allow_nan=False)


def _digest(value: Json) -> str:
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()
