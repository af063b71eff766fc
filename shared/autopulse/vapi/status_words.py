"""The words of Vapi and of older senders for a call's state, and the statuses that they mean."""

from collections.abc import Mapping
from typing import Final

from autopulse.domain.status import ENDED, IN_PROGRESS
from autopulse.json_coercion import Json, read_text

STATUS_OF_WORD: Final[Mapping[str, str]] = {
    "scheduled": "Scheduled",
    "queued": "Queued",
    "ringing": "Ringing",
    "in-progress": IN_PROGRESS,
    "call.started": IN_PROGRESS,
    "forwarding": "Forwarding",
    "ended": ENDED,
    "completed": ENDED,
    "failed": ENDED,
    "busy": ENDED,
    "no-answer": ENDED,
    "canceled": ENDED,
    "call.ended": ENDED,
    "call.failed": ENDED,
}
"""Status word, normalised by `status_word`, -> status."""

REASON_OF_WORD: Final[Mapping[str, str]] = {
    word: word for word in ("failed", "busy", "no-answer", "canceled", "call.failed")
}
"""Words that are themselves the reason for the call's end, if no reason is sent."""

WORDS_WITHOUT_STATUS: Final = frozenset({"not-found", "deletion-failed"})
"""Vapi's words for calls that it has deleted, which say nothing about the call's result."""


def status_word(value: Json) -> str:
    """The word in the tables' form: lower case, hyphens for underscores and blanks; "" if it is not text."""
    return (read_text(value) or "").strip().lower().replace("_", "-").replace(" ", "-")
