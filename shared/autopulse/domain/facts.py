"""What is known of a call, as facts that any order of news adds up to.

`join` is associative, commutative and idempotent: each fact keeps the earliest, the latest or the union of what was
said. So messages may come in any order, any number of times and in any batches, and end in the same facts. What people
see (`CallState`) is computed from facts, never from its own old value.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import reduce
from typing import Any, Final, TypeVar

from autopulse.domain.outcome import Family, Outcome, outcome_of
from autopulse.domain.reading import MAX_CALL_ID
from autopulse.domain.status import Status

MAX_INTEGER: Final = MAX_CALL_ID
"""Of a Postgres integer."""
_NEVER: Final = datetime.min.replace(tzinfo=timezone.utc)
_MICROSECOND: Final = timedelta(microseconds=1)
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, order=True)
class Precedence:
    """Which of two reports is the later: by the sender's time; without one, below every timed one and by receipt."""

    timed: bool
    at: datetime
    event_id: str
    """Tells two reports of the same instant apart, the same way for everybody."""


@dataclass(frozen=True, slots=True)
class Ending:
    """When a status said that the call ended, and why."""

    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """What the winning report itself says of the call; None where it is silent."""

    precedence: Precedence
    start_time: datetime | None = None
    end_time: datetime | None = None
    duration_sec: int | None = None
    ended_reason: str | None = None


_SILENT_REPORT: Final = ReportFacts(Precedence(timed=False, at=_NEVER, event_id=""))


@dataclass(frozen=True, slots=True)
class TurnsFacts:
    """The latest report that has any turns."""

    precedence: Precedence
    human_turn: bool


@dataclass(frozen=True, slots=True, order=True)
class ConversationFacts:
    """The conversation update that counts: the latest, of equally late ones the longest."""

    at: datetime
    length: int
    """Items of its list, without system and developer items."""
    event_id: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that messages said of one call, joined."""

    status: Status | None = None
    in_progress_at: datetime | None = None
    """Earliest."""
    ended_at: datetime | None = None
    """Earliest."""
    ending: Ending | None = None
    """The earliest that has a reason."""
    report: ReportFacts | None = None
    turns: TurnsFacts | None = None
    conversation: ConversationFacts | None = None
    given: frozenset[str] = frozenset()
    """Columns of `call` that a message has ever given a value for."""


NOTHING: Final = Facts()
"""No message has said anything yet."""


def join(one: Facts, other: Facts) -> Facts:
    """Both together."""
    if one is NOTHING or other is NOTHING:
        return other if one is NOTHING else one
    return Facts(
        status=_either(max, one.status, other.status, key=lambda status: status.weight),
        in_progress_at=_either(min, one.in_progress_at, other.in_progress_at),
        ended_at=_either(min, one.ended_at, other.ended_at),
        ending=_either(min, one.ending, other.ending, key=lambda ending: (ending.at, ending.reason)),
        report=_either(max, one.report, other.report, key=lambda report: report.precedence),
        turns=_either(max, one.turns, other.turns, key=lambda turns: turns.precedence),
        conversation=_either(max, one.conversation, other.conversation),
        given=one.given | other.given,
    )


def join_all(facts: Iterable[Facts]) -> Facts:
    """All together; of none, no facts."""
    return reduce(join, facts, NOTHING)


def _either(choose: Callable[..., Any], one: Value | None, other: Value | None, **how: Any) -> Value | None:  # noqa: ANN401
    if one is None or other is None:
        return other if one is None else one
    chosen: Value = choose(one, other, **how)
    return chosen


@dataclass(frozen=True, slots=True)
class CallState:
    """What people see of a call; None where no message has said anything."""

    status: str
    start_time: datetime | None
    end_time: datetime | None
    duration_sec: int | None
    ended_reason: str | None
    outcome: Outcome | None


def state_of(facts: Facts, shown: str, family_of: Callable[[str], Family]) -> CallState:
    """Compute what people see; `shown` is the status they see now, which counts as said without a time.

    The application may have written it. If we did, it is in the facts with its time, and wins. `family_of` knows the
    sender's ended reasons.
    """
    report = facts.report or _SILENT_REPORT
    start = report.start_time or facts.in_progress_at
    end = report.end_time or facts.ended_at
    reason = report.ended_reason or (facts.ending.reason if facts.ending else None)
    duration = report.duration_sec if report.duration_sec is not None else _seconds_between(start, end)
    status = max(Status(shown), facts.status or Status(shown), key=lambda status: status.weight)
    return CallState(status.name, start, end, duration, reason, _outcome(facts, family_of(reason) if reason else None))


def owned_columns(facts: Facts) -> frozenset[str]:
    """Columns of `call` that follow the facts, nulls included; in the others the application's value stands."""
    return facts.given | {"duration_sec"} if facts.given >= {"start_time", "end_time"} else facts.given


def _seconds_between(start: datetime | None, end: datetime | None) -> int | None:
    if start is None or end is None:
        return None
    seconds = max(0, ((end - start) // _MICROSECOND + 500_000) // 1_000_000)  # half up
    return seconds if seconds <= MAX_INTEGER else None


def _outcome(facts: Facts, family: Family | None) -> Outcome | None:
    human = facts.turns is not None and facts.turns.human_turn
    return outcome_of(family, reported=facts.report is not None, scored=False, human=human)
