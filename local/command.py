"""How a command ends: with an exit status, with an error that says what to do, or by an interruption."""

import signal
import sys
from collections.abc import Callable

from local.stack_paths import LocalStackError

INTERRUPTED = 130
"""The exit status of a program that SIGINT ended."""


def run_command(work: Callable[[], int], when_interrupted: str) -> int:
    """Run `work` and return its exit status; `when_interrupted` is printed after an interruption."""
    # A closed terminal (SIGHUP) and `kill` (SIGTERM) end a command like Ctrl-C, so that it cleans up. SIGINT is set,
    # too, because a shell starts background commands with SIGINT ignored.
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, signal.default_int_handler)
    try:
        return work()
    except LocalStackError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\n{when_interrupted}", file=sys.stderr)
        return INTERRUPTED
