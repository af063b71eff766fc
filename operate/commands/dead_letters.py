"""Commands about messages that could not be applied."""

import argparse

import operate.redrive
import operate.unlink
from operate.commands.arguments import confirm_of, target_of


def redrive(arguments: argparse.Namespace) -> int:
    """Show the dead letters of a kind and move them back; without a kind, count those of each."""
    target = target_of(arguments)
    if not arguments.kind:
        return operate.redrive.list_kinds(target)
    choice = operate.redrive.Choice(arguments.only, arguments.limit)
    return operate.redrive.redrive(target, arguments.kind, choice, confirm_of(arguments))


def unlink(arguments: argparse.Namespace) -> int:
    """Show what a call is linked to, remove a wrong link, and redrive what was refused."""
    return operate.unlink.unlink(target_of(arguments), arguments.call, arguments.vapi_call, confirm_of(arguments))
