"""Bring calls up to date with new facts of their attempts; all kinds of messages use this module."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic

from autopulse.consumers.consumer import AttemptBatch, KnownCall, M, Record, ServiceRecordNotLocked
from autopulse.consumers.identity import customer_number, direction_of, is_web
from autopulse.db.calls import AttemptRow, CallRow, save_calls
from autopulse.db.engine import Transaction
from autopulse.db.feedback import follow_reports, replace_feedback
from autopulse.db.follow_ups import Followed, follow_shown
from autopulse.db.words import follow_words
from autopulse.domain.attempts import NO_ID, CallColumns, Shown, columns_of, shown_of
from autopulse.domain.events import CallEvent, CallEventType
from autopulse.domain.facts import NOTHING, Facts, Identity, join, join_all
from autopulse.domain.follow_ups import State, wish_of
from autopulse.domain.status import COMPLETED
from autopulse.settings import follow_up_rules
from autopulse.vapi.ended_reasons import family_of


@dataclass(slots=True)
class Change(Generic[M]):
    """An attempt, with the facts of its new messages joined to the facts that were stored."""

    attempt: AttemptBatch[M]
    facts: Facts


def joined(attempt: AttemptBatch[M], facts_of: Callable[[Record[M]], Facts]) -> Change[M]:
    """Join the stored facts of an attempt with the facts of its new messages."""
    said = join_all(_with_common(facts_of(record), record) for record in attempt.records)
    return Change(attempt, join(attempt.facts, said))


def _with_common(facts: Facts, record: Record[M]) -> Facts:
    """Add to a message's facts those that messages of every kind give."""
    snapshot = record.message.call
    if facts is NOTHING:
        facts = Facts()
    facts.identity, facts.created_at = snapshot.identity, snapshot.created_at
    if not record.message.is_ours:  # our own messages' time is not the call's
        facts.first_at = record.envelope.occurred_at
    return facts


@dataclass(slots=True)
class _Update(Generic[M]):
    """A call with all its attempts as they are after this batch."""

    call: KnownCall
    changes: Sequence[Change[M]]
    attempts: Mapping[str, Facts]
    shown: Shown
    rows: Sequence[AttemptRow]
    """The attempts that changed, or that are new."""

    @property
    def writes(self) -> bool:
        """Whether this update differs from what the database has."""
        return self.call.moved or bool(self.rows)


def _attempt_rows(
    call: KnownCall, changes: Iterable[Change[M]], attempts: Mapping[str, Facts], columns: Mapping[str, CallColumns]
) -> list[AttemptRow]:
    known = call.attempts
    changed = {change.attempt.vapi_call_id for change in changes if _is_changed(change)}
    if known:
        changed |= {id_ for id_, attempt in known.items() if attempt.facts is NOTHING or id_ == call.folded}
    return [
        AttemptRow(call.row.id, id_, id_ in known and known[id_].made_call, attempts[id_], columns[id_])
        for id_ in sorted(changed & attempts.keys())
    ]


def _is_changed(change: Change[M]) -> bool:
    attempt = change.attempt
    stored = attempt.call.attempts.get(attempt.vapi_call_id)
    if stored is None or change.facts != stored.facts:
        return True
    return _hidden(change.facts) != _hidden(stored.facts)


def _hidden(facts: Facts) -> list[object]:
    """The parts of facts that their equality does not compare: how their lists are stored."""
    return [(list_.offset, list_.hidden) for list_ in facts.lists]


def record_changes(
    transaction: Transaction, changes: Iterable[Change[M]], *, with_words: bool = False
) -> list[CallEvent]:
    """Write the changed attempts, their calls, the service records that follow from them, and the words of the calls.

    `with_words` says that what was said in the calls may have changed. Returns a call event for each visible change.
    """
    told = list(_updates(changes))
    call_events = _record(transaction, [update for update in told if update.writes])
    changed = [update.call.row.id for update in told if _has_words(update) and (with_words or _shows_other(update))]
    if changed:
        follow_words(transaction, changed)
    return call_events


def _has_words(update: _Update[M]) -> bool:
    """Whether the call can be found by its words, which is so as soon as there is a report (`db.words`)."""
    return any(facts.report for facts in update.attempts.values())


def _shows_other(update: _Update[M]) -> bool:
    """Whether other sources of a call's words than its turns may have changed."""
    call, shown = update.call, update.shown
    row, stored = _call_row(update, _stored_row(call)), call.row
    return (
        call.moved
        or call.original_is_new
        or not any(attempt.facts.report for attempt in call.attempts.values())
        or (shown.vapi_call_id, row.organization_id) != (stored.vapi_call_id, stored.organization_id)
        or (shown.columns.start_time, shown.columns.end_time, shown.columns.feedback_summary)
        != (stored.columns.start_time, stored.columns.end_time, stored.columns.feedback_summary)
    )


def _record(transaction: Transaction, updates: Sequence[_Update[M]]) -> list[CallEvent]:
    if not updates:
        return []
    rows = [(stored, _call_row(update, stored)) for update in updates for stored in [_stored_row(update.call)]]
    save_calls(
        transaction,
        [row for update in updates for row in update.rows],
        [row for stored, row in rows if row != stored],
        {update.call.row.id: update.call.original for update in updates if update.call.original_is_new},
        [update.call.row.id for update in updates if update.call.folded is not None],
    )
    feedback = [(update.call.row.id, update.shown.feedback) for update in updates if _is_feedback_new(update)]
    if feedback:
        replace_feedback(transaction, feedback)
    _follow(transaction, updates)
    call_events = [call_event for update in updates for call_event in _call_events(update)]
    return call_events + _follow_up(transaction, updates, [row for _, row in rows])


def _follow_up(transaction: Transaction, updates: Sequence[_Update[M]], rows: Sequence[CallRow]) -> list[CallEvent]:
    """Create, change and withdraw follow-ups with one statement, or with none if no call has or needs a follow-up."""
    wishes = [
        wish
        for update, row in zip(updates, rows, strict=True)
        for wish in [wish_of(update.call.row.id, update.shown, update.attempts, follow_up_rules())]
        if wish.trigger or _may_have_one(update, row)
    ]
    if not wishes:
        return []
    of_call = {update.call.row.id: update for update in updates}
    return [_follow_up_event(of_call[one.call_id], one) for one in follow_shown(transaction, wishes)]


def _may_have_one(update: _Update[M], row: CallRow) -> bool:
    """Whether a follow-up may exist that this batch changes: an earlier report made one, or the batch moves the row."""
    call = update.call
    reported = any(attempt.facts.report for attempt in call.attempts.values())
    return reported or call.moved or row.organization_id != call.row.organization_id


def _follow_up_event(update: _Update[M], followed: Followed) -> CallEvent:
    type_ = CallEventType.FOLLOW_UP_OPENED if followed.change == "opened" else CallEventType.FOLLOW_UP_CHANGED
    withdrawn = {"state": "withdrawn"} if followed.change == "withdrawn" else {"state": State.OPEN.value}
    return call_event(
        type_,
        _attempt_shown(update),
        follow_up_id=followed.follow_up_id,
        **withdrawn,
        trigger=followed.trigger,
        due_at=followed.due_at,
        assignee_id=followed.assignee_id,
        version=1,
    )


def _updates(changes: Iterable[Change[M]]) -> Iterable[_Update[M]]:
    of_call: dict[int, list[Change[M]]] = {}
    for change in changes:
        of_call.setdefault(change.attempt.call.row.id, []).append(change)
    for call_changes in of_call.values():
        call = call_changes[0].attempt.call
        attempts = {id_: attempt.facts for id_, attempt in call.attempts.items()}
        attempts |= {change.attempt.vapi_call_id: change.facts for change in call_changes}
        columns = {id_: columns_of(facts, family_of) for id_, facts in attempts.items()}
        yield _Update(
            call,
            call_changes,
            attempts,
            shown_of(attempts, columns, call.original, call.row.columns),
            _attempt_rows(call, call_changes, attempts, columns),
        )


def _call_row(update: _Update[M], stored: CallRow) -> CallRow:
    """The values of the call's row after this batch; `stored` has its values before."""
    shown = update.shown
    web = shown.attempt is not None and is_web(update.attempts[shown.attempt].identity)
    identity = _identity_of_row(update)
    if identity is None:
        return CallRow(
            stored.id,
            shown.vapi_call_id,
            stored.organization_id,
            stored.customer_number,
            stored.direction,
            web,
            shown.columns,
        )
    return CallRow(
        stored.id,
        shown.vapi_call_id,
        update.call.organization_id,
        customer_number(identity),
        direction_of(identity),
        web,
        shown.columns,
    )


def _identity_of_row(update: _Update[M]) -> Identity | None:
    """The identity from which a row that we created takes its values; None if the application created the row."""
    made = update.call.row.made_by_us
    if made is None or len(update.attempts) > 1 or made.vapi_call_id not in update.attempts:
        return None
    return update.attempts[made.vapi_call_id].identity


def _stored_row(call: KnownCall) -> CallRow:
    row = call.row
    return CallRow(
        row.id, row.vapi_call_id, row.organization_id, row.customer_number, row.direction, row.is_web, row.columns
    )


def _is_feedback_new(update: _Update[M]) -> bool:
    """Whether the feedback of the shown attempt differs from what `call_feedback` has."""
    call, shown = update.call, update.shown
    if not shown.feedback_given:
        return False
    before = {id_: attempt.facts for id_, attempt in call.attempts.items() if attempt.facts is not NOTHING}
    if not before or call.original_is_new or call.moved:
        return True
    columns = {id_: columns_of(facts, family_of) for id_, facts in before.items()}
    former = shown_of(before, columns, call.original, call.row.columns)
    return (former.feedback, former.feedback_given) != (shown.feedback, True)


def _follow(transaction: Transaction, updates: Iterable[_Update[M]]) -> None:
    """Update the service records of calls of which an attempt has a new report, or of which another attempt counts now.

    Raises ServiceRecordNotLocked if one of them is not locked.
    """
    reported = [
        update.call
        for update in updates
        if any(facts.report for facts in update.attempts.values())
        or (update.call.original_is_new and update.call.original.reached)
    ]
    records = {id_: call.service_record_locked for call in reported if (id_ := call.row.service_record_id) is not None}
    if not all(records.values()):
        raise ServiceRecordNotLocked
    if records:
        follow_reports(transaction, sorted(records))


def _call_events(update: _Update[M]) -> Iterable[CallEvent]:
    before, columns = update.call.row.columns.status, update.shown.columns
    if columns.status != before:
        attempt = _attempt_shown(update)
        yield call_event(CallEventType.CALL_STATUS_CHANGED, attempt, status=columns.status, previous=before)
        if columns.status == COMPLETED:
            outcome = columns.outcome.value if columns.outcome else None
            yield call_event(CallEventType.CALL_COMPLETED, attempt, outcome=outcome, duration_sec=columns.duration_sec)


def _attempt_shown(update: _Update[M]) -> AttemptBatch[M]:
    """The attempt that is shown; if this batch has no messages of it, an attempt that changed what is shown."""
    of_attempt = {change.attempt.vapi_call_id: change.attempt for change in update.changes}
    return of_attempt.get(update.shown.attempt or NO_ID) or update.changes[0].attempt


def call_event(type_: CallEventType, attempt: AttemptBatch[M], **changed: object) -> CallEvent:
    """Build an event about a call from its attempt in this batch."""
    call = attempt.call
    received_at = min([record.envelope.received_at for record in attempt.records])
    return CallEvent(
        type_,
        call.row.id,
        attempt.vapi_call_id or None,
        call.organization_id,
        changed,
        received_at,
        advisor_id=call.row.advisor_id,
    )
