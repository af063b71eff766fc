"""The stack's processes: started apart from the terminal, known again, and stopped with all that they started.

Each carries the environment variable AUTOPULSE_LOCAL_STACK, and so does everything that it starts. So even a process
whose record was lost, because the one that started it was killed, is found, and no other is ever touched.
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
"""For a shell: run the arguments, log to what comes before them, print the pid."""
STOP_SECONDS: Final = 10
"""Longest wait for killed processes to be gone, before they are looked for again."""


@dataclass(frozen=True)
class Identity:
    """One process, and no later one with the same pid."""

    pid: int
    started: float
    """Seconds since the epoch."""


def identify(pid: int) -> Identity | None:
    """The identity of the living process with this pid."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else Identity(pid, process.create_time())
    except psutil.NoSuchProcess:
        return None


def is_alive(identity: Identity) -> bool:
    """Return whether it is still this very process."""
    return identify(identity.pid) == identity


def start_detached(
    command: Sequence[str | Path], *, directory: Path, log: Path, environment: Mapping[str, str]
) -> Identity | None:
    """Start a process that is nobody's child, in a session of its own; None if it has ended already.

    So Ctrl-C in the terminal does not reach it, and it outlives whoever starts it.
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
    """Every living process that the stack with this marker started, directly or not."""
    return [process for process in psutil.process_iter() if _mark_of(process) == marker]


def _mark_of(process: psutil.Process) -> str | None:
    try:
        return None if process.status() == psutil.STATUS_ZOMBIE else process.environ().get(MARKER)
    except (psutil.Error, OSError):  # gone meanwhile, or somebody else's
        return None


def kill(find: Callable[[], list[psutil.Process]]) -> None:
    """Kill every process found, until none is: one of them may start another meanwhile.

    At once, because none of them has anything to save: the emulator's state is in memory, Postgres recovers.
    """
    while processes := find():
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(processes, timeout=STOP_SECONDS)
