"""The embedded Postgres: survives a kill at any moment, and leaves nothing behind."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from pg8000.exceptions import DatabaseError

from local import ports
from local.database import connect
from local.postgres import FUNCTIONS, PostgresServer
from local.stack_paths import LOOPBACK
from tests.server_directories import PREFIX, parent_of_servers, server_directory


@pytest.fixture
def directory() -> Iterator[Path]:
    with server_directory() as directory:
        yield directory


@pytest.fixture
def server(directory: Path) -> Iterator[PostgresServer]:
    server = PostgresServer(directory, durable=False)
    yield server
    server.remove()
    assert server.find() is None


def test_data_outlives_a_kill(server: PostgresServer) -> None:
    port = ports.find_any()
    server.start(port)
    server.create_database("kept", port)
    killed = server.find()
    assert killed is not None
    killed.kill()
    server.start(port)
    with connect(server.database_url("kept", port)) as connection:
        assert connection.run("SELECT 1") == [[1]]


def test_a_stack_restarts_on_another_port_with_its_data(server: PostgresServer) -> None:
    first, second = ports.find_any(), ports.find_any()
    server.start(first)
    server.create_database("kept", first)
    server.start(second)
    assert server.find_address() == (LOOPBACK, second)
    with connect(server.database_url("kept", second)) as connection:
        assert connection.run("SELECT 1") == [[1]]


def test_an_interrupted_initialisation_is_done_again(server: PostgresServer, directory: Path) -> None:
    unfinished = directory / "data.unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    port = ports.find_any()
    server.start(port)
    assert server.find_address() == (LOOPBACK, port)


def test_a_stale_pid_file_is_no_obstacle(server: PostgresServer, directory: Path) -> None:
    port = ports.find_any()
    server.start(port)
    server.stop()
    (directory / "data" / "postmaster.pid").write_text("1\n/elsewhere\n0\n1\n\n*\n0 0\nready\n")
    server.start(port)
    assert server.find_address() == (LOOPBACK, port)


def test_a_server_without_its_pid_file_is_still_stopped(server: PostgresServer, directory: Path) -> None:
    server.start(ports.find_any())
    (directory / "data" / "postmaster.pid").unlink()
    server.stop()
    assert server.find() is None


def test_the_owner_is_no_superuser(server: PostgresServer) -> None:
    port = ports.find_any()
    server.start(port)
    server.create_database("own", port)
    with connect(server.database_url("own", port)) as connection:
        assert connection.run("SELECT rolsuper FROM pg_roles WHERE rolname = current_user") == [[False]]


def test_a_password_opens_its_own_role_and_no_other(directory: Path) -> None:
    server = PostgresServer(directory, durable=False, own_passwords=True)
    port = ports.find_any()
    try:
        PostgresServer(directory, durable=False).start(port)  # as an older version left it
        server.start(port)
        server.create_database("own", port)
        url = server.database_url("own", port)
        with connect(url) as connection:
            assert connection.run("SELECT 1") == [[1]]
        for other in (FUNCTIONS, "postgres"):
            with pytest.raises(DatabaseError, match="password authentication failed"):
                connect(url.replace("//autopulse:", f"//{other}:"))
    finally:
        server.remove()


def test_the_server_of_a_killed_test_run_is_removed_by_the_next_run() -> None:
    killed = subprocess.Popen(["true"])  # noqa: S607 - any program that ends
    killed.wait()
    left = parent_of_servers() / f"{PREFIX}{killed.pid}-left"
    left.mkdir()
    left.chmod(0o755)
    server = PostgresServer(left / "server", durable=False)
    server.start(ports.find_any())
    with server_directory():
        assert server.find() is None
    assert not left.exists()
