"""Run one function in Lambda's container on a sample event, against the running stack, by `sam local invoke`."""

import os
import subprocess
import sys
from pathlib import Path

from local import stack
from local.build import build_for_invoke, tool_environment
from local.running import read_running
from local.stack_paths import LOOPBACK, PROJECT, LocalStackError, StackPaths


def invoke(paths: StackPaths, function: str, event: str) -> int:
    """Build if needed, then run the command of docs/local.md; returns its exit status."""
    running = read_running(paths)
    if running is None or running.host == LOOPBACK:
        raise LocalStackError("containers cannot reach the stack; first: BIND=0.0.0.0 make up")
    build_for_invoke(paths.invoke_build)
    command = [
        str(Path(sys.executable).with_name("sam")),
        *("local", "invoke", function, "--event", event),
        *("--env-vars", os.path.relpath(paths.invoke_variables_file, PROJECT)),
        *("--template-file", os.path.relpath(paths.invoke_build / "template.yaml", PROJECT)),
        *("--skip-pull-image", "--add-host", f"{stack.FROM_CONTAINERS}:host-gateway"),
    ]
    return subprocess.run(command, cwd=PROJECT, env=tool_environment(), check=False).returncode
