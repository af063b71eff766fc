"""The services of the callers' function: settings, the database, the pseudonyms of numbers."""

from collections.abc import Callable
from functools import cached_property
from typing import Final, TypeVar

from autopulse import pseudonym_key
from autopulse.db.engine import Database, Transaction, engine
from autopulse.domain.pseudonyms import Pseudonyms
from autopulse.follow_ups.services import transact
from autopulse.settings import CallerSettings, from_environ

T = TypeVar("T")
ANSWER_SECONDS: Final = 2.0
"""The time limit in seconds of database work for Vapi's requests; the verifier waits for 2.5 s."""
REQUEST_SECONDS: Final = 6.0
"""The time limit in seconds of database work for people's requests; the function's timeout is 10 s."""


class Services:
    """The services of one container."""

    @cached_property
    def settings(self) -> CallerSettings:
        """The function's configuration."""
        return from_environ(CallerSettings)

    @cached_property
    def engine(self) -> Database:
        """The container's one connection to Postgres."""
        return engine()

    @property
    def pseudonyms(self) -> Pseudonyms:
        """The pseudonyms of suppressed numbers; raises Transient."""
        return pseudonym_key.pseudonyms()

    def transact(self, work: Callable[[Transaction], T], most_seconds: float = REQUEST_SECONDS) -> T:
        """Run `work` in one transaction and commit it; raises the work's Problem, else Transient or DataRejected."""
        return transact(self.engine, work, most_seconds)
