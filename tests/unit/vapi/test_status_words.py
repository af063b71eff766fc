"""Words for a call's state, and the statuses that they stand for (docs/call-state.md 3)."""

from typing import Any

import pytest

from autopulse.vapi.status_words import REASON_OF_WORD, STATUS_OF_WORD, status_word


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *(("in-progress", "In Progress"), ("in_progress", "In Progress"), ("In Progress", "In Progress")),
        *((" IN_PROGRESS ", "In Progress"), ("call.started", "In Progress"), ("scheduled", "Scheduled")),
        *(("queued", "Queued"), ("ringing", "Ringing"), ("forwarding", "Forwarding"), ("ended", "Ended")),
        *(
            ("completed", "Ended"),
            ("failed", "Ended"),
            ("busy", "Ended"),
            ("no-answer", "Ended"),
            ("no_answer", "Ended"),
        ),
        *(("canceled", "Ended"), ("call.ended", "Ended"), ("call.failed", "Ended")),
        *(("cancelled", None), ("done", None), ("", None), (None, None), (5, None), (["ended"], None)),
    ],
)
def test_words(value: Any, expected: str | None) -> None:  # noqa: ANN401 - any JSON value
    assert STATUS_OF_WORD.get(status_word(value)) == expected


def test_words_that_are_reasons() -> None:
    words = {"failed", "busy", "no-answer", "canceled", "call.failed"}
    assert dict(REASON_OF_WORD) == {word: word for word in words}
