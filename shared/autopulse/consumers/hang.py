"""`hang`: the assistant did not answer in time. The call continues, unless the message itself says that it is over."""

from collections.abc import Sequence

from autopulse.consumers.calls import call_event, joined, record_changes
from autopulse.consumers.consumer import AttemptBatch, Consumer, Record
from autopulse.consumers.status_update import ended
from autopulse.db.engine import Transaction
from autopulse.db.incidents import STALL, record_incidents
from autopulse.domain.events import CallEvent, CallEventType
from autopulse.domain.facts import NOTHING, Facts
from autopulse.vapi.messages import HangMessage


def apply(transaction: Transaction, attempts: Sequence[AttemptBatch[HangMessage]]) -> list[CallEvent]:
    """Store each stall as an incident, and each end of a call as an end."""
    stalls = [
        (attempt, record.envelope.event_time)
        for attempt in attempts
        for record in attempt.records
        if not record.message.ends_call
    ]
    if stalls:
        record_incidents(transaction, STALL, [(attempt.call.row.id, at) for attempt, at in stalls])
    return record_changes(transaction, [joined(attempt, facts_of) for attempt in attempts]) + [
        call_event(CallEventType.CALL_STALLED, attempt, occurred_at=at.isoformat()) for attempt, at in stalls
    ]


def facts_of(record: Record[HangMessage]) -> Facts:
    """The facts of a hang: those of the call's end, or none for a stall."""
    if not record.message.ends_call:
        return NOTHING
    return ended(record.envelope, record.message.reason)


CONSUMER = Consumer("hang", HangMessage, apply)
