"""`conversation-update`: the whole conversation so far; or, in the application's own form, one fragment."""

from collections.abc import Mapping, Sequence

from autopulse.consumers.calls import Change, joined, record_changes
from autopulse.consumers.consumer import AttemptBatch, Consumer, Record
from autopulse.consumers.turns import list_of, record_fragments, record_lists, spoken, transcript_event
from autopulse.db.engine import Transaction
from autopulse.db.transcripts import Fragment
from autopulse.domain.events import CallEvent
from autopulse.domain.facts import Facts
from autopulse.domain.lists import CONVERSATION, Rank, visible
from autopulse.domain.turns import HUMAN, Turns
from autopulse.vapi.messages import ConversationMessage
from autopulse.vapi.turns import read_turns, role_of


def apply(transaction: Transaction, attempts: Sequence[AttemptBatch[ConversationMessage]]) -> list[CallEvent]:
    """Store the lists that count, and the fragments that are shown beside them."""
    turns = {record.envelope.event_id: _turns(record) for attempt in attempts for record in attempt.records}
    changes = [joined(attempt, lambda record: _facts(record, turns[record.envelope.event_id])) for attempt in attempts]
    lists = {event_id: list_.turns for event_id, list_ in turns.items()}
    changes = record_lists(transaction, [(change, lists) for change in changes])
    said = [(change, _fragments(change.attempt)) for change in changes]
    return (
        [one for change in changes if (one := _call_event(change, turns))]
        + record_fragments(transaction, said)
        + record_changes(transaction, changes, with_words=True)
    )


def _turns(record: Record[ConversationMessage]) -> Turns:
    return read_turns(record.message.messages, record.envelope.event_time, received_at=record.envelope.received_at)


def _facts(record: Record[ConversationMessage], turns: Turns) -> Facts:
    envelope, fragment = record.envelope, record.message.transcript
    rank = Rank(answers=False, timed=True, at=envelope.event_time, length=turns.length, event_id=envelope.event_id)
    heard = fragment.text is not None and role_of(fragment.speaker) == HUMAN
    return Facts(lists=list_of(CONVERSATION, turns, rank), human_turn=turns.human or heard)


def _fragments(attempt: AttemptBatch[ConversationMessage]) -> list[Fragment]:
    said = (spoken(attempt, r, r.message.transcript.speaker, r.message.transcript.text) for r in attempt.records)
    return [fragment for fragment in said if fragment is not None]


def _call_event(change: Change[ConversationMessage], turns: Mapping[str, Turns]) -> CallEvent | None:
    """The event that a list of this batch is shown now; None if none is."""
    new = {record.envelope.event_id for record in change.attempt.records}
    shown = [turns[id_] for list_ in visible(change.facts.lists) if (id_ := list_.rank.event_id) in new]
    if not shown:
        return None
    return transcript_event(
        change.attempt,
        CONVERSATION,
        turns=sum(len(one.turns) for one in shown),
        skipped=sum(one.skipped for one in shown),
    )


CONSUMER = Consumer("conversation_update", ConversationMessage, apply)
