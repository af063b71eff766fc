"""`make database-check`: check whether the migrations fit an existing database. It only reads, as any database role."""

import sys
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import pg8000.exceptions
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from autopulse.db.compatibility import CannotTell, find_misfits
from autopulse.db.engine import engine_to, open_connection
from autopulse.db.migration import current_revision
from autopulse.db.prepared import PreparingConnection
from autopulse.settings import DatabaseSettings
from local.console import say
from local.stack_paths import PROJECT
from operate.deploy import run_step
from operate.target import OperationFailed

FITS: Final = 0
DOES_NOT_FIT: Final = 1
CANNOT_TELL: Final = 2
"""Exit statuses."""
_WHICH: Final = "say which database: DATABASE_URL=postgresql://user:password@host:port/name"
RDS: Final = ".rds.amazonaws.com"
ROOTS: Final = PROJECT / "layers/dependencies/certificates/rds.pem"
"""The file in which a deploy puts the root certificates of RDS."""


def check(url: str | None, ca_file: str | None = None) -> int:
    """Print whether the database at `postgresql://user:password@host:port/name` fits, or what does not fit.

    Options of the URL are ignored: on any host but this machine TLS is used, with the certificate and host name
    verified.
    """
    try:
        return _check(url, ca_file)
    except (CannotTell, OperationFailed, DBAPIError, pg8000.exceptions.Error, OSError) as error:
        print(f"could not tell: {_reason(error)}", file=sys.stderr)
        return CANNOT_TELL


def _check(url: str | None, ca_file: str | None) -> int:
    settings, password = _read_url(url, ca_file)
    engine = engine_to(lambda: open_connection(PreparingConnection, settings, None, settings.user, password))
    try:
        with engine.connect() as connection:
            connection.execute(text("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"))
            connection.commit()
            return _look(connection)
    finally:
        engine.dispose()


def _look(connection: Connection) -> int:
    revision = current_revision(connection)
    if revision is not None:
        say(f"fits: it was migrated already, to revision {revision}")
        return FITS
    misfits = find_misfits(connection, migrates=False)
    if not misfits:
        say("fits: whoever owns its tables can migrate it")
        return FITS
    say("does not fit:")
    for misfit in misfits:
        say(f"  {misfit}")
    return DOES_NOT_FIT


def _read_url(url: str | None, ca_file: str | None) -> tuple[DatabaseSettings, str]:
    try:
        parts = urlsplit(url or "")
        host, port, name = parts.hostname or "", parts.port or 5432, unquote(parts.path.strip("/"))
    except ValueError:  # its text would quote the invalid port, which may be a part of the password
        raise OperationFailed(_WHICH) from None
    # Drivers in the scheme, such as postgresql+asyncpg, are accepted because the application's URL has one.
    if not (parts.scheme.startswith("postgres") and host and parts.username and name):
        raise OperationFailed(_WHICH)
    user = unquote(parts.username)
    settings = DatabaseSettings(
        host, port, name, by_iam=False, user=user, secret_arn="", ca_file=ca_file or _roots(host)
    )
    return settings, unquote(parts.password or "")


def _roots(host: str) -> str:
    """Return a file of root certificates that are not among the system's; RDS Proxy's certificates are."""
    if not host.endswith(RDS) or ".proxy-" in host:
        return ""
    if not ROOTS.exists():
        say("Fetching the certificates of RDS …")
        run_step(["python", str(Path("layers/dependencies/fetch_certificates.py"))])
    return str(ROOTS)


def _reason(error: BaseException) -> str:
    """Return the server's message, if there is one; never the statement or the password."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        return _reason(error.orig)
    details = error.args[0] if error.args else None
    if isinstance(details, dict):
        return f"{details.get('M')} (SQLSTATE {details.get('C')})"
    return str(error) or type(error).__name__
