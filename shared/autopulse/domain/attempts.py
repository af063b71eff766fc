"""Choose the attempt that a call's row shows, and compute the row's values (docs/call-state.md 4).

The visible values are computed from the facts of all attempts, never from their own previous values.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Final, NamedTuple

from autopulse.domain.facts import MAX_INTEGER, Facts, Precedence, ReportFacts
from autopulse.domain.feedback import Feedback
from autopulse.domain.outcome import Family, Outcome, outcome_of
from autopulse.domain.status import COMPLETED, READY, is_over

NO_ID: Final = ""
"""The key of the attempt of messages that give only our call id."""
_NEVER: Final = datetime.min.replace(tzinfo=timezone.utc)
_MICROSECOND: Final = timedelta(microseconds=1)
_REPORTED: Final = frozenset({"nps_score", "feedback_summary", "recording_url", "cost"})
"""Columns that only reports write: a report writes all of them, nulls included."""
_REACHED: Final = frozenset({Outcome.REACHED, Outcome.TRANSFERRED})
_ALWAYS: Final = frozenset({"outcome"})
_SILENT: Final = ReportFacts(Precedence(answers=False, turns=False, timed=False, at=_NEVER, event_id=""))
FamilyOf = Callable[[str], Family]
"""Returns the family of an ended reason, as defined in the package `vapi`."""


class CallColumns(NamedTuple):
    """The columns of `call` that follow from the attempts; a tuple, because a batch makes several for each call."""

    status: str = READY
    start_time: datetime | None = None
    end_time: datetime | None = None
    duration_sec: int | None = None
    ended_reason: str | None = None
    outcome: Outcome | None = None
    nps_score: int | None = None
    call_reason: str | None = None
    feedback_summary: str | None = None
    recording_url: str | None = None
    cost: Decimal | None = None


NAMES: Final = CallColumns._fields
NOTHING_WRITTEN: Final = CallColumns()
"""The columns of a row that the application has created and not changed."""


@dataclass(frozen=True, slots=True)
class Original:
    """Attempt 0: the values that the application had written before our first fact."""

    columns: CallColumns = NOTHING_WRITTEN
    feedback: Feedback | None = None
    finished: bool = field(init=False)
    """Whether it was a call of its own; otherwise the application was preparing the first attempt."""

    def __post_init__(self) -> None:
        """Compute `finished` once, because it is read several times."""
        object.__setattr__(self, "finished", is_over(self.columns.status) or self.columns.nps_score is not None)

    @property
    def reached(self) -> bool:
        """Whether the customer was reached, so that the service record has to be updated."""
        return self.finished and self.columns.outcome in _REACHED


NO_ORIGINAL: Final = Original()


def original_of(written: CallColumns) -> CallColumns:
    """The application's values, with the outcome of their status, and with a status of a call that has ended."""
    if written.nps_score is not None and not is_over(written.status):
        written = written._replace(status=COMPLETED)
    if not is_over(written.status):
        return written._replace(outcome=None)  # it belongs to an earlier call; the application is dialling again
    return written._replace(outcome=written.outcome or _outcome_told(written))


def _outcome_told(written: CallColumns) -> Outcome | None:
    if written.nps_score is not None or (written.status == COMPLETED and written.start_time is not None):
        return Outcome.REACHED
    return {"Missed": Outcome.NO_ANSWER, "Failed": Outcome.FAILED}.get(written.status)


@dataclass(slots=True)
class Shown:
    """The values that a row shows, and the attempt that they are from."""

    attempt: str | None
    """The attempt's key; None for attempt 0."""
    columns: CallColumns
    feedback: Feedback | None
    feedback_given: bool
    """Whether `call_feedback` follows `feedback`; otherwise the application's row, if there is one, is left alone."""

    @property
    def vapi_call_id(self) -> str | None:
        """Vapi's id of the attempt; None for attempt 0 and for an attempt without an id."""
        return self.attempt or None


def taken_back(removed: Facts, original: Original, current: CallColumns) -> CallColumns:
    """The columns of a row whose only attempt was moved away: the application's values replace the attempt's."""
    given = _given(removed)
    return CallColumns._make(
        [before if name in given else now for name, before, now in zip(NAMES, original.columns, current, strict=True)]
    )


def columns_of(facts: Facts, family_of: FamilyOf) -> CallColumns:
    """The columns that follow from an attempt's own facts."""
    report = facts.report or _SILENT
    start = report.start_time or facts.in_progress_at
    end = report.end_time or facts.ended_at
    reason = report.ended_reason or (facts.ending.reason if facts.ending else None)
    outcome = outcome_of(
        None if reason is None else family_of(reason),
        reported=facts.report is not None,
        scored=report.nps_score is not None,
        human=facts.human_turn,
    )
    return CallColumns(  # positional arguments take half of the time, and a batch makes one for each attempt
        facts.status.name if facts.status else READY,
        start,
        end,
        _seconds_between(start, end) if report.duration_sec is None else report.duration_sec,
        reason,
        outcome,
        report.nps_score,
        report.call_reason,
        report.feedback_summary,
        report.recording_url,
        report.cost,
    )


def shown_of(
    attempts: Mapping[str, Facts], columns: Mapping[str, CallColumns], original: Original, current: CallColumns
) -> Shown:
    """Compute what a row shows.

    `attempts` has at least one attempt, by Vapi's id, `columns` has the columns of each, and `current` those of the
    row.
    """
    if len(attempts) == 1 and not original.finished:
        (best,) = attempts
        return _show(best, columns[best], attempts, original, current)
    # An attempt of which only a mark is known (Vapi has no data of it, and will have none) is shown last.
    ended = [_begin(facts) for facts in attempts.values() if is_ended(facts)] + ([_NEVER] if original.finished else [])
    weights = {
        id_: (
            not _is_only_marked(facts),
            not is_ended(facts) and all(_begin(facts) > begin for begin in ended),
            columns[id_].outcome in _REACHED,
            _begin(facts),
            id_,
        )
        for id_, facts in attempts.items()
    }
    best = max(weights, key=weights.__getitem__)
    if original.finished and (True, False, original.reached, _NEVER, NO_ID) > weights[best]:
        return Shown(None, original.columns, original.feedback, feedback_given=True)
    return _show(best, columns[best], attempts, original, current)


def _show(
    best: str, own: CallColumns, attempts: Mapping[str, Facts], original: Original, current: CallColumns
) -> Shown:
    """Show the attempt `best`, whose own columns are `own`."""
    report = attempts[best].report
    reported = any(facts.report for facts in attempts.values())
    return Shown(
        best,
        _values(own, best, attempts, original, current),
        report.feedback if report else None if original.finished else original.feedback,
        feedback_given=reported or original.finished,
    )


def is_ended(facts: Facts) -> bool:
    """Whether an attempt has ended."""
    return (
        facts.ended_at is not None
        or facts.report is not None
        or (facts.status is not None and is_over(facts.status.name))
    )


def _is_only_marked(facts: Facts) -> bool:
    """Whether the only fact about an attempt is that Vapi does not have it."""
    told = (facts.created_at, facts.first_at, facts.status, facts.ended_at, facts.report)
    return facts.reconciliation is not None and not facts.lists and all(fact is None for fact in told)


def _begin(facts: Facts) -> datetime:
    return facts.created_at or facts.first_at or _NEVER


def _values(
    own: CallColumns, best: str, attempts: Mapping[str, Facts], original: Original, current: CallColumns
) -> CallColumns:
    """The shown attempt's columns; those that it did not report have the application's values, if these count."""
    if original is NO_ORIGINAL and current == NOTHING_WRITTEN:
        return own  # the usual case, a row's first message: columns that it does not report are null here too
    given = _given(attempts[best])
    if original.finished:
        written = otherwise = NOTHING_WRITTEN
    else:
        written, otherwise = original.columns, current
    ever = given if len(attempts) == 1 else frozenset[str]().union(*map(_given, attempts.values()))
    return CallColumns._make(
        [
            one if name in given else before if name in ever else now
            for name, one, before, now in zip(NAMES, own, written, otherwise, strict=True)
        ]
    )


def _given(facts: Facts) -> frozenset[str]:
    """The columns of `call` that an attempt's facts determine, nulls included."""
    given = facts.reported_columns | _ALWAYS
    if facts.status:
        given |= {"status"}
    if given >= {"start_time", "end_time"}:
        given |= {"duration_sec"}
    return given | _REPORTED if facts.report else given


def _seconds_between(start: datetime | None, end: datetime | None) -> int | None:
    if start is None or end is None:
        return None
    seconds = max(0, ((end - start) // _MICROSECOND + 500_000) // 1_000_000)  # rounded half up
    return seconds if seconds <= MAX_INTEGER else None
