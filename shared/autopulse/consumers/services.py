"""The services of a consumer: settings, the database, its queue, the payload bucket, the bus.

Each function's app.py makes one `Services` and passes it to its handler; tests make their own. Each service is created
on first use and kept as long as the container.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from autopulse.consumers import clients, publisher
from autopulse.consumers.batch import BatchOutcome, apply_batch
from autopulse.consumers.consumer import World
from autopulse.db.engine import engine
from autopulse.db.failures import Fault, diagnose
from autopulse.errors import Transient
from autopulse.guard import place_of
from autopulse.observability import logger
from autopulse.settings import ConsumerSettings, from_environ

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

    from autopulse.aws import EventBridge, Sqs
    from autopulse.consumers.consumer import Consumer, M, Record
    from autopulse.db.engine import Database, Transaction
    from autopulse.domain.events import CallEvent
    from autopulse.domain.pseudonyms import Pseudonyms
    from autopulse.errors import AutoPulseError
    from autopulse.observability import Measurements

T = TypeVar("T")


class TransactionFailed(Exception):
    """A transaction was not committed; this has the kind of fault and the error for its records."""

    def __init__(self, fault: Fault, error: AutoPulseError) -> None:
        super().__init__(error.reason)
        self.fault, self.error = fault, error


class Services:
    """The services of one container."""

    @cached_property
    def settings(self) -> ConsumerSettings:
        """The function's configuration; raises SettingMissing or SettingInvalid."""
        return from_environ(ConsumerSettings)

    @cached_property
    def engine(self) -> Database:
        """The container's one connection to Postgres."""
        return engine()

    @cached_property
    def sqs(self) -> SQSClient:
        """The client of the kind's queue and of its dead-letter queue."""
        return clients.sqs()

    @cached_property
    def recording_queue(self) -> Sqs:
        """The client of the queue of recordings to copy."""
        return clients.recording_queue()

    @cached_property
    def s3(self) -> S3Client:
        """The client of the payload bucket."""
        return clients.s3()

    @cached_property
    def events(self) -> EventBridge:
        """The client of the event bus."""
        return clients.events()

    @cached_property
    def pseudonyms(self) -> Pseudonyms:
        """The pseudonyms by which erased calls are recognised; raises TransactionFailed if their key cannot be read."""
        from autopulse.pseudonym_key import pseudonyms  # noqa: PLC0415 - the key is read once, with the first batch

        try:
            return pseudonyms()
        except Transient as error:
            raise TransactionFailed(Fault.TRANSIENT, error) from None

    def pause(self, seconds: float) -> None:
        """Wait some seconds before the next try."""
        time.sleep(seconds)

    def publish(self, call_events: Sequence[CallEvent], measurements: Measurements) -> None:
        """Put call events on the bus; never raises."""
        publisher.publish(call_events, measurements, self)

    def apply(self, consumer: Consumer[M], records: Sequence[Record[M]]) -> BatchOutcome:
        """Apply a batch in one transaction; raises TransactionFailed."""
        world = World(self.pseudonyms, self.settings.default_organization_id)
        return self.transact(consumer.kind, lambda transaction: apply_batch(transaction, consumer, records, world))

    def transact(self, kind: str, work: Callable[[Transaction], T]) -> T:
        """Run `work` in one transaction and commit it; raises TransactionFailed."""
        try:
            with self.engine.connect() as transaction, _thrown_away_unless_sound(transaction):
                outcome = work(transaction)
                transaction.commit()
        except Exception as error:  # noqa: BLE001 - every error is classified, and raised as one of our own
            fault, ours = diagnose(error)
            if fault is Fault.UNEXPECTED:
                logger().error("unexpected", extra={"kind": kind, "cause": place_of(error)})
            raise TransactionFailed(fault, ours) from None  # the original error's text contains values
        return outcome


@contextmanager
def _thrown_away_unless_sound(transaction: Transaction) -> Iterator[None]:
    """Roll back after an error that bad data caused; drop the connection after any other, or if the rollback fails."""
    try:
        yield
    except Exception as error:
        if diagnose(error)[0] is not Fault.DATA or not _rolled_back(transaction):
            transaction.invalidate()  # the connection's state is unknown
        raise


def _rolled_back(transaction: Transaction) -> bool:
    try:
        transaction.rollback()
    except Exception:  # noqa: BLE001 - the connection is dropped whatever the error is
        logger().warning("roll-back failed")
        return False
    return True
