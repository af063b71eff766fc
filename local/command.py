"""The ends of a command: an exit status, an error that says what to do, or an interruption that cleans up."""

import signal
import sys
from collections.abc import Callable

from local.stack_paths import LocalStackError

INTERRUPTED = 130
"""The exit status of a program that SIGINT ended."""


def run_command(work: Callable[[], int], when_interrupted: str) -> int:
    """Do the work; its exit status. `when_interrupted` is what an interrupted person is told."""
    # A closed terminal or `kill` ends a command like Ctrl-C does, so that it cleans up; and Ctrl-C ends it also where
    # a shell started it in the background, with SIGINT ignored.
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
