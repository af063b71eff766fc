"""`conversation-update`: what was said so far, every time; or, in the application's own shape, one fragment."""

from collections.abc import Mapping, Sequence

from autopulse.consumers.calls import Change, joined, record_changes
from autopulse.consumers.news import AttemptNews, Consumer, Record
from autopulse.consumers.turns import list_of, record_fragments, record_lists, spoken, transcript_notice
from autopulse.db.engine import Transaction
from autopulse.db.transcripts import Fragment
from autopulse.domain.facts import Facts
from autopulse.domain.lists import CONVERSATION, Rank, visible
from autopulse.domain.notices import Notice
from autopulse.domain.turns import HUMAN, Turns
from autopulse.vapi.messages import ConversationMessage
from autopulse.vapi.turns import read_turns, role_of


def apply(transaction: Transaction, attempts: Sequence[AttemptNews[ConversationMessage]]) -> list[Notice]:
    """Store the lists that count, and fragments that lie before them."""
    turns = {record.envelope.event_id: _turns(record) for news in attempts for record in news.records}
    changes = [joined(news, lambda record: _facts(record, turns[record.envelope.event_id])) for news in attempts]
    lists = {event_id: list_.turns for event_id, list_ in turns.items()}
    changes = record_lists(transaction, [(change, lists) for change in changes])
    said = [(change, _fragments(change.news)) for change in changes]
    return (
        [one for change in changes if (one := _notice(change, turns))]
        + record_fragments(transaction, said)
        + record_changes(transaction, changes)
    )


def _turns(record: Record[ConversationMessage]) -> Turns:
    return read_turns(record.message.messages, record.envelope.news_at, received_at=record.envelope.received_at)


def _facts(record: Record[ConversationMessage], turns: Turns) -> Facts:
    envelope, fragment = record.envelope, record.message.transcript
    rank = Rank(answers=False, timed=True, at=envelope.news_at, length=turns.length, event_id=envelope.event_id)
    heard = fragment.text is not None and role_of(fragment.speaker) == HUMAN
    return Facts(lists=list_of(CONVERSATION, turns, rank), human_turn=turns.human or heard)


def _fragments(news: AttemptNews[ConversationMessage]) -> list[Fragment]:
    said = (spoken(news, r, r.message.transcript.speaker, r.message.transcript.text) for r in news.records)
    return [fragment for fragment in said if fragment is not None]


def _notice(change: Change[ConversationMessage], turns: Mapping[str, Turns]) -> Notice | None:
    """That a list of this batch is shown now."""
    new = {record.envelope.event_id for record in change.news.records}
    shown = [turns[id_] for list_ in visible(change.facts.lists) if (id_ := list_.rank.event_id) in new]
    if not shown:
        return None
    return transcript_notice(
        change.news,
        CONVERSATION,
        turns=sum(len(one.turns) for one in shown),
        skipped=sum(one.skipped for one in shown),
    )


CONSUMER = Consumer("conversation_update", ConversationMessage, apply)
