"""A batch is one transaction of a constant number of statements, whatever its size.

The order of its steps is the order in which all consumers take their locks: calls by id, receipts by event id, service
records by id. So two batches never wait for each other in a circle.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sqlalchemy.orm import Session

from autopulse.consumers.identity import Identities, identify
from autopulse.consumers.news import CallNews, Consumer, M, Record
from autopulse.db.receipts import Receipt, Received, record_receipts
from autopulse.domain.facts import NOTHING
from autopulse.domain.notices import Notice
from autopulse.errors import Unprocessable
from autopulse.vapi.routes import PING

if TYPE_CHECKING:
    from autopulse.db.calls import LockedCall

APPLIED: Final = "applied"
IGNORED: Final = "ignored"


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """What became of a batch's events, by event id."""

    repeated: frozenset[str] = frozenset()
    """Had been applied before."""
    ignored: frozenset[str] = frozenset()
    """Have a receipt and no effect: words we do not know, calls that are not ours."""
    refused: dict[str, Unprocessable] = field(default_factory=dict)
    """Left out: the rest was committed without them."""
    call_ids: dict[str, int] = field(default_factory=dict)
    notices: Sequence[Notice] = ()


def apply_batch(
    session: Session, consumer: Consumer[M], records: Sequence[Record[M]], default_organization_id: str
) -> BatchOutcome:
    """Apply records to the database within the session's transaction; the caller commits."""
    copies = Counter(record.envelope.event_id for record in records)
    unique = _first_of_each(records)
    found = identify(session, [record for record in unique if record.message.type != PING], default_organization_id)
    known = [record for record in unique if record.envelope.event_id not in found.refused]
    ignored = frozenset(r.envelope.event_id for r in known if r.message.ignored or r.envelope.event_id in found.ignored)
    received = _receive(session, consumer.kind, known, copies, found, ignored)
    news = _news(known, found, received)
    notices = consumer.apply(session, news) if news else []
    call_ids = {event_id: call.id for event_id, call in found.calls.items()}
    return BatchOutcome(received.repeated, ignored, found.refused, call_ids, notices)


def _first_of_each(records: Sequence[Record[M]]) -> list[Record[M]]:
    """Without repeats; as between batches, the first to come counts."""
    first: dict[str, Record[M]] = {}
    for record in records:
        first.setdefault(record.envelope.event_id, record)
    return list(first.values())


def _receive(  # noqa: PLR0913, PLR0917 - everything that a receipt says
    session: Session,
    kind: str,
    records: Sequence[Record[M]],
    copies: Counter[str],
    found: Identities,
    ignored: Collection[str],
) -> Received:
    if not records:
        return Received(frozenset(), {})
    receipts = [
        Receipt(
            event_id=envelope.event_id,
            kind=kind,
            type=record.message.type,
            call_id=call.id if call else None,
            vapi_call_id=envelope.vapi_call_id,
            occurred_at=envelope.occurred_at,
            received_at=envelope.received_at,
            status=record.message.told_status,
            outcome=IGNORED if envelope.event_id in ignored else APPLIED,
            copies=copies[envelope.event_id],
        )
        for record in records
        for envelope, call in [(record.envelope, found.calls.get(record.envelope.event_id))]
    ]
    return record_receipts(session, receipts, sorted({call.id for call in found.calls.values()}))


def _news(records: Sequence[Record[M]], found: Identities, received: Received) -> list[CallNews[M]]:
    """The new messages by call, in the order of the calls' ids; one with an unknown word still links its ids."""
    news: dict[int, tuple[LockedCall, list[Record[M]]]] = {}
    for record in records:
        event_id = record.envelope.event_id
        call = found.calls.get(event_id)
        if call is not None and event_id not in received.repeated and event_id not in found.ignored:
            news.setdefault(call.id, (call, []))[1].append(record)
    return [
        CallNews(call, received.facts.get(call.id, NOTHING), call_records)
        for _, (call, call_records) in sorted(news.items())
    ]
