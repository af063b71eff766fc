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
_started: Final[list[subprocess.Popen[bytes]]] = []
"""Kept, because a Popen that is collected complains about a child that lives on."""
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
    """Whether it is still this very process."""
    return identify(identity.pid) == identity


def start_detached(
    command: Sequence[str | Path], *, directory: Path, log: Path, environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own, so that Ctrl-C in the terminal does not reach it."""
    directory.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd=directory,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _started.append(process)
    return process


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
