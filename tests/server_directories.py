"""Directories of the tests' Postgres servers, in memory where there is room."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psutil

from local.postgres import PostgresServer

_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - directories with random names are created there
_NEEDED: Final = 4 * 1024**3
"""Bytes; the databases of the integration tests take up to 1.3 GB, those of the other runs much less."""
PREFIX: Final = "autopulse-test-postgres-"
"""Precedes the process id of the test run in a directory's name."""


def parent_of_servers() -> Path:
    """Return a file system in memory that has room for the databases of all runs, or else the temporary directory.

    A database has five hundred files, which take 20 ms to copy in memory, and 300 ms on a disk.
    """
    has_room = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _NEEDED < psutil.virtual_memory().available
    return _MEMORY if has_room else Path(tempfile.gettempdir())


@contextmanager
def server_directory() -> Iterator[Path]:
    """Lend a directory that the server's user can reach, as pytest's temporary directory is not if root runs the tests.

    Servers of runs that were killed are removed first.
    """
    parent = parent_of_servers()
    _remove_servers_of_killed_runs(parent)
    directory = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=parent))
    directory.chmod(0o755)
    try:
        yield directory / "server"
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _remove_servers_of_killed_runs(parent: Path) -> None:
    for directory in parent.glob(f"{PREFIX}*"):
        pid = directory.name.removeprefix(PREFIX).partition("-")[0]
        if pid.isdecimal() and not psutil.pid_exists(int(pid)):
            PostgresServer(directory / "server").remove()
            shutil.rmtree(directory, ignore_errors=True)
