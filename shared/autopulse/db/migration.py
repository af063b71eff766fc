"""Migrate a database's schema; this runs on every deploy, before new consumers take traffic."""

import logging
import time
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import pg8000.dbapi
from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from autopulse.db import deadline
from autopulse.db.compatibility import DatabaseDoesNotFit, find_misfits
from autopulse.db.engine import connect, engine_to, open_socket, sqlstate
from autopulse.db.outcomes import give_outcomes
from autopulse.db.privileges import FunctionsRole, grant, set_up_sessions
from autopulse.db.reasons import give_reasons
from autopulse.db.words import give_words
from autopulse.errors import Transient
from autopulse.settings import database_settings, migration_settings

SCRIPTS: Final = Path(__file__).parent / "migrations"
VERSION_TABLE: Final = "autopulse_calls_version"
"""Our own version table: the application may have an `alembic_version` for its revisions in the same schema."""
LOCK_KEY: Final = 4_207_130_015
"""The advisory lock that says that migrations are running: any number that nothing else uses."""
LOCK_TIMEOUT_SECONDS: Final = 5
"""The lock timeout of a change of a table; during a longer wait all other statements would queue behind it."""
TRIES: Final = 10
BUSY: Final = frozenset({"55P03", "40P01"})
"""SQLSTATEs of a conflict with another user of the table: lock not available, deadlock."""

_log = logging.getLogger(__name__)


def upgrade(dsn: str, *roles: FunctionsRole) -> None:
    """Migrate the database at `postgresql://user:password@host:port/name` on this machine (no TLS)."""
    engine = engine_to(lambda: _connect(dsn))
    try:
        upgrade_engine(engine, *roles)
    finally:
        engine.dispose()


def upgrade_configured() -> None:
    """Migrate the database of the settings; index builds are limited only by the `deadline`.

    An index build that runs at the deadline is continued by Postgres, and found by the next run.
    """
    settings = migration_settings()
    engine, by_iam = engine_to(lambda: connect(read_seconds=None, settings=settings)), database_settings().by_iam
    named = (
        FunctionsRole(settings.user, by_iam),
        FunctionsRole(settings.reader, by_iam, only_reads=True),
        FunctionsRole(settings.writer, by_iam, writes_follow_ups=True),
        FunctionsRole(settings.caller, by_iam, answers_callers=True),
        FunctionsRole(settings.eraser, by_iam, erases=True),
    )
    try:
        upgrade_engine(engine, *(role for role in named if role.name))
    finally:
        engine.dispose()


def upgrade_engine(engine: Engine, *roles: FunctionsRole) -> None:
    """Migrate to the newest revision known here; one run at a time, retrying while a table is locked.

    Then the functions get access: as roles of their own, or if there are none, as the role that migrates. A database
    with a newer revision (a deploy is being rolled back) is left alone. A database that was never migrated is checked
    first; if it does not fit, this raises DatabaseDoesNotFit and changes nothing.
    """
    with engine.connect() as connection:
        try:
            _wait_for_turn(connection)
            if _retry_while_locked(connection):
                for role in roles:
                    grant(connection, role)
                set_up_sessions(connection, roles)
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": LOCK_KEY})
            connection.commit()
        except BaseException:
            connection.invalidate()  # releases all that it holds, the advisory lock too
            raise


def _connect(dsn: str) -> pg8000.dbapi.Connection:
    parts = urlsplit(dsn)
    sock = open_socket(parts.hostname or "127.0.0.1", parts.port or 5432, read_seconds=None)
    return pg8000.dbapi.Connection(
        unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        database=parts.path.lstrip("/"),
        sock=sock,
        ssl_context=False,
    )


def _wait_for_turn(connection: Connection) -> None:
    # The lock is polled: a statement that waits holds a snapshot, and CREATE INDEX CONCURRENTLY of the run with the
    # lock would wait for that snapshot to end.
    while not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": LOCK_KEY}):
        connection.commit()
        if deadline.is_over():
            raise Transient("out-of-time", "another migration is still running")
        _log.info("another migration is running; waiting for it")
        time.sleep(1)
    connection.execute(text("SET statement_timeout = 0"))
    connection.execute(text("SET idle_in_transaction_session_timeout = 0"))
    connection.commit()


def _retry_while_locked(connection: Connection) -> bool:
    """Migrate, with retries; returns whether the schema is now this code's, False if it is newer."""
    for attempt in range(1, TRIES):
        try:
            return _try(connection)
        except DBAPIError as error:
            connection.rollback()
            if sqlstate(error.orig) not in BUSY or deadline.is_over():
                raise
            _log.warning("a table is in use; trying again", extra={"attempt": attempt})
            time.sleep(attempt)
    return _try(connection)


def _try(connection: Connection) -> bool:
    connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT_SECONDS}s'"))
    connection.commit()
    _look(connection)
    return _run(connection)


def current_revision(connection: Connection) -> str | None:
    """The revision of a database; None if it was never migrated, or not as far as the first revision."""
    try:
        if connection.scalar(text("SELECT to_regclass(:table)"), {"table": VERSION_TABLE}) is None:
            return None
        revision = connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608 - a constant
        return None if revision is None else str(revision)
    finally:
        connection.rollback()


def _look(connection: Connection) -> None:
    if current_revision(connection) is None and (misfits := find_misfits(connection, migrates=True)):
        raise DatabaseDoesNotFit(misfits)


def _run(connection: Connection) -> bool:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes |= {"connection": connection, "version_table": VERSION_TABLE}
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        # Alembic raises this error for a revision without a script: a newer release has migrated this database.
        if not _is_ahead(connection, config):
            raise
        _log.warning("the database is ahead of this code; nothing to do", extra={"cause": type(error).__name__})
        return False
    give_outcomes(connection, connection.commit)
    if not give_words(connection, connection.commit):
        _log.warning("calls of before are not all found by their words yet; migrate again for the rest")
    give_reasons(connection, connection.commit)
    return True


def _is_ahead(connection: Connection, config: Config) -> bool:
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - needed only in a rollback

    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    connection.rollback()
    current = current_revision(connection)
    return current is not None and current not in known
