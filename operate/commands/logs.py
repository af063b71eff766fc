"""Commands that read the functions' logs."""

import argparse

import operate.drift
import operate.refusals
from operate.commands.arguments import checking, target_of


@checking
def drift(arguments: argparse.Namespace) -> int:
    """Show which values of Vapi are unknown."""
    return operate.drift.drift(target_of(arguments), arguments.since)


@checking
def refusals(arguments: argparse.Namespace) -> int:
    """Show which webhooks were refused."""
    return operate.refusals.refusals(target_of(arguments), arguments.since)
