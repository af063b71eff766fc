"""The prepared driver does what pg8000's own does, only faster: the same statements through both."""

import io
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

import pg8000.dbapi
import pytest
from sqlalchemy import text

from autopulse.db.engine import engine_to, sqlstate
from autopulse.db.failures import Fault, diagnose
from autopulse.db.prepared import PreparingConnection

Driver = Any
"""A connection; pg8000 has no types."""
PLAIN = pg8000.dbapi.Connection
PARAMETERS: list[Sequence[Any]] = [
    [1, "text", None],
    [2, "", 3],
    [3, "100 % sure, 'quoted' \"twice\" $1 %s :name \\ Straße 車", -(2**31)],
    [4, "a" * 300_000, 2**31 - 1],
]


def _connect(connection_class: Driver, url: str) -> Driver:
    parts = urlsplit(url)
    return connection_class(
        parts.username,
        password=unquote(parts.password or ""),
        host=parts.hostname,
        port=parts.port,
        database=parts.path.lstrip("/"),
        timeout=20,
    )


@pytest.fixture(params=[PLAIN, PreparingConnection], ids=["pg8000", "prepared"])
def connection(request: pytest.FixtureRequest, module_database_url: str) -> Iterator[Driver]:
    """Every test runs on both: what it expects is what pg8000 does."""
    connection = _connect(request.param, module_database_url)
    connection.cursor().execute("CREATE TEMPORARY TABLE item (id int PRIMARY KEY, name text, size int)")
    connection.commit()
    yield connection
    connection.close()


def _rows(connection: Driver, statement: str, *args: object) -> list[list[Any]]:
    cursor = connection.cursor()
    cursor.execute(statement, args)
    return list(cursor.fetchall())


def test_parameters_arrive_as_they_were_given(connection: Driver) -> None:
    cursor = connection.cursor()
    for _ in range(2):
        for parameters in PARAMETERS:
            cursor.execute("INSERT INTO item VALUES (%s, %s, %s)", parameters)
            assert cursor.rowcount == 1
            assert cursor.description is None
        assert _rows(connection, "SELECT * FROM item WHERE id > %s ORDER BY id", 0) == PARAMETERS
        connection.rollback()
    assert _rows(connection, "SELECT count(*) FROM item WHERE id > %s", 0) == [[0]]


@pytest.mark.parametrize(
    ("value", "type_"),
    [
        (True, "boolean"),
        (Decimal("12.340000"), "numeric"),
        (2**40, "bigint"),
        (datetime(2026, 11, 2, 15, 0, 0, 123456, tzinfo=timezone.utc), "timestamptz"),
        (UUID("00000000-0000-4000-8000-0000000000a1"), "uuid"),
        ({"a": [1, "x", None]}, "jsonb"),
        ([1, 2, None], "integer[]"),
        (b"\x00\xff", "bytea"),
        (None, "text"),
    ],
)
def test_values_of_all_types_come_back_as_they_went(connection: Driver, value: object, type_: str) -> None:
    for _ in range(2):
        assert _rows(connection, f"SELECT CAST(%s AS {type_})", value) == [[value]]


def test_the_same_statement_takes_other_types_of_parameters(connection: Driver) -> None:
    for value, oid, type_ in ((1, 23, "integer"), ("one", 25, "text"), (None, 25, "text"), (2, 23, "integer")):
        cursor = connection.cursor()
        cursor.setinputsizes(oid)
        cursor.execute("SELECT pg_typeof(%s)::text", (value,))
        assert cursor.fetchone() == [type_]


def test_the_cursor_answers_like_any_other(connection: Driver) -> None:
    cursor = connection.cursor()
    cursor.execute("SELECT n, n * 2 AS twice FROM generate_series(1, %s) AS n", (5,))
    assert [column[0] for column in cursor.description] == ["n", "twice"]
    assert cursor.rowcount == 5
    assert cursor.fetchone() == [1, 2]
    assert cursor.fetchmany(2) == ([2, 4], [3, 6])
    assert cursor.fetchall() == ([4, 8], [5, 10])
    cursor.executemany("INSERT INTO item (id) VALUES (%s)", [(1,), (2,)])
    assert cursor.rowcount == 2
    cursor.execute("SELECT id FROM item WHERE id = %s", (9,))
    assert cursor.fetchall() == ()


def test_statements_without_parameters_and_copies_pass_through(connection: Driver) -> None:
    cursor = connection.cursor()
    cursor.execute("SELECT '100 %'")
    assert cursor.fetchall() == (["100 %"],)
    cursor.execute("COPY item FROM STDIN", stream=io.BytesIO(b"1\tone\t1\n"))
    assert _rows(connection, "SELECT name FROM item WHERE id = %s", 1) == [["one"]]


@pytest.mark.parametrize(
    ("statement", "parameters", "state"),
    [
        ("INSERT INTO item (id) VALUES (%s)", (None,), "23502"),
        ("INSERT INTO item (id) VALUES (%s)", (2**40,), "22003"),
        ("SELECT 1 / %s", (0,), "22012"),
        ("SELECT %s FROM nowhere", (1,), "42P01"),
        ("SELEC %s", (1,), "42601"),
        ("SELECT CAST(%s AS text)", ("\x00",), "22021"),
    ],
)
def test_an_error_has_its_code_and_leaves_the_connection_in_step(
    connection: Driver,
    statement: str,
    parameters: tuple[Any, ...],
    state: str,
) -> None:
    for _ in range(2):
        cursor = connection.cursor()
        cursor.execute("INSERT INTO item (id) VALUES (%s)", (1,))
        with pytest.raises(pg8000.dbapi.DatabaseError) as caught:
            cursor.execute(statement, parameters)
        assert sqlstate(caught.value) == state
        with pytest.raises(pg8000.dbapi.DatabaseError) as aborted:
            cursor.execute("SELECT %s", (1,))
        assert sqlstate(aborted.value) == "25P02"
        connection.rollback()
        assert _rows(connection, "SELECT count(*), CAST(%s AS int) FROM item", 7) == [[0, 7]]
        connection.rollback()


def test_a_failed_transaction_cannot_be_committed(connection: Driver) -> None:
    with pytest.raises(pg8000.dbapi.DatabaseError):
        connection.cursor().execute("SELECT 1 / %s", (0,))
    with pytest.raises(pg8000.dbapi.InterfaceError, match="in failed transaction block"):
        connection.commit()


def test_a_commit_is_seen_by_others_and_a_roll_back_is_not(
    connection: Driver,
    module_database_url: str,
) -> None:
    other = _connect(PLAIN, module_database_url)
    connection.commit()
    connection.rollback()
    for name, end in (("kept", connection.commit), ("lost", connection.rollback)):
        connection.cursor().execute("INSERT INTO organization VALUES (gen_random_uuid(), %s)", (name,))
        end()
    assert _rows(other, "SELECT name FROM organization WHERE name = ANY (%s)", ["kept", "lost"]) == [["kept"]]
    _rows(other, "DELETE FROM organization RETURNING %s", 1)
    other.commit()
    other.close()


def test_a_commit_that_fails_says_why(connection: Driver) -> None:
    cursor = connection.cursor()
    cursor.execute("CREATE TEMPORARY TABLE late (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
    cursor.execute("INSERT INTO late SELECT 1 FROM generate_series(1, %s)", (2,))
    with pytest.raises(pg8000.dbapi.DatabaseError) as caught:
        connection.commit()
    assert sqlstate(caught.value) == "23505"
    assert _rows(connection, "SELECT CAST(%s AS int)", 1) == [[1]]


def test_autocommit_needs_no_commit(connection: Driver) -> None:
    connection.autocommit = True
    connection.cursor().execute("INSERT INTO item (id) VALUES (%s)", (1,))
    connection.rollback()
    assert _rows(connection, "SELECT id FROM item WHERE id = %s", 1) == [[1]]


def test_a_statement_is_prepared_once_and_outlives_a_roll_back(module_database_url: str) -> None:
    connection = _connect(PreparingConnection, module_database_url)
    for _ in range(3):
        _rows(connection, "SELECT CAST(%s AS int)", 1)
        connection.rollback()
    _rows(connection, "SELECT CAST(%s AS int) + 1", 1)
    assert _rows(connection, "SELECT count(*) FROM pg_prepared_statements WHERE %s = 1", 1) == [[3]]
    connection.close()


@pytest.mark.parametrize(
    ("before", "change", "state"),
    [
        ("SELECT * FROM organization WHERE name <> :name", "ALTER TABLE organization ADD COLUMN later int", "0A000"),
        (
            "SELECT kind FROM webhook_event WHERE kind <> :name",
            "ALTER TABLE webhook_event ALTER kind TYPE text",
            "0A000",
        ),
        ("SELECT outcome FROM call WHERE outcome <> :name", "ALTER TABLE call DROP COLUMN outcome", "42703"),
    ],
)
def test_a_schema_change_under_a_statement_is_transient(
    before: str, change: str, state: str, database_url: str
) -> None:
    """So the connection is thrown away, and what can be done anew is done on the next."""
    engine = engine_to(lambda: _connect(PreparingConnection, database_url))
    with engine.connect() as transaction:
        transaction.execute(text(before), {"name": "x"})
        transaction.commit()
        other = _connect(PLAIN, database_url)
        other.cursor().execute(change)
        other.commit()
        other.close()
        with pytest.raises(Exception, match=state) as caught:
            transaction.execute(text(before), {"name": "x"})
        fault, error = diagnose(caught.value)
        assert (fault, error.detail) == (Fault.TRANSIENT, f"SQLSTATE {state}")
        transaction.invalidate()
    if state == "0A000":
        with engine.connect() as transaction:
            assert transaction.execute(text(before), {"name": "x"}).all() == []
    engine.dispose()


@pytest.mark.parametrize("use", [lambda c: c.cursor().execute("SELECT %s", (1,)), lambda c: c.commit()])
def test_a_closed_connection_says_so(connection: Driver, use: Callable[[Driver], object]) -> None:
    other = _connect(type(connection), _url_of(connection))
    other.close()
    with pytest.raises(pg8000.dbapi.InterfaceError, match="connection is closed"):
        use(other)


def _url_of(connection: Driver) -> str:
    host, port = connection._usock.getpeername()[:2]  # noqa: SLF001 - where it is connected to
    database = _rows(connection, "SELECT current_database() WHERE %s = 1", 1)[0][0]
    return f"postgresql://{connection.user.decode()}:{connection.password.decode()}@{host}:{port}/{database}"
