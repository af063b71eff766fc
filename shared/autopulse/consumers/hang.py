"""`hang`: the assistant failed to answer in time. The call goes on, unless the message itself says that it is over."""

from collections.abc import Sequence

from autopulse.consumers.calls import joined, notice, record_changes
from autopulse.consumers.news import AttemptNews, Consumer, Record
from autopulse.consumers.status_update import ended
from autopulse.db.engine import Transaction
from autopulse.db.incidents import STALL, record_incidents
from autopulse.domain.facts import NOTHING, Facts
from autopulse.domain.notices import Notice, NoticeType
from autopulse.vapi.messages import HangMessage


def apply(transaction: Transaction, attempts: Sequence[AttemptNews[HangMessage]]) -> list[Notice]:
    """Record each stall as an incident, each ending as an ending."""
    stalls = [
        (news, record.envelope.news_at) for news in attempts for record in news.records if not record.message.ends_call
    ]
    if stalls:
        record_incidents(transaction, STALL, [(news.call.row.id, at) for news, at in stalls])
    return record_changes(transaction, [joined(news, facts_of) for news in attempts]) + [
        notice(NoticeType.CALL_STALLED, news, occurred_at=at.isoformat()) for news, at in stalls
    ]


def facts_of(record: Record[HangMessage]) -> Facts:
    """Nothing, for a stall."""
    if not record.message.ends_call:
        return NOTHING
    return ended(record.envelope, record.message.reason)


CONSUMER = Consumer("hang", HangMessage, apply)
