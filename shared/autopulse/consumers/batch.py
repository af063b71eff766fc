"""Apply one batch in one transaction, with a constant number of statements whatever its size.

All consumers take their locks in the same order: service records by id, calls by id, receipts by event id. This order
prevents deadlocks between batches, and between a batch and the application.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce

from autopulse.consumers.consumer import (
    AttemptBatch,
    Consumer,
    Disposition,
    KnownCall,
    M,
    Record,
    ServiceRecordNotLocked,
    World,
)
from autopulse.consumers.folding import UNTOLD, fold
from autopulse.consumers.identity import Identities, identify
from autopulse.db.calls import LockedCall, read_owners
from autopulse.db.engine import Transaction
from autopulse.db.receipts import Attempt, Receipt, Received, record_receipts
from autopulse.domain.attempts import NO_ID, NO_ORIGINAL, NOTHING_WRITTEN, Original, original_of
from autopulse.domain.events import CallEvent
from autopulse.domain.facts import NOTHING, Facts, join_identities
from autopulse.errors import Unprocessable
from autopulse.vapi.routes import PING


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """The results of a batch's events, by event id."""

    repeated: frozenset[str] = frozenset()
    """Event ids of the batch that were applied before."""
    ignored: frozenset[str] = frozenset()
    """Event ids that get a receipt and have no effect: unknown words, or calls that are not ours."""
    erased: frozenset[str] = frozenset()
    """Event ids that get neither a receipt nor an effect, because their calls were erased."""
    refused: dict[str, Unprocessable] = field(default_factory=dict)
    """The errors of events that were left out of the batch; the other events were committed without them."""
    call_ids: dict[str, int] = field(default_factory=dict)
    call_events: Sequence[CallEvent] = ()


def apply_batch(
    transaction: Transaction, consumer: Consumer[M], records: Sequence[Record[M]], world: World
) -> BatchOutcome:
    """Apply records to the database within a transaction; the caller commits."""
    locks_service_records = consumer.changes_service_records
    while True:
        try:
            return _apply(transaction, consumer, records, world, reports=locks_service_records)
        except ServiceRecordNotLocked:
            # A report arrived while this transaction waited for its call. Locking its service record now could cause a
            # deadlock.
            transaction.rollback()
            locks_service_records = True


def _apply(
    transaction: Transaction,
    consumer: Consumer[M],
    records: Sequence[Record[M]],
    world: World,
    *,
    reports: bool,
) -> BatchOutcome:
    copies = Counter([record.envelope.event_id for record in records])
    unique = _first_of_each(records)
    about_calls = [record for record in unique if record.message.type != PING]
    found = identify(transaction, about_calls, world, reports=reports)
    left_out = found.refused.keys() | found.erased
    known = [record for record in unique if record.envelope.event_id not in left_out]
    ignored = frozenset(r.envelope.event_id for r in known if r.message.ignored or r.envelope.event_id in found.ignored)
    received = _receive(transaction, consumer.kind, known, copies, found, ignored)
    batches = _attempt_batches(transaction, known, found, received)
    call_events = consumer.apply(transaction, batches) if batches else []
    call_ids = {event_id: call.id for event_id, call in found.calls.items()}
    return BatchOutcome(received.repeated, ignored, frozenset(found.erased), found.refused, call_ids, call_events)


def _first_of_each(records: Sequence[Record[M]]) -> list[Record[M]]:
    """Drop repeats within the batch: the first record of an event id counts, as it does between batches."""
    first: dict[str, Record[M]] = {}
    for record in records:
        first.setdefault(record.envelope.event_id, record)
    return list(first.values())


def _receive(  # noqa: PLR0913, PLR0917 - a receipt has this many columns
    transaction: Transaction,
    kind: str,
    records: Sequence[Record[M]],
    copies: Counter[str],
    found: Identities,
    ignored: Collection[str],
) -> Received:
    if not records:
        return Received(frozenset(), {}, {}, {})
    receipts = [
        Receipt(
            event_id=envelope.event_id,
            kind=kind,
            type=record.message.type,
            call_id=call.id if call else None,
            vapi_call_id=envelope.vapi_call_id,
            occurred_at=envelope.occurred_at,
            received_at=envelope.received_at,
            status=record.message.reported_status,
            outcome=(Disposition.IGNORED if envelope.event_id in ignored else Disposition.APPLIED).value,
            origin=envelope.origin,
            copies=copies[envelope.event_id],
        )
        for record in records
        for envelope, call in [(record.envelope, found.calls.get(record.envelope.event_id))]
    ]
    calls = {call.id: call for call in found.calls.values()}
    written = [id_ for id_, call in calls.items() if not call.attempts and call.columns != NOTHING_WRITTEN]
    return record_receipts(transaction, receipts, sorted(calls), sorted(written))


def _attempt_batches(
    transaction: Transaction, records: Sequence[Record[M]], found: Identities, received: Received
) -> list[AttemptBatch[M]]:
    """Group the new messages by attempt, in the order of the calls' ids.

    A message with an unknown word still links its ids.
    """
    of_call: dict[int, tuple[LockedCall, list[Record[M]]]] = {}
    for record in records:
        event_id = record.envelope.event_id
        call = found.calls.get(event_id)
        if call is not None and event_id not in found.ignored and not record.message.leaves_its_receipt_alone:
            of_call.setdefault(call.id, (call, []))[1].append(record)
    calls = [(_known(transaction, call, said, found, received), said) for _, (call, said) in sorted(of_call.items())]
    fold(transaction, [call for call, said in calls if any(r.envelope.event_id not in received.repeated for r in said)])
    return [batch for call, said in calls for batch in _of_call(call, said, received.repeated)]


def _of_call(call: KnownCall, records: Iterable[Record[M]], repeated: Collection[str]) -> list[AttemptBatch[M]]:
    """Group the new messages of one call by attempt."""
    of_attempt: dict[str, list[Record[M]]] = {}
    for record in records:
        if record.envelope.event_id not in repeated:
            attempt = record.envelope.vapi_call_id or _attempt_without_id(call)
            of_attempt.setdefault(attempt, []).append(record)
    return [AttemptBatch(call, id_, _facts_of(call, id_), of_attempt[id_]) for id_ in sorted(of_attempt)]


def _known(
    transaction: Transaction, row: LockedCall, records: Iterable[Record[M]], found: Identities, received: Received
) -> KnownCall:
    stored = received.attempts.get(row.id, {})
    attempts = dict(stored)
    if row.vapi_call_id is not None:  # the application may have linked it
        attempts.setdefault(row.vapi_call_id, UNTOLD)
    for record in records:
        if record.envelope.vapi_call_id is not None:
            attempts.setdefault(record.envelope.vapi_call_id, UNTOLD)
    original = received.origins.get(row.id, NO_ORIGINAL)
    had = [id_ for id_ in stored if found.moved.get(id_) != row.id]
    is_new = not had and row.columns != NOTHING_WRITTEN
    if is_new:
        original = Original(original_of(row.columns), received.written_feedback.get(row.id))
    return KnownCall(
        row=row,
        attempts=attempts,
        original=original,
        original_is_new=is_new,
        moved=len(had) < len(stored),
        service_record_locked=row.service_record_id in found.service_records,
        organization_id=_organization_of(transaction, row, records, found, stored) or row.organization_id,
    )


def _organization_of(
    transaction: Transaction,
    row: LockedCall,
    records: Iterable[Record[M]],
    found: Identities,
    stored: Mapping[str, Attempt],
) -> str | None:
    """Return the organization of a row that we created, or None if the application created the row."""
    made = row.made_by_us
    if made is None:
        return None
    owners, known = found.owners, stored[made.vapi_call_id].facts.identity
    if known.constant_ids != made.identity.constant_ids:  # another batch added ids meanwhile
        owners = replace(owners, known={**owners.known, **read_owners(transaction, known.constant_ids)})
    said = (record.message.call.identity for record in records)
    return owners.organization_of(reduce(join_identities, said, known))


def _attempt_without_id(call: KnownCall) -> str:
    """Return the attempt of a message with our call id alone: the only attempt, else the one that the row shows."""
    ids = sorted(call.attempts.keys() - {NO_ID})
    shown = call.row.vapi_call_id
    if len(ids) > 1 and shown is not None:
        return shown
    return ids[-1] if ids else NO_ID


def _facts_of(call: KnownCall, vapi_call_id: str) -> Facts:
    attempt = call.attempts.get(vapi_call_id)
    return attempt.facts if attempt else NOTHING
