"""What is known of the local stack while it runs. This module imports little, because most commands import it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.processes import Identity, is_alive
from local.stack_paths import LocalStackError, StackPaths


@dataclass(frozen=True)
class Running:
    """The running emulator and what is deployed in it."""

    emulator: Identity
    emulator_port: int
    host: str
    deployed: str
    """Fingerprint of code and parameters; empty until the deploy has succeeded."""


def read_running(paths: StackPaths) -> Running | None:
    """Return the record of the emulator if it is running."""
    try:
        record = json.loads(running_file(paths).read_text())
    except (FileNotFoundError, ValueError):
        return None
    running = Running(**record | {"emulator": Identity(**record["emulator"])})
    return running if is_alive(running.emulator) else None


def read_stack(paths: StackPaths) -> dict[str, Any]:
    """Return the content of stack.json; raises LocalStackError if the stack is not up."""
    if read_running(paths) is None or not paths.stack_file.exists():
        raise LocalStackError("the local stack is not up; start it with: make up")
    return dict(json.loads(paths.stack_file.read_text()))


def running_file(paths: StackPaths) -> Path:
    """Return the file of the record that `read_running` reads."""
    return paths.state / "running.json"
