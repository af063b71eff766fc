"""`status-update`, `call.started`, `call.ended`, `call.failed`: the progress of a call; and Vapi's missing data."""

from collections.abc import Sequence
from typing import Final

from autopulse.consumers.calls import joined, record_changes
from autopulse.consumers.consumer import AttemptBatch, Consumer, Record
from autopulse.consumers.internal_messages import apply_internal
from autopulse.consumers.late_copies import erase_late_copies
from autopulse.db.engine import Transaction
from autopulse.domain.events import CallEvent
from autopulse.domain.facts import NOTHING, Ending, Facts
from autopulse.domain.status import ENDED, IN_PROGRESS, Status
from autopulse.vapi.messages import ReceivedEnvelope, StatusMessage
from autopulse.vapi.status_words import REASON_OF_WORD, STATUS_OF_WORD

_STARTED: Final = frozenset({"start_time"})
_ENDED: Final = frozenset({"end_time"})
_ENDED_WITH_REASON: Final = frozenset({"end_time", "ended_reason"})
"""Columns of `call` that such a status gives."""


def apply(transaction: Transaction, attempts: Sequence[AttemptBatch[StatusMessage]]) -> list[CallEvent]:
    """Join the statuses to the stored facts of each attempt, and store the content of our own functions' messages."""
    call_events = record_changes(transaction, [joined(attempt, facts_of) for attempt in attempts])
    apply_internal(transaction, attempts)
    return call_events


def facts_of(record: Record[StatusMessage]) -> Facts:
    """The facts of one status; none if its word is unknown, or if the message is not a status."""
    envelope, message = record.envelope, record.message
    if message.ignored or message.copy_state:
        return NOTHING
    if message.mark:
        return Facts(reconciliation=message.mark)
    status = Status(STATUS_OF_WORD[message.word], envelope.occurred_at)
    if status.name == ENDED:
        return ended(envelope, message.ended_reason or REASON_OF_WORD.get(message.word))
    if status.name == IN_PROGRESS:
        return Facts(status=status, in_progress_at=envelope.event_time, reported_columns=_STARTED)
    return Facts(status=status)


def ended(envelope: ReceivedEnvelope, reason: str | None) -> Facts:
    """The facts of the end of a call, with its reason if there is one."""
    at = envelope.event_time
    return Facts(
        status=Status(ENDED, envelope.occurred_at),
        ended_at=at,
        ending=Ending(at, reason) if reason else None,
        reported_columns=_ENDED_WITH_REASON if reason else _ENDED,
    )


CONSUMER = Consumer("status_update", StatusMessage, apply, follow_up=erase_late_copies)
