"""The skeleton of every consumer: read, apply in one transaction, tell the watchers, tidy up, answer SQS.

Nothing is dropped: a record is applied, known already, ignored as the stack was told to, in the dead-letter queue with
its reason, or back in the queue.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from random import SystemRandom
from typing import Any, Final, Protocol, TypeVar

from autopulse.consumers.batch import BatchOutcome, apply_batch
from autopulse.consumers.clients import LONGEST_SECONDS
from autopulse.consumers.news import Consumer
from autopulse.consumers.payloads import delete_payloads
from autopulse.consumers.queue import (
    UNKNOWN_CALL_TRIES,
    Delivery,
    delay_returned,
    is_hopeless,
    put_aside,
    read_deliveries,
)
from autopulse.consumers.telemetry import account_for
from autopulse.db.deadline import deadline as database_deadline
from autopulse.db.engine import Transaction, engine
from autopulse.db.failures import Fault, diagnose
from autopulse.db.receipts import count_repeats
from autopulse.domain.notices import Notice
from autopulse.errors import AutoPulseError, PayloadGone, Transient, UnknownCall
from autopulse.guard import guarded, place_of
from autopulse.live.publisher import publish
from autopulse.observability import Measurements, Metric, logger
from autopulse.settings import consumer_settings

RESERVE_SECONDS: Final = 5
"""Of the function's time, kept for the notices, the dead letters and the answer."""
FIRST_PAUSE_SECONDS: Final = 0.1
LONGEST_PAUSE_SECONDS: Final = 2.0
_ENDED: Final = frozenset({"applied", "duplicate", "ignored"})
_random: Final = SystemRandom()
T = TypeVar("T")

Answer = dict[str, list[dict[str, str]]]
Handler = Callable[[dict[str, Any], "LambdaContext"], Answer]


class LambdaContext(Protocol):
    """What we need of the Lambda context."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function is stopped."""
        ...


class _Failed(Exception):
    def __init__(self, fault: Fault, error: AutoPulseError) -> None:
        super().__init__(error.reason)
        self.fault, self.error = fault, error


def handler_of(consumer: Consumer[Any]) -> Handler:
    """The Lambda handler of a consumer."""

    def handler(event: dict[str, Any], context: "LambdaContext") -> Answer:
        return handle(consumer, event, context)

    return guarded(handler)


def handle(consumer: Consumer[Any], event: dict[str, Any], context: "LambdaContext") -> Answer:
    """Apply an SQS event's records; answers with those that SQS shall deliver again."""
    deadline = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - RESERVE_SECONDS
    measurements = Measurements()
    deliveries = read_deliveries(consumer, event, deadline)
    with database_deadline(deadline):
        notices = _settle(consumer, [delivery for delivery in deliveries if delivery.error is None], deadline)
        _recognize_repeats(consumer.kind, [d for d in deliveries if isinstance(d.error, PayloadGone)], deadline)
    committed_at = datetime.now(timezone.utc)
    _ignore_unknown_calls(deliveries)
    put_aside(deliveries, consumer.kind)
    returned = [delivery for delivery in deliveries if delivery.fate == "returned"]
    delay_returned(returned)
    publish(notices, measurements)
    _delete_payloads(consumer.kind, deliveries, deadline, measurements)
    account_for(consumer.kind, deliveries, notices, committed_at, measurements)
    measurements.flush()
    return {"batchItemFailures": [{"itemIdentifier": delivery.message_id} for delivery in returned]}


def _settle(consumer: Consumer[Any], deliveries: Sequence[Delivery], deadline: float) -> list[Notice]:
    """Commit what can be committed, splitting the batch around bad records; a half that committed keeps its notices."""
    if not deliveries:
        return []
    try:
        outcome = _commit(consumer, deliveries, deadline)
    except _Failed as failure:
        if failure.fault is Fault.WORLD or len(deliveries) == 1:
            for delivery in deliveries:
                delivery.error = failure.error
            return []
        middle = len(deliveries) // 2
        halves = (deliveries[:middle], deliveries[middle:])
        return [notice for half in halves for notice in _settle(consumer, half, deadline)]
    _note(deliveries, outcome)
    committed_at = datetime.now(timezone.utc)
    for notice in outcome.notices:
        notice.committed_at = committed_at
    return list(outcome.notices)


def _recognize_repeats(kind: str, gone: Sequence[Delivery], deadline: float) -> None:
    """Acknowledge those whose object is gone since their event was applied before; the others keep their error."""
    copies = Counter(delivery.envelope.event_id for delivery in gone if delivery.envelope)
    if not copies:
        return

    def count() -> dict[str, int | None]:
        return _within_transaction(kind, lambda transaction: count_repeats(transaction, copies))

    try:
        calls = _persistently(count, deadline)
    except _Failed as failure:
        for delivery in gone:
            delivery.error = failure.error
        return
    for delivery in gone:
        if delivery.envelope and delivery.envelope.event_id in calls:
            delivery.error, delivery.fate = None, "duplicate"
            delivery.call_id = calls[delivery.envelope.event_id]


def _commit(consumer: Consumer[Any], deliveries: Sequence[Delivery], deadline: float) -> BatchOutcome:
    return _persistently(lambda: _transact(consumer, deliveries), deadline)


def _persistently(transact: Callable[[], T], deadline: float) -> T:
    """One transaction, tried again while the world is in the way and there is time."""
    pause = FIRST_PAUSE_SECONDS
    if time.monotonic() > deadline:
        raise _Failed(Fault.WORLD, Transient("out-of-time"))
    while True:
        try:
            return transact()
        except _Failed as failure:
            if failure.fault is not Fault.WORLD or time.monotonic() + pause > deadline:
                raise
        time.sleep(_random.uniform(pause / 2, pause))
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


def _transact(consumer: Consumer[Any], deliveries: Sequence[Delivery]) -> BatchOutcome:
    records = [delivery.record for delivery in deliveries if delivery.record is not None]
    default = consumer_settings().default_organization_id
    return _within_transaction(consumer.kind, lambda transaction: apply_batch(transaction, consumer, records, default))


def _within_transaction(kind: str, work: Callable[[Transaction], T]) -> T:
    """Do the work and commit it; raises _Failed."""
    try:
        with engine().connect() as transaction, _thrown_away_unless_sound(transaction):
            outcome = work(transaction)
            transaction.commit()
    except Exception as error:  # noqa: BLE001 - it is told apart, and raised as an error of ours
        fault, ours = diagnose(error)
        if fault is Fault.UNFORESEEN:
            logger().error("unforeseen", extra={"kind": kind, "cause": place_of(error)})
        raise _Failed(fault, ours) from None  # its text has values
    return outcome


@contextmanager
def _thrown_away_unless_sound(transaction: Transaction) -> Iterator[None]:
    """Roll back what bad data left; a connection that met worse, or cannot even do that, is thrown away."""
    try:
        yield
    except Exception as error:
        if diagnose(error)[0] is not Fault.DATA or not _rolled_back(transaction):
            transaction.invalidate()  # what it still holds or expects of the server is anybody's guess
        raise


def _rolled_back(transaction: Transaction) -> bool:
    try:
        transaction.rollback()
    except Exception:  # noqa: BLE001 - the connection is lost, whatever it says
        logger().warning("roll-back failed")
        return False
    return True


def _note(deliveries: Sequence[Delivery], outcome: BatchOutcome) -> None:
    """Tell each delivery what became of it; repeats within the batch share the fate of their first."""
    seen: set[str] = set()
    for delivery in deliveries:
        if delivery.envelope is None:
            continue
        event_id = delivery.envelope.event_id
        delivery.call_id = outcome.call_ids.get(event_id)
        delivery.error = outcome.refused.get(event_id)
        if event_id in outcome.ignored:
            delivery.fate = "ignored"
        elif event_id in outcome.repeated or event_id in seen:
            delivery.fate = "duplicate"
        seen.add(event_id)


def _ignore_unknown_calls(deliveries: Sequence[Delivery]) -> None:
    """A stack may be told that calls it does not know are none of its business, once they had time to appear."""
    if not consumer_settings().ignore_unknown_calls:
        return
    for delivery in deliveries:
        if _may_be_ignored(delivery):
            delivery.error, delivery.fate = None, "ignored"


def _may_be_ignored(delivery: Delivery) -> bool:
    if isinstance(delivery.error, PayloadGone):
        # The object was there at the last of the tries, which ended as ignored, without a receipt.
        return delivery.receive_count > UNKNOWN_CALL_TRIES + 1
    return isinstance(delivery.error, UnknownCall) and is_hopeless(delivery)


def _delete_payloads(kind: str, deliveries: Sequence[Delivery], deadline: float, measurements: Measurements) -> None:
    """Delete the objects of records that have ended; what waits or is a dead letter may need its own again."""
    keys = [d.payload_key for d in deliveries if d.payload_key is not None and d.record and d.fate in _ENDED]
    left = delete_payloads(keys, deadline + RESERVE_SECONDS - LONGEST_SECONDS) if keys else 0
    if left:
        measurements.count(Metric.PAYLOAD_LEFT, left, kind=kind)
