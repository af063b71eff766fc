"""Changes of tables that others go on reading and writing meanwhile: with short locks, and each to be run again."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from alembic import op
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from autopulse.db.column_types import widen
from autopulse.db.engine import sqlstate

_TYPE: Final = text("""
    SELECT format_type(atttypid, atttypmod) FROM pg_attribute
    WHERE attrelid = to_regclass(:table) AND attname = :column
""")
UNIQUE_VIOLATION: Final = "23505"
TRIES: Final = 5


@contextmanager
def without_transaction() -> Iterator[None]:
    """Each statement within is a transaction of its own."""
    with op.get_context().autocommit_block():
        # SQLAlchemy asks pg8000 for the isolation level that it changes here, which begins a transaction.
        op.execute("COMMIT")
        yield


def execute_each(statements: Iterable[str]) -> None:
    """Execute each in a transaction of its own: locks on two tables at once would make deadlocks with others."""
    with without_transaction():
        for statement in statements:
            op.execute(statement)


def widen_columns(columns: Mapping[str, Mapping[str, str]]) -> None:
    """Let columns hold what is needed, table -> column -> type, besides what they hold; each table in one statement."""
    changes = {table: list(_widenings(table, of_table)) for table, of_table in columns.items()}
    execute_each(f"ALTER TABLE {table} {', '.join(of_table)}" for table, of_table in changes.items() if of_table)


def _widenings(table: str, columns: Mapping[str, str]) -> Iterator[str]:
    for column, needed in columns.items():
        found = op.get_bind().scalar(_TYPE, {"table": table, "column": column})
        if wider := widen(str(found), needed):
            yield f"ALTER COLUMN {column} TYPE {wider}"


def build(indexes: Mapping[str, str]) -> None:
    """Build indexes, name -> definition, that are not there yet, concurrently.

    An interrupted build leaves an invalid index of that name behind, which is dropped and built again; so is the
    application's own index of that name, if it is not unique as ours has to be.
    """
    with without_transaction():
        # Waiting for older transactions blocks nobody here, so it may take as long as it takes.
        op.execute("SET lock_timeout = 0")
        for name, definition in indexes.items():
            _build_without_duplicates(name, definition)


def move_duplicates() -> None:
    """Leave each call its newest feedback row; older ones move to `call_feedback_duplicate`, and nothing is lost."""
    op.execute(
        """
        WITH ranked AS (
            SELECT id, row_number() OVER (PARTITION BY call_id ORDER BY created_at DESC NULLS LAST, id DESC) AS place
            FROM call_feedback
        ), moved AS (
            DELETE FROM call_feedback USING ranked
            WHERE call_feedback.id = ranked.id AND ranked.place > 1
            RETURNING call_feedback.*
        )
        INSERT INTO call_feedback_duplicate SELECT * FROM moved;
        """
    )


def _build_without_duplicates(name: str, definition: str) -> None:
    """The application may have written another feedback row of a call since they were moved."""
    for attempt in range(1, TRIES + 1):
        try:
            _build(name, definition)
        except DBAPIError as error:
            if sqlstate(error.orig) != UNIQUE_VIOLATION or attempt == TRIES:
                raise
            move_duplicates()
        else:
            return


def _build(name: str, definition: str) -> None:
    kind, rest = definition.split("INDEX {name}")
    useless = text(
        "SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(:name) AND NOT (indisvalid AND indisunique >= :unique)"
    )
    if op.get_bind().execute(useless, {"name": name, "unique": kind == "UNIQUE "}).first():
        op.execute(f"DROP INDEX CONCURRENTLY {name}")
    op.execute(f"CREATE {kind}INDEX CONCURRENTLY IF NOT EXISTS {name}{rest}")
