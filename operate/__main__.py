"""The commands behind the Makefile's targets for operators of a stack."""

import argparse
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Final

from local.command import run_command
from operate.logs import DEFAULT_SINCE
from operate.target import LOCAL


def main() -> int:
    """Run one command, and return its exit status."""
    arguments = _read_arguments()
    return run_command(lambda: int(find_command(arguments.command)(arguments)), "interrupted")


def find_command(name: str) -> Callable[[argparse.Namespace], int]:
    """Import the module of a command, and return the function that runs it."""
    command: Callable[[argparse.Namespace], int] = getattr(
        import_module(f"operate.commands.{COMMANDS[name][0]}"), name.replace("-", "_")
    )
    return command


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m operate", description=__doc__)
    parser.add_argument("--environment", default=LOCAL, help="local, or an environment of samconfig.toml")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, (_, add_arguments) in COMMANDS.items():
        add_arguments(commands.add_parser(name))
    return parser.parse_args()


def _add_nothing(_parser: argparse.ArgumentParser) -> None:
    pass


def _add_build(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--database-ca", help="PEM file to verify the database against, instead of AWS's roots")


def _add_deploy(parser: argparse.ArgumentParser) -> None:
    _add_build(parser)
    parser.add_argument("--built", help="deploy what was built before, whose SHA-256 this is")
    parser.add_argument("--gradual", choices=["true", "false"], help="this time, instead of what samconfig.toml says")


def _add_restore(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--time", help="what to restore to, as 2026-11-29T03:20:00Z; without it the latest possible")


def _add_redrive(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kind")
    parser.add_argument("--only", help="move dead letters of this reason only")
    parser.add_argument("--limit", type=_positive, help="move at most so many")


def _add_unlink(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--call", type=_positive, required=True, help="id of the row of `call`")
    parser.add_argument("--vapi-call", help="which call of Vapi's, if there are several")


def _add_suppression(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--phone", required=True, help="the number, as +12025550142")
    parser.add_argument("--reason", default="", help="why it is not to be called; it is kept, so it names nobody")
    parser.add_argument("--organization", default="", help="id of the organization, if there are several")


def _add_erase(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--call", type=_positive, help="id of the row of `call`; a number is read from PHONE")
    parser.add_argument("--vapi-call", help="Vapi's id of a call")
    parser.add_argument("--report", help="show how far the erasure of this id is, and erase nothing")
    parser.add_argument("--dry-run", action="store_true", help="show what would be erased, and erase nothing")


def _add_tombstones(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--save", type=Path, help="write what was erased into this file")
    which.add_argument("--replay", type=Path, help="erase again what this file says that was erased")


def _add_since(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--since", default=DEFAULT_SINCE, help="a span such as 7d or 12h, or a time")


def _add_reconcile(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--since", help=f"a span such as 7d or 12h, or a time; without any of these {DEFAULT_SINCE}")
    which.add_argument("--call", type=_positive, help="id of the row of `call`")
    which.add_argument("--vapi-call", help="Vapi's id of a call")
    parser.add_argument("--dry-run", action="store_true", help="show what differs, and ask for nothing")


def _add_rotation(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--finish", action="store_true", help="end the old secret")
    parser.add_argument("--force", action="store_true", help="though somebody may still use it")


def _add_vapi(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--assistant")
    parser.add_argument("--phone-number")
    parser.add_argument("--organization", action="store_true")
    parser.add_argument("--protect-monitor", action="store_true", help="let monitor URLs ask for a key")
    parser.add_argument("--static-ip", action="store_true", help="let requests come from Vapi's published addresses")


def _add_database_check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--database-ca", help="PEM file to verify the database against, instead of the known roots")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


COMMANDS: Final[Mapping[str, tuple[str, Callable[[argparse.ArgumentParser], None]]]] = {
    "build": ("releases", _add_build),
    "deploy": ("releases", _add_deploy),
    "restore": ("releases", _add_restore),
    "smoke": ("releases", _add_nothing),
    "redrive": ("dead_letters", _add_redrive),
    "unlink": ("dead_letters", _add_unlink),
    "suppress": ("people", _add_suppression),
    "unsuppress": ("people", _add_suppression),
    "erase": ("people", _add_erase),
    "tombstones": ("people", _add_tombstones),
    "drift": ("logs", _add_since),
    "refusals": ("logs", _add_since),
    "verify": ("reconciliation", _add_since),
    "reconcile": ("reconciliation", _add_reconcile),
    "rotate-webhook-secret": ("vapi", _add_rotation),
    "vapi-configure": ("vapi", _add_vapi),
    "vapi-doctor": ("vapi", _add_vapi),
    "database-check": ("database", _add_database_check),
}
"""Name -> the module of `operate.commands` that has a function of this name, and what adds its arguments."""

if __name__ == "__main__":
    sys.exit(main())
