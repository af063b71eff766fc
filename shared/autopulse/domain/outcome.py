"""What came of a call: the outcome that people see, and the families of reasons that it is computed from."""

from enum import Enum
from typing import Final


class Family(str, Enum):
    """What sort of end a reason names; which reason belongs where is the sender's vocabulary."""

    REACHED = "reached"
    VOICEMAIL = "voicemail"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    TRANSFERRED = "transferred"
    CANCELLED = "cancelled"
    SILENCE = "silence"
    """Nobody said anything for too long: a voicemail, an empty line, or a customer who went away."""
    FAILED = "failed"
    UNKNOWN = "unknown"


class Outcome(str, Enum):
    """The outcome of a call."""

    REACHED = "reached"
    VOICEMAIL = "voicemail"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    TRANSFERRED = "transferred"
    CANCELLED = "cancelled"
    FAILED = "failed"
    UNKNOWN = "unknown"


ANSWERED: Final = (Outcome.REACHED, Outcome.TRANSFERRED)
"""Outcomes of calls in which somebody answered."""
_WITHOUT_A_SCORE: Final = {Family.FAILED: Outcome.FAILED, Family.UNKNOWN: Outcome.UNKNOWN}
"""Families whose calls were reached after all if the customer gave a score."""


def outcome_of(family: Family | None, *, reported: bool, scored: bool, human: bool) -> Outcome | None:
    """What came of a call, by the table of docs/call-state.md 6.

    `family` is that of the reason for the call's end, None if no reason is known. `reported` says whether a report has
    come, `scored` whether it has a score, `human` whether a turn of the customer was heard. None as long as nothing is
    known of the call's end.
    """
    if family is None:
        if not reported:
            return None
        return Outcome.REACHED if scored or human else Outcome.UNKNOWN
    if family is Family.SILENCE:
        return Outcome.REACHED if scored or human else Outcome.NO_ANSWER
    if family in _WITHOUT_A_SCORE:
        return Outcome.REACHED if scored else _WITHOUT_A_SCORE[family]
    return Outcome(family.value)
