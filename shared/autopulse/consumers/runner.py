"""The runner of every consumer: read, apply in one transaction, publish call events, clean up, answer SQS.

No record is lost. It is applied, a repeat, ignored by the stack's configuration, in the dead-letter queue with its
reason, or back in its queue.
"""

import gc
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from random import SystemRandom
from typing import TYPE_CHECKING, Any, Final, TypeVar

from autopulse.consumers.batch import BatchOutcome
from autopulse.consumers.clients import LONGEST_SECONDS
from autopulse.consumers.consumer import Consumer, Disposition
from autopulse.consumers.payloads import delete_payloads
from autopulse.consumers.queue import (
    UNKNOWN_CALL_TRIES,
    ReceivedMessage,
    delay_returned,
    is_permanent,
    read_deliveries,
    send_to_dead_letter_queue,
)
from autopulse.consumers.services import Services, TransactionFailed
from autopulse.consumers.telemetry import account_for
from autopulse.db.deadline import deadline as database_deadline
from autopulse.db.failures import Fault
from autopulse.db.receipts import count_repeats
from autopulse.domain.events import CallEvent
from autopulse.errors import PayloadGone, Transient, UnknownCall
from autopulse.guard import guarded
from autopulse.observability import Measurements, Metric
from autopulse.vapi.routes import BY_ASKING

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

RESERVE_SECONDS: Final = 5
"""The part of the function's time, in seconds, that is reserved for call events, dead letters and the answer."""
FIRST_PAUSE_SECONDS: Final = 0.1
LONGEST_PAUSE_SECONDS: Final = 2.0
_ENDED: Final = frozenset({Disposition.APPLIED, Disposition.DUPLICATE, Disposition.IGNORED, Disposition.ERASED})
_random: Final = SystemRandom()
T = TypeVar("T")

Answer = dict[str, list[dict[str, str]]]
Handler = Callable[[dict[str, Any], "LambdaContext"], Answer]


@dataclass(frozen=True, slots=True)
class _Invocation:
    """What the steps of one invocation have in common."""

    consumer: Consumer[Any]
    services: Services
    deadline: float
    """A time of time.monotonic() after which no step starts that may wait."""
    measurements: Measurements = field(default_factory=Measurements)

    @property
    def kind(self) -> str:
        return self.consumer.kind


def handler_of(consumer: Consumer[Any], services: Services) -> Handler:
    """Return the Lambda handler of a consumer."""

    def handler(event: dict[str, Any], context: "LambdaContext") -> Answer:
        return handle(consumer, services, event, context)

    return guarded(handler)


@contextmanager
def _without_collections() -> Iterator[None]:
    """Disable the garbage collector while a batch is applied.

    Reference counting frees a batch's objects when the batch ends. The collector would search them for cycles several
    times, and sometimes search all imported modules, which takes longer than the batch itself while its rows are
    locked.
    """
    if not gc.isenabled():  # an outer caller has disabled it, and will enable it
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@_without_collections()
def handle(consumer: Consumer[Any], services: Services, event: dict[str, Any], context: "LambdaContext") -> Answer:
    """Apply the records of an SQS event; returns the ids of those that SQS has to deliver again."""
    deadline = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - RESERVE_SECONDS
    run = _Invocation(consumer, services, deadline)
    deliveries = read_deliveries(consumer, services, event, deadline)
    with database_deadline(deadline):
        call_events = _settle(run, [delivery for delivery in deliveries if delivery.error is None])
        _recognize_repeats(run, [d for d in deliveries if isinstance(d.error, PayloadGone)])
    committed_at = datetime.now(timezone.utc)
    _ignore_unknown_calls(run, deliveries)
    if consumer.follow_up is not None:
        consumer.follow_up([delivery for delivery in deliveries if delivery.error is None], services)
    send_to_dead_letter_queue(deliveries, consumer.kind, services)
    returned = [delivery for delivery in deliveries if delivery.disposition is Disposition.RETURNED]
    delay_returned(returned, services)
    services.publish(call_events, run.measurements)
    _delete_payloads(run, deliveries)
    account_for(consumer.kind, deliveries, call_events, committed_at, run.measurements)
    run.measurements.flush()
    return {"batchItemFailures": [{"itemIdentifier": delivery.message_id} for delivery in returned]}


def _settle(run: _Invocation, deliveries: Sequence[ReceivedMessage]) -> list[CallEvent]:
    """Commit the batch, and split it in halves around bad records; a half that is committed keeps its events."""
    if not deliveries:
        return []
    try:
        outcome = _commit(run, deliveries)
    except TransactionFailed as failure:
        if failure.fault is Fault.TRANSIENT or len(deliveries) == 1:
            for delivery in deliveries:
                delivery.error = failure.error
            return []
        middle = len(deliveries) // 2
        halves = (deliveries[:middle], deliveries[middle:])
        return [call_event for half in halves for call_event in _settle(run, half)]
    _note(deliveries, outcome)
    committed_at = datetime.now(timezone.utc)
    for call_event in outcome.call_events:
        call_event.committed_at = committed_at
    return list(outcome.call_events)


def _recognize_repeats(run: _Invocation, gone: Sequence[ReceivedMessage]) -> None:
    """Mark records as repeats whose payload was deleted because their event was applied before.

    The other records without a payload keep their error.
    """
    copies = Counter(delivery.envelope.event_id for delivery in gone if delivery.envelope)
    if not copies:
        return

    def count() -> dict[str, int | None]:
        return run.services.transact(run.kind, lambda transaction: count_repeats(transaction, copies))

    try:
        calls = _persistently(run, count)
    except TransactionFailed as failure:
        for delivery in gone:
            delivery.error = failure.error
        return
    for delivery in gone:
        if delivery.envelope and delivery.envelope.event_id in calls:
            delivery.error, delivery.disposition = None, Disposition.DUPLICATE
            delivery.call_id = calls[delivery.envelope.event_id]


def _commit(run: _Invocation, deliveries: Sequence[ReceivedMessage]) -> BatchOutcome:
    records = [delivery.record for delivery in deliveries if delivery.record is not None]
    return _persistently(run, lambda: run.services.apply(run.consumer, records))


def _persistently(run: _Invocation, transact: Callable[[], T]) -> T:
    """Run one transaction, and retry it after transient errors until the deadline."""
    pause = FIRST_PAUSE_SECONDS
    if time.monotonic() > run.deadline:
        raise TransactionFailed(Fault.TRANSIENT, Transient("out-of-time"))
    while True:
        try:
            return transact()
        except TransactionFailed as failure:
            if failure.fault is not Fault.TRANSIENT or time.monotonic() + pause > run.deadline:
                raise
        run.services.pause(_random.uniform(pause / 2, pause))
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


def _note(deliveries: Sequence[ReceivedMessage], outcome: BatchOutcome) -> None:
    """Set the result of each delivery; a repeat within the batch gets the error of its first record."""
    seen: set[str] = set()
    for delivery in deliveries:
        if delivery.envelope is None:
            continue
        event_id = delivery.envelope.event_id
        delivery.call_id = outcome.call_ids.get(event_id)
        delivery.error = outcome.refused.get(event_id)
        if event_id in outcome.ignored:
            delivery.disposition = Disposition.IGNORED
        elif event_id in outcome.erased:
            delivery.disposition = Disposition.ERASED
        elif event_id in outcome.repeated or event_id in seen:
            delivery.disposition = Disposition.DUPLICATE
        seen.add(event_id)


def _ignore_unknown_calls(run: _Invocation, deliveries: Sequence[ReceivedMessage]) -> None:
    """Ignore records about unknown calls, if the stack is configured to and the calls had time to appear.

    A record from reconciliation is ignored at once, without a receipt, because Vapi can be asked for it again.
    """
    for delivery in deliveries:
        if _is_askable(delivery) or (run.services.settings.ignore_unknown_calls and _may_be_ignored(delivery)):
            delivery.error, delivery.disposition = None, Disposition.IGNORED


def _is_askable(delivery: ReceivedMessage) -> bool:
    if delivery.envelope is None or delivery.envelope.origin != BY_ASKING:
        return False
    return isinstance(delivery.error, UnknownCall | PayloadGone)


def _may_be_ignored(delivery: ReceivedMessage) -> bool:
    if isinstance(delivery.error, PayloadGone):
        # Its object existed at the last retry, which ended as ignored and without a receipt.
        return delivery.receive_count > UNKNOWN_CALL_TRIES + 1
    return isinstance(delivery.error, UnknownCall) and is_permanent(delivery)


def _delete_payloads(run: _Invocation, deliveries: Sequence[ReceivedMessage]) -> None:
    """Delete the payloads of records that have ended; records that wait and dead letters may need theirs again."""
    keys = [d.payload_key for d in deliveries if d.payload_key is not None and d.record and d.disposition in _ENDED]
    left = delete_payloads(keys, run.deadline + RESERVE_SECONDS - LONGEST_SECONDS, run.services) if keys else 0
    if left:
        run.measurements.count(Metric.PAYLOAD_LEFT, left, kind=run.kind)
