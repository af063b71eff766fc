"""The readers' connection: each statement is planned for the values at hand."""

import time
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import pg8000.dbapi
from pg8000.core import Context

from autopulse.db.deadline import deadline
from autopulse.db.engine import Database, Transaction, connect, engine_to
from autopulse.db.failures import diagnose
from autopulse.db.prepared import PreparingConnection
from autopulse.errors import Transient

TRIES: Final = 2
"""A container that slept for an hour finds its connection closed."""
Answer = TypeVar("Answer")


class PlanningConnection(PreparingConnection):
    """A connection that prepares nothing.

    A prepared statement gets a generic plan in the end, and none is right for both a rare filter and a common one.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - passed through
        self._statements: dict[str, str] = {}
        super().__init__(*args, **kwargs)
        # One statement sees one snapshot; a transaction around it would only be two more round trips.
        self.autocommit = True

    def execute_prepared(self, operation: str, args: Sequence[Any], oids: tuple[int, ...]) -> Context:
        """Execute a statement in DB-API placeholder style, planned for these arguments."""
        if operation not in self._statements:
            self._statements[operation], _ = pg8000.dbapi.convert_paramstyle(pg8000.dbapi.paramstyle, operation, args)
        return self.execute_unnamed(self._statements[operation], args, oids)


def reading_engine() -> Database:
    """An engine for reading; one connection, made on first use."""
    return engine_to(lambda: connect(connection_type=PlanningConnection))


def read(engine: Database, question: Callable[[Transaction], Answer], seconds: float) -> Answer:
    """Ask; raises DataRejected for values that Postgres cannot take, Transient if there is no answer in time."""
    with deadline(time.monotonic() + seconds):
        for _ in range(1, TRIES):
            try:
                return _ask(engine, question)
            except Transient:
                continue
        return _ask(engine, question)


def _ask(engine: Database, question: Callable[[Transaction], Answer]) -> Answer:
    try:
        with engine.connect() as transaction:
            try:
                return question(transaction)
            except Exception:
                transaction.invalidate()  # what the connection still holds or expects is anybody's guess
                raise
    except Exception as error:  # noqa: BLE001 - it is told apart, and raised as an error of ours
        raise diagnose(error)[1] from None  # its text has values
