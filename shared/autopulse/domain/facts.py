"""The facts about one attempt (one call at Vapi), which do not depend on the order of messages.

`join` is associative, commutative and idempotent: each fact keeps the least, the greatest or the union of the values.
So messages may arrive in any order, any number of times and in any batches, and the facts are the same
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
"""The origin of a report that Vapi sent; also of every report that was stored before there were other origins."""
MARKS: Final = frozenset({"missing", "unrecoverable"})
"""The marks, which say why an attempt cannot be asked for again: Vapi has no such call, or has deleted it."""
MAX_INTEGER: Final = MAX_CALL_ID
"""The largest Postgres integer."""
Value = TypeVar("Value")
Ordered = TypeVar("Ordered", datetime, str, "Ending")


class Precedence(NamedTuple):
    """Decides which of two reports counts: the more complete one, then the later one.

    A report without a sender's time ranks below every report with one; those without are ordered by time of receipt.
    """

    answers: bool
    """Whether it has an answer of the customer, or any other result of an analysis."""
    turns: bool
    timed: bool
    at: datetime
    event_id: str
    """Orders reports of the same instant; it contains a digest of the content."""


class Ending(NamedTuple):
    """The time and reason of a call's end, as a status gives them."""

    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """The values of the report that counts; None if the report does not have a value."""

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
    """The cost in US dollars."""
    feedback: Feedback | None = None
    origin: str = BY_WEBHOOK
    """Whether Vapi sent the report by itself, or was asked for it."""
    quality: Quality | None = field(default=None, compare=False)
    """The quality data of a new report; None means that there is nothing to write.

    A stored report has its data in a table of their own, which is read only for one call and for statistics.
    """


class Identity(NamedTuple):
    """The constant values of a call: its type, the ids that it was started with, and the customer."""

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
        """The known ids of phone number, assistant, squad and workflow; the first one determines the owner."""
        return tuple([id_ for id_ in self[1:5] if id_ is not None])  # faster than by name


ANYBODY: Final = Identity()


@dataclass(slots=True)
class Facts:
    """All facts about one attempt, joined from its messages."""

    identity: Identity = ANYBODY
    created_at: datetime | None = None
    """The earliest time of creation that a message gives."""
    first_at: datetime | None = None
    """The earliest sender's time."""
    status: Status | None = None
    in_progress_at: datetime | None = None
    """The earliest time that a message gives."""
    ended_at: datetime | None = None
    """The earliest time that a message gives."""
    ending: Ending | None = None
    """The earliest end with a reason."""
    report: ReportFacts | None = None
    lists: Lists = ()
    human_turn: bool = False
    """Whether any list or fragment had a turn of the customer."""
    reported_columns: frozenset[str] = frozenset()
    """Columns of `call` for which any message has given a value."""
    reconciliation: str | None = None
    """The greatest mark of MARKS that was stored."""


NOTHING: Final = Facts()
"""The facts before any message."""


def join(one: Facts, other: Facts) -> Facts:
    """Join two sets of facts; of equal lists and reports those of `one` are kept."""
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
    """Join any number of facts; NOTHING if there are none."""
    return reduce(join, facts, NOTHING)


def join_identities(one: Identity, other: Identity) -> Identity:
    """Join each part by its least text; all messages of one call have the same."""
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
