"""The stack's processes: started detached from the terminal, recognised later, and stopped with all their descendants.

Each process and all its descendants carry the environment variable AUTOPULSE_LOCAL_STACK. So a process is found even if
the record of its pid was lost, and no other process is ever killed.
"""

import contextlib
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

MARKER: Final = "AUTOPULSE_LOCAL_STACK"
_IN_BACKGROUND: Final = '"$@" >>"$0" 2>&1 & echo $!'
"""Shell script that runs the arguments in the background, logs to the file that precedes them, and prints the pid."""
STOP_SECONDS: Final = 10
"""Maximum wait for killed processes to end, before the search is repeated."""


@dataclass(frozen=True)
class Identity:
    """Identifies one process, and not a later one with the same pid."""

    pid: int
    started: float
    """Start time in seconds since the epoch."""


def identify(pid: int) -> Identity | None:
    """Return the identity of the running process with this pid."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else Identity(pid, process.create_time())
    except psutil.NoSuchProcess:
        return None


def is_alive(identity: Identity) -> bool:
    """Return whether this process is still running."""
    return identify(identity.pid) == identity


def start_detached(
    command: Sequence[str | Path], *, directory: Path, log: Path, environment: Mapping[str, str]
) -> Identity | None:
    """Start a process in a session of its own, without a parent; returns None if it has already ended.

    Ctrl-C in the terminal does not reach it, and it continues after the process that started it has ended.
    """
    started = subprocess.run(
        ["/bin/sh", "-c", _IN_BACKGROUND, str(log), *map(str, command)],
        cwd=directory,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        start_new_session=True,
        text=True,
        check=True,
    )
    return identify(int(started.stdout))


def find_marked(marker: str) -> list[psutil.Process]:
    """Return every running process that the stack with this marker started, directly or indirectly."""
    return [process for process in psutil.process_iter() if _mark_of(process) == marker]


def _mark_of(process: psutil.Process) -> str | None:
    try:
        return None if process.status() == psutil.STATUS_ZOMBIE else process.environ().get(MARKER)
    except (psutil.Error, OSError):  # it has ended, or belongs to another user
        return None


def kill(find: Callable[[], list[psutil.Process]]) -> None:
    """Kill every process that `find` returns, until there is none, since a process may start another in between.

    SIGKILL is harmless: the emulator's state is in memory only, and Postgres recovers.
    """
    while processes := find():
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(processes, timeout=STOP_SECONDS)
