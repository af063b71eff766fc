"""Check how the connection is made: verified, bounded, and with a rotated password read again."""

import socket
import ssl
from typing import Any, ClassVar

import pg8000.dbapi
import pytest

from autopulse.db import deadline, engine
from autopulse.db.prepared import PreparingConnection
from autopulse.settings import DatabaseSettings


class Socket:
    """A socket that keeps what is set on it."""

    def __init__(self) -> None:
        self.options: dict[tuple[int, int], int] = {}
        self.seconds: float | None = None
        self.closed = False

    def setsockopt(self, level: int, option: int, value: int) -> None:
        self.options[level, option] = value

    def settimeout(self, seconds: float | None) -> None:
        self.seconds = seconds

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, float | None, Socket]]:
    """Addresses connected to, with the time that connecting had."""
    opened: list[tuple[object, float | None, Socket]] = []

    def create_connection(address: object, seconds: float | None) -> Socket:
        opened.append((address, seconds, Socket()))
        return opened[-1][2]

    monkeypatch.setattr(socket, "create_connection", create_connection)
    return opened


class Driver(PreparingConnection):
    """Notes what it was given; some passwords fail."""

    given: ClassVar[list[dict[str, Any]]] = []

    def __init__(self, user: str, **arguments: Any) -> None:  # noqa: ANN401 - as pg8000
        self.given.append({"user": user, **arguments})
        refusal = {"old": "28P01", "busy": "53300"}.get(arguments["password"])
        if refusal:
            raise pg8000.dbapi.DatabaseError({"C": refusal})


@pytest.fixture
def logins() -> list[dict[str, Any]]:
    """Return what the driver was given."""
    Driver.given.clear()
    return Driver.given


def _settings(host: str, ca_file: str = "") -> DatabaseSettings:
    return DatabaseSettings(
        host=host, port=5432, name="calls", by_iam=False, user="", secret_arn="arn", ca_file=ca_file
    )


def _configure(monkeypatch: pytest.MonkeyPatch, *passwords: str, host: str = "db.example") -> None:
    def credentials(_settings: DatabaseSettings, *, refresh: bool = False) -> tuple[str, str]:
        return "app", passwords[-1 if refresh else 0]

    monkeypatch.setattr(engine, "database_settings", lambda: _settings(host))
    monkeypatch.setattr(engine, "database_credentials", credentials)


def test_no_packet_waits_for_company_and_no_wait_is_for_ever(
    opened: list[tuple[object, float | None, Socket]],
) -> None:
    engine.open_socket("db.example", 5432)
    ((address, connect_seconds, sock),) = opened
    assert address == ("db.example", 5432)
    assert connect_seconds == engine.CONNECT_SECONDS == 3
    assert sock.seconds == engine.READ_SECONDS
    assert sock.options[socket.IPPROTO_TCP, socket.TCP_NODELAY] == 1
    assert sock.options[socket.SOL_SOCKET, socket.SO_KEEPALIVE] == 1
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        assert sock.options[socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT] == 1000 * engine.READ_SECONDS


def test_connecting_ends_at_the_deadline_too(opened: list[tuple[object, float | None, Socket]]) -> None:
    with deadline.deadline(0):
        engine.open_socket("db.example", 5432, read_seconds=None)
    ((_, connect_seconds, sock),) = opened
    assert connect_seconds == sock.seconds == deadline.LAST_WAIT_SECONDS


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "host.docker.internal"])
def test_on_this_machine_there_is_no_tls(
    host: str,
    monkeypatch: pytest.MonkeyPatch,
    opened: list[tuple[object, float | None, Socket]],
    logins: list[dict[str, Any]],
) -> None:
    _configure(monkeypatch, "good", host=host)
    engine.connect(connection_type=Driver)
    assert len(opened) == 1
    assert logins[0]["ssl_context"] is False


@pytest.mark.parametrize("host", ["db.example", "10.0.0.5", "localhost.example"])
def test_elsewhere_certificate_and_name_are_verified(
    host: str,
    monkeypatch: pytest.MonkeyPatch,
    opened: list[tuple[object, float | None, Socket]],
    logins: list[dict[str, Any]],
) -> None:
    _configure(monkeypatch, "good", host=host)
    engine.connect(connection_type=Driver)
    context = logins[0]["ssl_context"]
    assert isinstance(context, ssl.SSLContext)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert logins[0]["host"] == host
    assert logins[0]["sock"] is opened[0][2]


def test_a_certificate_file_of_ones_own_replaces_the_systems_roots(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str | None] = []
    monkeypatch.setattr(ssl, "create_default_context", lambda *, cafile: asked.append(cafile))
    for file in ("", "/opt/rds.pem"):
        engine._tls(_settings("db.example", file))  # noqa: SLF001 - what connecting decides by
    assert asked == [None, "/opt/rds.pem"]


def test_a_rotated_password_is_read_again_once(
    monkeypatch: pytest.MonkeyPatch,
    opened: list[tuple[object, float | None, Socket]],
    logins: list[dict[str, Any]],
) -> None:
    _configure(monkeypatch, "old", "new")
    engine.connect(connection_type=Driver)
    assert [login["password"] for login in logins] == ["old", "new"]
    assert [sock.closed for _, _, sock in opened] == [True, False]


def test_a_password_that_is_still_refused_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
    opened: list[tuple[object, float | None, Socket]],
    logins: list[dict[str, Any]],
) -> None:
    _configure(monkeypatch, "old", "old")
    with pytest.raises(pg8000.dbapi.DatabaseError):
        engine.connect(connection_type=Driver)
    assert len(logins) == 2
    assert all(sock.closed for _, _, sock in opened)


def test_a_full_server_is_not_asked_with_another_password(
    monkeypatch: pytest.MonkeyPatch,
    opened: list[tuple[object, float | None, Socket]],
    logins: list[dict[str, Any]],
) -> None:
    _configure(monkeypatch, "busy", "new")
    with pytest.raises(pg8000.dbapi.DatabaseError):
        engine.connect(connection_type=Driver)
    assert len(logins) == len(opened) == 1
    assert opened[0][2].closed
