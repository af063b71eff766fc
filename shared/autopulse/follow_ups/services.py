"""The services of the follow-ups' function: settings, the database, the bus."""

import time
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Final, TypeVar

from autopulse.consumers import clients
from autopulse.db.deadline import deadline
from autopulse.db.engine import Database, Transaction, engine
from autopulse.db.failures import diagnose
from autopulse.errors import Problem, Transient
from autopulse.settings import FollowUpSettings, from_environ

if TYPE_CHECKING:
    from autopulse.aws import EventBridge

T = TypeVar("T")
MOST_SECONDS: Final = 15
"""The time limit of one change in seconds, with its retry; the function's timeout is 20 s."""


class _NotCommitted(Exception):
    """The work failed before its commit; the cause is the error."""


def _told(error: _NotCommitted) -> Exception:
    cause = error.__cause__
    return diagnose(cause)[1] if isinstance(cause, Exception) else error


def _commit(transaction: Transaction) -> None:
    try:
        transaction.commit()
    except Exception as error:  # noqa: BLE001 - every error is classified, and raised as one of our own
        transaction.invalidate()
        raise diagnose(error)[1] from None  # the original error's text contains values


class Services:
    """The services of one container."""

    @cached_property
    def settings(self) -> FollowUpSettings:
        """The function's configuration."""
        return from_environ(FollowUpSettings)

    @cached_property
    def engine(self) -> Database:
        """The container's one connection to Postgres."""
        return engine()

    @cached_property
    def events(self) -> "EventBridge":
        """The client of the event bus."""
        return clients.events()

    def pause(self, seconds: float) -> None:
        """Wait some seconds before the next try."""
        time.sleep(seconds)

    def transact(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` as the function `transact` does, within `MOST_SECONDS`."""
        return transact(self.engine, work, MOST_SECONDS)


def transact(database: Database, work: Callable[[Transaction], T], most_seconds: float) -> T:
    """Run `work` in one transaction and commit it; raises the work's Problem, else Transient or DataRejected.

    After an outage `work` is run once more: the server may have closed the kept connection, and a failed transaction
    has changed nothing. A commit whose answer is lost is not repeated. All of it takes at most `most_seconds`.
    """
    with deadline(time.monotonic() + most_seconds):
        try:
            return _try(database, work)
        except _NotCommitted as error:
            if not isinstance(_told(error), Transient):
                raise _told(error) from None  # the original error's text contains values
        try:
            return _try(database, work)
        except _NotCommitted as error:
            raise _told(error) from None


def _try(database: Database, work: Callable[[Transaction], T]) -> T:
    try:
        with database.connect() as transaction:
            try:
                outcome = work(transaction)
            except Problem:
                transaction.rollback()
                raise
            except Exception:
                transaction.invalidate()  # the connection's state is unknown
                raise
            _commit(transaction)
    except (Problem, Transient):
        raise
    except Exception as error:
        raise _NotCommitted from error
    return outcome
