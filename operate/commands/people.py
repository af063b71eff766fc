"""Commands about a person: not to be called, and to be erased."""

import argparse
import os

import operate.erase
from operate import suppressions
from operate.commands.arguments import confirm_of, target_of
from operate.target import OperationFailed


def suppress(arguments: argparse.Namespace) -> int:
    """Forbid calls to a number."""
    return suppressions.suppress(target_of(arguments), _number(arguments))


def unsuppress(arguments: argparse.Namespace) -> int:
    """Allow calls to a suppressed number again."""
    return suppressions.unsuppress(target_of(arguments), _number(arguments))


def erase(arguments: argparse.Namespace) -> int:
    """Erase what is stored of a person's calls, or show how far an erasure is."""
    if arguments.report:
        return operate.erase.show(target_of(arguments), arguments.report)
    phone = os.environ.get("PHONE") or None
    given = {"call_id": arguments.call, "vapi_call_id": arguments.vapi_call, "phone": phone}
    wanted = {name: value for name, value in given.items() if value is not None}
    if len(wanted) != 1:
        raise OperationFailed("say what to erase: exactly one of PHONE=+1…, CALL=id and VAPI_CALL=id")
    return operate.erase.erase(target_of(arguments), wanted, confirm_of(arguments), dry_run=arguments.dry_run)


def tombstones(arguments: argparse.Namespace) -> int:
    """Save what was erased into a file, or erase it again."""
    if arguments.save:
        return operate.erase.save_tombstones(target_of(arguments), arguments.save)
    return operate.erase.replay_tombstones(target_of(arguments), arguments.replay)


def _number(arguments: argparse.Namespace) -> suppressions.Number:
    return suppressions.Number(arguments.phone, arguments.reason, arguments.organization)
