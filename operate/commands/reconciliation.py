"""Commands that compare the stored calls with Vapi's."""

import argparse

import operate.reconcile
import operate.verify
from operate.commands.arguments import checking, confirm_of, target_of


@checking
def verify(arguments: argparse.Namespace) -> int:
    """Show what differs from Vapi."""
    return operate.verify.verify(target_of(arguments), arguments.since)


@checking
def reconcile(arguments: argparse.Namespace) -> int:
    """Show what differs from Vapi, and repair it."""
    choice = operate.reconcile.Choice(arguments.since, arguments.call, arguments.vapi_call)
    return operate.reconcile.reconcile(target_of(arguments), choice, confirm_of(arguments), dry_run=arguments.dry_run)
