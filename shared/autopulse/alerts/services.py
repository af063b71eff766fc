"""The services of the planner of alerts: settings, the database, the sender's queue."""

from collections.abc import Callable
from functools import cached_property
from typing import TypeVar

from autopulse.aws import SQS, Sqs
from autopulse.db.engine import Database, Transaction, engine
from autopulse.db.failures import diagnose
from autopulse.settings import AlertSettings, from_environ

T = TypeVar("T")


class Services:
    """The services of one container."""

    @cached_property
    def settings(self) -> AlertSettings:
        """The function's configuration."""
        return from_environ(AlertSettings)

    @cached_property
    def engine(self) -> Database:
        """The container's one connection to Postgres."""
        return engine()

    @cached_property
    def sqs(self) -> Sqs:
        """The client of the sender's queue."""
        return Sqs(SQS)

    def transact(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in one transaction and commit it; raises Transient or DataRejected."""
        try:
            with self.engine.connect() as transaction:
                try:
                    outcome = work(transaction)
                    transaction.commit()
                except Exception:
                    transaction.invalidate()  # the connection's state is unknown
                    raise
        except Exception as error:  # noqa: BLE001 - every error is classified, and raised as one of our own
            raise diagnose(error)[1] from None  # the original error's text contains values
        return outcome
