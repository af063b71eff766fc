"""Vapi's, and older senders', words for a call's state, and the statuses that they stand for."""

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
"""Word, normalised by `status_word`, -> status."""

REASON_OF_WORD: Final[Mapping[str, str]] = {
    word: word for word in ("failed", "busy", "no-answer", "canceled", "call.failed")
}
"""Words that are themselves the reason why the call ended, when none is sent."""

WORDS_WITHOUT_STATUS: Final = frozenset({"not-found", "deletion-failed"})
"""Words of Vapi's for a call that it no longer has: they say nothing of how the call went."""


def status_word(value: Json) -> str:
    """The word as the tables above have it: lower-case, hyphens for underscores and blanks; "" if it is not text."""
    return (read_text(value) or "").strip().lower().replace("_", "-").replace(" ", "-")
