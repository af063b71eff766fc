"""pg8000 with statements that are prepared once per connection, and with a timeout for every wait.

pg8000 searches a statement's text for placeholders in Python at every execution, and needs three round trips (parse,
describe, execute). A consumer executes the same few long statements all the time; prepared, each needs one round trip.
"""

from collections.abc import Sequence
from typing import Any

import pg8000.dbapi
from pg8000.converters import JSON as _JSON
from pg8000.converters import JSONB as _JSONB
from pg8000.converters import make_params
from pg8000.core import Context

from autopulse.db.deadline import LAST_WAIT_SECONDS, seconds_left
from autopulse.json_text import read_json

Prepared = tuple[bytes, Any, Any]
"""The statement's name, its result columns, and their converters."""


class PreparingConnection(pg8000.dbapi.Connection):  # type: ignore[misc] # pg8000 has no types
    """A pg8000 connection whose cursors prepare statements with parameters.

    A wait for the server ends after `read_seconds` (None: without a timeout), and at the `deadline`.
    """

    def __init__(self, *args: Any, read_seconds: float | None = None, **kwargs: Any) -> None:  # noqa: ANN401 - passed through to pg8000
        self._prepared: dict[tuple[str, tuple[int, ...]], tuple[Prepared, str]] = {}
        self._read_seconds = read_seconds
        super().__init__(*args, **kwargs)
        for oid in (_JSON, _JSONB):
            self.register_in_adapter(oid, read_json)

    def cursor(self) -> "PreparingCursor":
        """Return a cursor that prepares statements."""
        return PreparingCursor(self)

    def commit(self) -> None:
        """Commit in one round trip instead of pg8000's three."""
        self.execute_simple("commit")

    def rollback(self) -> None:
        """Roll back, if a transaction is open."""
        if self._in_transaction:
            self.execute_simple("rollback")

    def close(self) -> None:
        """Send Terminate, without waiting for a server that does not answer."""
        self._limit_wait(LAST_WAIT_SECONDS)
        super().close()

    def handle_messages(self, context: Context) -> None:
        """Wait for the server's answer, within the timeout."""
        self._limit_wait(self._read_seconds)
        super().handle_messages(context)

    def _send_message(self, code: bytes, data: bytes) -> None:
        self._limit_wait(self._read_seconds)  # while a long statement is sent, this waits for the server to read it
        super()._send_message(code, data)

    def _limit_wait(self, at_most: float | None) -> None:
        if self._usock is not None:
            self._usock.settimeout(seconds_left(at_most))

    def execute_prepared(self, operation: str, args: Sequence[Any], oids: tuple[int, ...]) -> Context:
        """Execute a statement with DB-API placeholders, and prepare it on its first execution in this connection."""
        if not (self._in_transaction or self.autocommit):
            self.execute_simple("begin transaction")
        if (operation, oids) not in self._prepared:
            statement, _ = pg8000.dbapi.convert_paramstyle(pg8000.dbapi.paramstyle, operation, args)
            self._prepared[operation, oids] = self.prepare_statement(statement, oids), statement
        (name, columns, converters), statement = self._prepared[operation, oids]
        return self.execute_named(name, make_params(self.py_types, args), columns, converters, statement)


class PreparingCursor(pg8000.dbapi.Cursor):  # type: ignore[misc] # pg8000 has no types
    """pg8000's cursor, which prepares statements with parameters once."""

    def __init__(self, connection: PreparingConnection) -> None:
        super().__init__(connection)
        self._input_oids: Sequence[int] = ()
        self._connection = connection

    def execute(self, operation: str, args: Sequence[Any] = (), stream: Any = None) -> "PreparingCursor":  # noqa: ANN401 - pg8000's signature
        """Execute one statement; without parameters, or with a COPY stream, as pg8000 does."""
        if not args or stream is not None:
            super().execute(operation, args, stream)
            return self
        self._context = self._connection.execute_prepared(operation, args, tuple(self._input_oids))
        self._row_iter = None if self._context.rows is None else iter(self._context.rows)
        self._input_oids = ()
        return self
