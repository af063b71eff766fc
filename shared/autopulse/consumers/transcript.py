"""`transcript`, final: one spoken turn, which is shown until a list of turns contains it."""

from collections.abc import Sequence

from autopulse.consumers.calls import joined, record_changes
from autopulse.consumers.consumer import AttemptBatch, Consumer, Record
from autopulse.consumers.turns import record_fragments, spoken
from autopulse.db.engine import Transaction
from autopulse.db.transcripts import Fragment
from autopulse.domain.events import CallEvent
from autopulse.domain.facts import Facts
from autopulse.domain.turns import HUMAN
from autopulse.vapi.messages import TranscriptMessage
from autopulse.vapi.turns import role_of


def apply(transaction: Transaction, attempts: Sequence[AttemptBatch[TranscriptMessage]]) -> list[CallEvent]:
    """Store the turns that are newer than the attempt's lists."""
    changes = [joined(attempt, facts_of) for attempt in attempts]
    said = [
        (change, [one for r in change.attempt.records if (one := _fragment(change.attempt, r))]) for change in changes
    ]
    return record_fragments(transaction, said) + record_changes(transaction, changes, with_words=True)


def facts_of(record: Record[TranscriptMessage]) -> Facts:
    """The fact that the customer was heard, if the turn is the customer's."""
    message = record.message
    return Facts(human_turn=message.transcript is not None and role_of(message.role) == HUMAN)


def _fragment(attempt: AttemptBatch[TranscriptMessage], record: Record[TranscriptMessage]) -> Fragment | None:
    return spoken(attempt, record, record.message.role, record.message.transcript)


CONSUMER = Consumer("transcript", TranscriptMessage, apply)
