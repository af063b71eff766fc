"""`conversation-update`: the whole history so far, every time; or, in the application's own shape, one fragment."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from autopulse.consumers.calls import Change, notice, record_changes
from autopulse.consumers.news import CallNews, Consumer, Record
from autopulse.consumers.transcript import record_fragments, spoken
from autopulse.db.transcripts import CONVERSATION, Fragment, replace_turns
from autopulse.domain.facts import NOTHING, ConversationFacts, Facts, join, join_all
from autopulse.domain.notices import Notice, NoticeType
from autopulse.domain.turns import Turns, read_turns
from autopulse.vapi.messages import ConversationMessage


def apply(session: Session, calls: Sequence[CallNews[ConversationMessage]]) -> list[Notice]:
    """Store the history that counts: the latest, unless a report has brought the call's turns."""
    changes = [Change(news, join(news.facts, join_all(map(facts_of, news.records)))) for news in calls]
    best = [(change, turns) for change in changes if (turns := _new_turns(change)) is not None]
    if best:
        replace_turns(session, CONVERSATION, {change.news.call.id: turns.turns for change, turns in best})
    # Fragments are measured against the histories of this batch too.
    said = [(replace(change.news, facts=change.facts), _fragments(change.news)) for change in changes]
    return (
        [_notice(change, turns) for change, turns in best]
        + record_fragments(session, said)
        + record_changes(session, changes)
    )


def facts_of(record: Record[ConversationMessage]) -> Facts:
    """That this history exists; an empty one says nothing."""
    turns = _turns(record)
    if not turns.turns:
        return NOTHING
    return Facts(conversation=ConversationFacts(record.envelope.news_at, turns.length, record.envelope.event_id))


def _turns(record: Record[ConversationMessage]) -> Turns:
    return read_turns(record.message.messages, record.envelope.news_at)


def _new_turns(change: Change[ConversationMessage]) -> Turns | None:
    """The turns to store, if this batch brought the history that counts and no report's turns are better."""
    winner = change.facts.conversation
    if winner is None or winner == change.news.facts.conversation or change.facts.turns is not None:
        return None
    return next(_turns(record) for record in change.news.records if record.envelope.event_id == winner.event_id)


def _fragments(news: CallNews[ConversationMessage]) -> list[Fragment]:
    said = (spoken(news, r, r.message.transcript.speaker, r.message.transcript.text) for r in news.records)
    return [fragment for fragment in said if fragment is not None]


def _notice(change: Change[ConversationMessage], turns: Turns) -> Notice:
    count = {"turns": len(turns.turns), "skipped": turns.skipped}
    return notice(NoticeType.TRANSCRIPT_UPDATED, change.news, source=CONVERSATION, **count)


CONSUMER = Consumer("conversation", ConversationMessage, apply)
