"""The connection to Postgres: one per container, kept, verified, and with every wait bounded.

pg8000 sets none of what a Lambda function needs on its socket, so it gets a socket of ours.
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
"""Above the role's statement time-out (15 s, `migration.py`), below the consumers' 30 s."""
_THIS_MACHINE: Final = {"localhost", "127.0.0.1", "::1", "host.docker.internal"}
"""Hosts without TLS: loopback, and Docker's name for the machine it runs on (`sam local invoke`)."""

Database: TypeAlias = Engine
"""The engine that makes the container's one connection, and keeps it."""
Transaction: TypeAlias = Connection
"""What statements run in: the first of them begins it, `commit` or `rollback` ends it, and the next begins another."""


def execute(
    transaction: Transaction, statement: TextClause, values: Mapping[str, Any]
) -> "CursorResult[*tuple[Any, ...]]":
    """Execute a statement whose values the driver takes as they are; it is compiled once.

    `Transaction.execute` looks a statement up and arranges its values anew each time, which takes some 40 us. What
    every batch says is said in this way.
    """
    sql, names = _compiled(statement)
    return transaction.exec_driver_sql(sql, tuple([values[name] for name in names]))


@cache
def _compiled(statement: TextClause) -> tuple[str, Sequence[str]]:
    """The statement with the driver's placeholders, and the names of their values in order."""
    from sqlalchemy.dialects.postgresql.pg8000 import PGDialect_pg8000  # noqa: PLC0415 - imported with the first engine

    compiled = statement.compile(dialect=PGDialect_pg8000())  # type: ignore[no-untyped-call] # SQLAlchemy's own
    return str(compiled), tuple(compiled.positiontup or ())


@cache
def engine() -> Engine:
    """The container's engine: one connection, made on first use, thrown away by `Transaction.invalidate()`."""
    return engine_to(connect)


def engine_to(creator: Callable[[], pg8000.dbapi.Connection]) -> Engine:
    """An engine that keeps the one connection that `creator` makes; its errors say nothing of a statement's values."""
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
    """Connect as the settings say; a refused password is read again once, since it may have been rotated."""
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
    """A TCP socket with Nagle's algorithm off (44 ms a statement otherwise) and a bound on every wait.

    `read_seconds` None waits as long as a statement takes; the `deadline` ends every wait.
    """
    sock = socket.create_connection((host, port), seconds_left(CONNECT_SECONDS))
    sock.settimeout(seconds_left(read_seconds))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux: gives up on a peer that acknowledges nothing, as in a failover
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, READ_SECONDS * 1000)
    return sock


def open_connection(
    connection_type: type[PreparingConnection],
    settings: DatabaseSettings,
    read_seconds: float | None,
    user: str,
    password: str,
) -> PreparingConnection:
    """Connect with this user and password, whatever the settings say of either."""
    sock = open_socket(settings.host, settings.port, read_seconds)
    try:
        return connection_type(
            user,
            password=password,
            database=settings.name,
            host=settings.host,  # the name that the certificate is checked against
            sock=sock,
            read_seconds=read_seconds,
            ssl_context=_tls(settings),
            application_name="autopulse",
        )
    except BaseException:
        sock.close()
        raise


def _tls(settings: DatabaseSettings) -> ssl.SSLContext | bool:
    """Certificate and host name verified, except on this machine; never pg8000's default, which verifies nothing."""
    if settings.host in _THIS_MACHINE:
        return False
    return ssl.create_default_context(cafile=settings.ca_file or None)
