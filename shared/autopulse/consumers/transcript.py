"""`transcript`, final: one spoken turn, kept until a better source brings the whole conversation."""

from collections.abc import Iterable, Sequence

from sqlalchemy.orm import Session

from autopulse.consumers.calls import Change, notice, record_changes
from autopulse.consumers.news import CallNews, Consumer, M, Record
from autopulse.db.transcripts import FRAGMENT, Fragment, add_fragments
from autopulse.domain.facts import Facts
from autopulse.domain.notices import Notice, NoticeType
from autopulse.domain.turns import role_of
from autopulse.vapi.messages import TranscriptMessage


def apply(session: Session, calls: Sequence[CallNews[TranscriptMessage]]) -> list[Notice]:
    """Add the turns to calls that have no better source."""
    said = [(news, [fragment for record in news.records if (fragment := fragment_of(news, record))]) for news in calls]
    changes = [Change(news, news.facts) for news in calls]
    return record_fragments(session, said) + record_changes(session, changes)


def fragment_of(news: CallNews[TranscriptMessage], record: Record[TranscriptMessage]) -> Fragment | None:
    """The turn, or None if nothing was said or nobody we know said it."""
    return spoken(news, record, record.message.role, record.message.transcript)


def spoken(news: CallNews[M], record: Record[M], speaker: str | None, words: str | None) -> Fragment | None:
    """A fragment of what a speaker said."""
    role = role_of(speaker)
    if role is None or words is None:
        return None
    return Fragment(news.call.id, role, words, record.envelope.news_at)


def record_fragments(session: Session, said: Iterable[tuple[CallNews[M], Sequence[Fragment]]]) -> list[Notice]:
    """Store fragments where they are the best source."""
    fitting = [(news, fragments) for news, fragments in said if fragments and _is_best_source(news.facts)]
    if fitting:
        add_fragments(session, [fragment for _, fragments in fitting for fragment in fragments])
    return [
        notice(NoticeType.TRANSCRIPT_UPDATED, news, source=FRAGMENT, turns=len(fragments), skipped=0)
        for news, fragments in fitting
    ]


def _is_best_source(facts: Facts) -> bool:
    return facts.turns is None and facts.conversation is None


CONSUMER = Consumer("transcript", TranscriptMessage, apply)
