"""Dead letters: what of one may be displayed, and its age."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Final

NO_REASON: Final = "none"
"""Displayed for a dead letter without a reason: the queue's redrive policy moved it, not a consumer."""
_SHOWN_CHARACTERS: Final = 100
_KEPT_ATTRIBUTES: Final = ("kind", "event_id")
"""Message attributes that the verifier sets. A redriven message keeps them, without the reason of its failure."""


@dataclass(frozen=True)
class DeadLetter:
    """One received message of a dead-letter queue."""

    message_id: str
    receipt_handle: str
    body: str
    attributes: Mapping[str, str]
    sent_at: datetime
    receive_count: int

    @property
    def reason(self) -> str:
        """Return why a consumer dead-lettered it."""
        return self.attributes.get("reason", NO_REASON)

    @property
    def kept_attributes(self) -> dict[str, str]:
        """Return the attributes that go back to the source queue with the body."""
        known = {name: self.attributes.get(name) or _text(self._envelope.get(name)) for name in _KEPT_ATTRIBUTES}
        return {name: value for name, value in known.items() if value}

    @property
    def bytes_sent(self) -> int:
        """Return its size in bytes, as SQS counts it."""
        described = sum(len(f"{name}String{value}".encode()) for name, value in self.kept_attributes.items())
        return len(self.body.encode()) + described

    def names(self, call_id: int, vapi_call_id: str) -> bool:
        """Return whether the message is about this call (our id or Vapi's id)."""
        envelope = self._envelope
        return envelope.get("call_id") == call_id or envelope.get("vapi_call_id") == vapi_call_id

    def describe(self, now: datetime) -> dict[str, str]:
        """Return what an operator may see: nothing of the content, so no name, number or text of a call."""
        envelope = self._envelope
        facts = {
            "kind": self.attributes.get("kind") or _text(envelope.get("kind")),
            "reason": self.reason,
            "detail": self.attributes.get("detail", ""),
            "event": _text(envelope.get("event_id")),
            "call": _text(envelope.get("call_id")),
            "vapi call": _text(envelope.get("vapi_call_id")),
            "age": show_age(now - self.sent_at),
            "received": f"{self.receive_count} x",
        }
        return {name: printable(value) or "-" for name, value in facts.items()}

    @property
    def _envelope(self) -> Mapping[str, Any]:
        try:
            content = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return content if isinstance(content, dict) else {}


def read_dead_letter(message: Mapping[str, Any]) -> DeadLetter:
    """Parse a message as SQS delivers it, received with all its attributes."""
    system = message["Attributes"]
    given = message.get("MessageAttributes", {})
    return DeadLetter(
        message_id=message["MessageId"],
        receipt_handle=message["ReceiptHandle"],
        body=message["Body"],
        attributes={name: value["StringValue"] for name, value in given.items() if "StringValue" in value},
        sent_at=datetime.fromtimestamp(int(system["SentTimestamp"]) / 1000, timezone.utc),
        receive_count=int(system["ApproximateReceiveCount"]),
    )


def show_age(age: timedelta) -> str:
    """Format a duration with its two largest units, such as `3 d 4 h`."""
    seconds = max(0, int(age.total_seconds()))
    units = {"d": 86_400, "h": 3_600, "min": 60, "s": 1}
    shown: list[str] = []
    for name, size in units.items():
        count, seconds = divmod(seconds, size)
        if count or shown:
            shown.append(f"{count} {name}")
    return " ".join(shown[:2]) or "0 s"


def printable_line(text: str) -> str:
    """Return the text with each non-printable character replaced by `?`, so that a terminal obeys none of it."""
    return "".join(character if character.isprintable() else "?" for character in text)


def printable(text: str) -> str:
    """Return the same text, cut to the length that is shown."""
    return printable_line(text)[:_SHOWN_CHARACTERS]


def _text(value: object) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
