"""The outcome of a call, and the families of ended reasons from which it is computed."""

from enum import Enum
from typing import Final


class Family(str, Enum):
    """The family of an ended reason; the package `vapi` assigns the reasons to families."""

    REACHED = "reached"
    VOICEMAIL = "voicemail"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    TRANSFERRED = "transferred"
    CANCELLED = "cancelled"
    SILENCE = "silence"
    """Nobody spoke for too long: a voicemail, an empty line, or a customer who went away."""
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
"""Outcomes of calls that were answered."""
_WITHOUT_A_SCORE: Final = {Family.FAILED: Outcome.FAILED, Family.UNKNOWN: Outcome.UNKNOWN}
"""Families whose calls count as reached if the customer gave a score."""


def outcome_of(family: Family | None, *, reported: bool, scored: bool, human: bool) -> Outcome | None:
    """The outcome of a call by the table of docs/call-state.md 6; None while nothing is known about the call's end.

    `family` is that of the ended reason, None if no reason is known. `reported` is true after a report, `scored` if a
    report has a score, `human` if there was a turn of the customer.
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
