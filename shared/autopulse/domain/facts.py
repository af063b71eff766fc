"""What is known of one attempt (one call of Vapi's), as facts that any order of messages adds up to.

`join` is associative, commutative and idempotent: each fact keeps the least, the greatest or the union of what was
said. So messages may come in any order, any number of times and in any batches, and end in the same facts
(docs/call-state.md 3).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import reduce
from typing import Any, Final, NamedTuple, TypeVar

from autopulse.domain.feedback import Feedback
from autopulse.domain.lists import Lists, join_lists
from autopulse.domain.quality import Quality
from autopulse.domain.status import Status
from autopulse.json_coercion import MAX_CALL_ID

BY_WEBHOOK: Final = "webhook"
"""The origin of a report that was sent to us; of every report that was stored before others could be."""
MARKS: Final = frozenset({"missing", "unrecoverable"})
"""Why nothing more can be asked for of an attempt: Vapi has no such call, or keeps it no longer."""
MAX_INTEGER: Final = MAX_CALL_ID
"""The largest Postgres integer."""
Value = TypeVar("Value")
Ordered = TypeVar("Ordered", datetime, str, "Ending")


class Precedence(NamedTuple):
    """Which of two reports counts: the one that says more, then the later one.

    One without a sender's time ranks below every timed one, and then by the time of receipt.
    """

    answers: bool
    """Whether it has an answer of the customer's, or any other result of an analysis."""
    turns: bool
    timed: bool
    at: datetime
    event_id: str
    """Tells two reports of the same instant apart: it has a digest of the content."""


class Ending(NamedTuple):
    """When a status said that the call ended, and why."""

    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """What the report that counts says of the call; None where it is silent."""

    precedence: Precedence
    start_time: datetime | None = None
    end_time: datetime | None = None
    duration_sec: int | None = None
    ended_reason: str | None = None
    nps_score: int | None = None
    call_reason: str | None = None
    feedback_summary: str | None = None
    recording_url: str | None = None
    recording_expires_at: datetime | None = None
    cost: Decimal | None = None
    """US dollars."""
    feedback: Feedback | None = None
    origin: str = BY_WEBHOOK
    """How it came: it was sent to us, or we asked for it."""
    quality: Quality | None = field(default=None, compare=False)
    """Of a report that has just come. Those that are stored have theirs in a table of their own, which only readers of
    one call and of figures look at: None says that there is nothing to write."""


class Identity(NamedTuple):
    """What is constant for a call: its type, the ids that it was placed with, and who was called."""

    call_type: str | None = None
    phone_number_id: str | None = None
    assistant_id: str | None = None
    squad_id: str | None = None
    workflow_id: str | None = None
    customer_number: str | None = None
    customer_sip_uri: str | None = None
    customer_name: str | None = None

    @property
    def constant_ids(self) -> tuple[str, ...]:
        """Those of phone number, assistant, squad and workflow that are known: the first of them owns the call."""
        return tuple([id_ for id_ in self[1:5] if id_ is not None])  # quicker than by their names


ANYBODY: Final = Identity()


@dataclass(slots=True)
class Facts:
    """Everything that messages said of one attempt, joined."""

    identity: Identity = ANYBODY
    created_at: datetime | None = None
    """The earliest time at which it is said to have been made."""
    first_at: datetime | None = None
    """The least sender's time."""
    status: Status | None = None
    in_progress_at: datetime | None = None
    """The earliest time that a message has given."""
    ended_at: datetime | None = None
    """The earliest time that a message has given."""
    ending: Ending | None = None
    """The earliest that has a reason."""
    report: ReportFacts | None = None
    lists: Lists = ()
    human_turn: bool = False
    """Whether any list or fragment had a turn of the customer's."""
    reported_columns: frozenset[str] = frozenset()
    """Columns of `call` that a message has ever given a value for."""
    reconciliation: str | None = None
    """The greatest of the MARKS that was found."""


NOTHING: Final = Facts()
"""No message has said anything yet."""


def join(one: Facts, other: Facts) -> Facts:
    """Both together; of equal lists and reports that of `one`."""
    if one is NOTHING or other is NOTHING:
        return other if one is NOTHING else one
    return Facts(
        identity=join_identities(one.identity, other.identity),
        created_at=_least(one.created_at, other.created_at),
        first_at=_least(one.first_at, other.first_at),
        status=_greatest(one.status, other.status, lambda status: status.weight),
        in_progress_at=_least(one.in_progress_at, other.in_progress_at),
        ended_at=_least(one.ended_at, other.ended_at),
        ending=_least(one.ending, other.ending),
        report=_greatest(one.report, other.report, lambda report: report.precedence),
        lists=join_lists(one.lists, other.lists),
        human_turn=one.human_turn or other.human_turn,
        reported_columns=one.reported_columns | other.reported_columns,
        reconciliation=_greatest(one.reconciliation, other.reconciliation, str),
    )


def join_all(facts: Iterable[Facts]) -> Facts:
    """All together; of none, no facts."""
    return reduce(join, facts, NOTHING)


def join_identities(one: Identity, other: Identity) -> Identity:
    """The least text given for each part: of one call all are the same."""
    if one is ANYBODY or one == other:
        return other
    return one if other is ANYBODY else Identity(*map(_least, one, other))


def _least(one: Ordered | None, other: Ordered | None) -> Ordered | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)


def _greatest(one: Value | None, other: Value | None, weight: Callable[[Value], Any]) -> Value | None:
    if one is None or other is None:
        return other if one is None else one
    return max(one, other, key=weight)
