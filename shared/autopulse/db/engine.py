"""The connection to Postgres: one per container, kept open, with a verified server and a timeout for every wait.

pg8000 does not set the socket options that a Lambda function needs, so it gets a socket that is opened here.
"""

import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any, Final, TypeAlias

import pg8000.dbapi
from sqlalchemy import Connection, CursorResult, Engine, TextClause, create_engine
from sqlalchemy.pool import QueuePool

from autopulse.db.credentials import database_credentials
from autopulse.db.deadline import seconds_left
from autopulse.db.prepared import PreparingConnection
from autopulse.settings import DatabaseSettings, database_settings

CONNECT_SECONDS: Final = 3
READ_SECONDS: Final = 20
"""Longer than the role's statement timeout (15 s, `migration.py`), shorter than the consumers' timeout of 30 s."""
_THIS_MACHINE: Final = {"localhost", "127.0.0.1", "::1", "host.docker.internal"}
"""Hosts without TLS: loopback, and Docker's name of its host (`sam local invoke`)."""

Database: TypeAlias = Engine
"""The engine that opens and keeps the container's one connection."""
Transaction: TypeAlias = Connection
"""A connection in which the first statement begins a transaction, and `commit` or `rollback` ends it."""


def execute(
    transaction: Transaction, statement: TextClause, values: Mapping[str, Any]
) -> "CursorResult[*tuple[Any, ...]]":
    """Execute a statement that is compiled once, with values that the driver accepts unchanged.

    `Transaction.execute` looks up the statement and arranges its values at each execution, which takes some 40 us. This
    function is for the statements of every batch.
    """
    sql, names = _compiled(statement)
    return transaction.exec_driver_sql(sql, tuple([values[name] for name in names]))


@cache
def _compiled(statement: TextClause) -> tuple[str, Sequence[str]]:
    """The statement with the driver's placeholders, and the names of their values in order."""
    from sqlalchemy.dialects.postgresql.pg8000 import PGDialect_pg8000  # noqa: PLC0415 - imported with the first engine

    compiled = statement.compile(dialect=PGDialect_pg8000())  # type: ignore[no-untyped-call] # SQLAlchemy's
    return str(compiled), tuple(compiled.positiontup or ())


@cache
def engine() -> Engine:
    """The container's engine: one connection, opened on first use and dropped by `Transaction.invalidate()`."""
    return engine_to(connect)


def engine_to(creator: Callable[[], pg8000.dbapi.Connection]) -> Engine:
    """An engine that keeps the one connection that `creator` opens; its errors do not contain a statement's values."""
    return create_engine(
        "postgresql+pg8000://",
        creator=creator,
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=0,
        hide_parameters=True,
    )


def connect(
    read_seconds: float | None = READ_SECONDS,
    connection_type: type[PreparingConnection] = PreparingConnection,
    settings: DatabaseSettings | None = None,
) -> PreparingConnection:
    """Connect with the settings; if the password is refused, the secret, perhaps rotated, is read once more."""
    settings = settings or database_settings()
    connect_as = partial(open_connection, connection_type, settings, read_seconds)
    try:
        return connect_as(*database_credentials(settings))
    except pg8000.dbapi.DatabaseError as error:
        if sqlstate(error) not in {"28P01", "28000"}:
            raise
        return connect_as(*database_credentials(settings, refresh=True))


def sqlstate(error: BaseException | None) -> str | None:
    """Postgres' five-character error code, if the server sent one."""
    details: Any = error.args[0] if error is not None and error.args else None
    return details.get("C") if isinstance(details, dict) else None


def open_socket(host: str, port: int, read_seconds: float | None = READ_SECONDS) -> socket.socket:
    """A TCP socket without Nagle's algorithm, which delays each statement by 44 ms, and with a timeout for every wait.

    If `read_seconds` is None, only the `deadline` limits the wait for a statement.
    """
    sock = socket.create_connection((host, port), seconds_left(CONNECT_SECONDS))
    sock.settimeout(seconds_left(read_seconds))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux: gives up if the peer acknowledges nothing, as in a failover
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, READ_SECONDS * 1000)
    return sock


def open_connection(
    connection_type: type[PreparingConnection],
    settings: DatabaseSettings,
    read_seconds: float | None,
    user: str,
    password: str,
) -> PreparingConnection:
    """Connect with this user and password; those of the settings are ignored."""
    sock = open_socket(settings.host, settings.port, read_seconds)
    try:
        return connection_type(
            user,
            password=password,
            database=settings.name,
            host=settings.host,  # the host name that the certificate is checked for
            sock=sock,
            read_seconds=read_seconds,
            ssl_context=_tls(settings),
            application_name="autopulse",
        )
    except BaseException:
        sock.close()
        raise


def _tls(settings: DatabaseSettings) -> ssl.SSLContext | bool:
    """TLS with a verified certificate and host name, except on this machine. pg8000's default would verify nothing."""
    if settings.host in _THIS_MACHINE:
        return False
    return ssl.create_default_context(cafile=settings.ca_file or None)
