"""`make database-check`: what the migration would say, from a database that is only read."""

import socket
import ssl

import pytest

from autopulse.db import engine
from autopulse.db.migration import VERSION_TABLE, upgrade
from local.postgres import FUNCTIONS
from operate import __main__ as operate
from operate import database
from operate.database import CANNOT_TELL, DOES_NOT_FIT, FITS, check
from tests.integration.migrations import application
from tests.integration.migrations.application import run
from tests.integration.migrations.conftest import next_to_write


@pytest.fixture
def reader_url(application_url: str) -> str:
    """The application's database, for who owns nothing in it and may read it."""
    run(application_url, f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {FUNCTIONS}")
    return application_url.replace("//autopulse:", f"//{FUNCTIONS}:")


def test_an_empty_database_fits(empty_database_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(empty_database_url) == FITS == 0
    assert capsys.readouterr().out.startswith("fits")


def test_the_applications_database_fits_whoever_looks(reader_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(reader_url) == FITS
    assert capsys.readouterr().out == "fits: whoever owns its tables can migrate it\n"


def test_what_does_not_fit_is_printed_and_nothing_changed(
    reader_url: str, application_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run(application_url, "ALTER TABLE call ALTER COLUMN status TYPE varchar(10), DROP COLUMN nps_score")
    before = next_to_write(application_url)
    assert check(reader_url) == DOES_NOT_FIT == 1
    assert capsys.readouterr().out == (
        "does not fit:\n"
        "  call.status: varchar(10) found (needed: varchar(20) or wider)\n"
        "  call.nps_score: nothing found (needed: integer)\n"
    )
    assert next_to_write(application_url) == before


def test_a_database_that_was_migrated_fits(application_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    upgrade(application_url)
    ((newest,),) = run(application_url, f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608 - a constant
    assert check(application_url) == FITS
    assert f"migrated already, to revision {newest}" in capsys.readouterr().out


def test_a_url_of_the_applications_own_driver_is_understood(empty_database_url: str) -> None:
    assert check(empty_database_url.replace("postgresql:", "postgresql+asyncpg:") + "?sslmode=disable") == FITS


def test_rows_that_one_may_not_read_are_not_guessed_at(
    application_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two calls with one id of Vapi's would be in the way, and only the rows tell whether there are."""
    run(application_url, application.NARROW)
    stranger = application_url.replace("//autopulse:", f"//{FUNCTIONS}:")
    assert check(stranger) == CANNOT_TELL == 2
    assert capsys.readouterr().err == (
        f"could not tell: {FUNCTIONS} may not read call, the rows of which have to be looked at\n"
    )
    run(application_url, "ALTER TABLE transcript DROP COLUMN role")
    assert check(stranger) == DOES_NOT_FIT


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "host.example.com",
        "mysql://user:secret@127.0.0.1/name",
        "postgresql://127.0.0.1/name",
        "postgresql://user:secret@127.0.0.1",
        "postgresql://user:sec/ret@127.0.0.1/name",
        "postgresql://user:secret@127.0.0.1:port/name",
    ],
)
def test_without_a_whole_url_it_says_what_it_wants(url: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(url) == CANNOT_TELL
    told = capsys.readouterr().err
    assert "DATABASE_URL=postgresql://user:password@host:port/name" in told
    assert "sec" not in told


def test_a_refused_password_is_told_in_the_servers_words_without_it(
    empty_database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    head, _, rest = empty_database_url.partition("autopulse:")
    address = rest.partition("@")[2]
    assert check(f"{head}autopulse:wrong-secret@{address}") == CANNOT_TELL
    told = capsys.readouterr().err
    assert "SQLSTATE 28P01" in told
    assert "wrong-secret" not in told


def test_nobody_there_cannot_tell(capsys: pytest.CaptureFixture[str]) -> None:
    assert check("postgresql://user:secret@127.0.0.1:1/name") == CANNOT_TELL
    assert "refused" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("host", "given", "roots"),
    [
        ("db.example.com", None, None),
        ("db.example.com", "own.pem", "own.pem"),
        ("main.abc.us-east-1.rds.amazonaws.com", None, "rds.pem"),
        ("main.abc.us-east-1.rds.amazonaws.com", "own.pem", "own.pem"),
        ("main.proxy-abc.us-east-1.rds.amazonaws.com", None, None),
    ],
)
def test_elsewhere_the_server_is_verified_by_the_roots_that_know_it(
    host: str, given: str | None, roots: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str | None] = []

    def verify(cafile: str | None = None) -> None:
        asked.append(cafile and cafile.rpartition("/")[2])
        raise OSError("as far as this goes without a network")

    monkeypatch.setattr(ssl, "create_default_context", verify)
    monkeypatch.setattr(engine, "open_socket", lambda *_address: socket.socket())
    monkeypatch.setattr(database, "run_step", lambda _command: None)
    assert check(f"postgresql://user:secret@{host}/name", given) == CANNOT_TELL
    assert asked == [roots]


def test_the_command_reads_the_environment(empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    monkeypatch.setattr(operate, "run_command", lambda work, _interrupted: work())
    monkeypatch.setattr("sys.argv", ["operate", "database-check"])
    assert operate.main() == FITS
