"""What commands make of the arguments that they share."""

import argparse
import sys
from collections.abc import Callable
from typing import Final

from local.stack_paths import LocalStackError, read_stack_paths
from operate import confirmation
from operate.confirmation import Confirm
from operate.target import Target, find_target

COULD_NOT_TELL: Final = 2
"""The exit status of a checking command that could not perform its check."""
Command = Callable[[argparse.Namespace], int]


def target_of(arguments: argparse.Namespace) -> Target:
    """Return the stack that the command works on."""
    return find_target(arguments.environment, read_stack_paths())


def confirm_of(arguments: argparse.Namespace) -> Confirm:
    """Return how the command asks before it changes something."""
    return confirmation.always if arguments.yes else confirmation.ask


def checking(command: Command) -> Command:
    """Make the command exit with 2 if it could not perform its check; 1 means that it found something."""

    def run(arguments: argparse.Namespace) -> int:
        try:
            return command(arguments)
        except LocalStackError as error:
            print(f"\n{error}", file=sys.stderr)
            return COULD_NOT_TELL

    return run
