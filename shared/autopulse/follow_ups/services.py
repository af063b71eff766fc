"""What the function of the follow-ups works with: settings, the database, the bus."""

import time
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from autopulse.consumers import clients
from autopulse.db.engine import Database, Transaction, engine
from autopulse.db.failures import diagnose
from autopulse.errors import Problem
from autopulse.settings import FollowUpSettings, from_environ

if TYPE_CHECKING:
    from autopulse.aws import EventBridge

T = TypeVar("T")


class Services:
    """A container's services."""

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
        """The event bus."""
        return clients.events()

    def pause(self, seconds: float) -> None:
        """Seconds to wait before the next try."""
        time.sleep(seconds)

    def transact(self, work: Callable[[Transaction], T]) -> T:
        """Do the work in one transaction and commit it; raises the work's Problem, else Transient or DataRejected."""
        try:
            with self.engine.connect() as transaction:
                try:
                    outcome = work(transaction)
                    transaction.commit()
                except Problem:
                    transaction.rollback()
                    raise
                except Exception:
                    transaction.invalidate()  # what it still holds or expects of the server is anybody's guess
                    raise
        except Problem:
            raise
        except Exception as error:  # noqa: BLE001 - it is told apart, and raised as an error of ours
            raise diagnose(error)[1] from None  # its text has values
        return outcome
