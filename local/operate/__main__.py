"""The commands behind the Makefile's targets for who looks after a stack."""

import argparse
import signal
import sys

from local.operate import confirmation, redrive
from local.operate.confirmation import Confirm
from local.operate.target import LOCAL, find_target
from local.place import LocalStackError, read_place


def main() -> int:
    """Run one command; the exit status."""
    arguments = _read_arguments()
    # `kill` and a closed terminal end a command like Ctrl-C does, so that it lets go of what it holds.
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, signal.default_int_handler)
    try:
        return int(arguments.command(arguments))
    except LocalStackError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return 130


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.operate", description=__doc__)
    parser.add_argument("--environment", default=LOCAL, help="local, or an environment of samconfig.toml")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    commands = parser.add_subparsers(required=True)
    _add_redrive(commands.add_parser("redrive"))
    return parser.parse_args()


def _add_redrive(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kind")
    parser.add_argument("--only", help="move letters of this reason only")
    parser.add_argument("--limit", type=_positive, help="move at most so many")
    parser.set_defaults(command=_redrive)


def _redrive(arguments: argparse.Namespace) -> int:
    target = find_target(arguments.environment, read_place())
    if not arguments.kind:
        return redrive.list_kinds(target)
    return redrive.redrive(target, arguments.kind, redrive.Choice(arguments.only, arguments.limit), _confirm(arguments))


def _confirm(arguments: argparse.Namespace) -> Confirm:
    return confirmation.always if arguments.yes else confirmation.ask


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
