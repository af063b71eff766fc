"""The read API's connection, in which each statement is planned for its values."""

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
"""A container that was idle for an hour finds its connection closed."""
Answer = TypeVar("Answer")


class PlanningConnection(PreparingConnection):
    """A connection that does not keep prepared statements.

    A prepared statement gets a generic plan after some executions, which cannot suit both rare and common filter
    values.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - passed through to pg8000
        self._statements: dict[str, str] = {}
        super().__init__(*args, **kwargs)
        # A single statement sees one snapshot; a transaction around it would only add two round trips.
        self.autocommit = True

    def execute_prepared(self, operation: str, args: Sequence[Any], oids: tuple[int, ...]) -> Context:
        """Execute a statement with DB-API placeholders, planned for these arguments."""
        if operation not in self._statements:
            self._statements[operation], _ = pg8000.dbapi.convert_paramstyle(pg8000.dbapi.paramstyle, operation, args)
        return self.execute_unnamed(self._statements[operation], args, oids)


def reading_engine() -> Database:
    """An engine for reading, with one connection that is opened on first use."""
    return engine_to(lambda: connect(connection_type=PlanningConnection))


def read(engine: Database, question: Callable[[Transaction], Answer], seconds: float) -> Answer:
    """Run a query; raises DataRejected for values that Postgres rejects, Transient without a timely answer."""
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
                transaction.invalidate()  # the connection's state is unknown
                raise
    except Exception as error:  # noqa: BLE001 - every error is classified, and raised as one of our own
        raise diagnose(error)[1] from None  # the original error's text contains values
