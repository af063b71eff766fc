"""The commands behind the Makefile's targets for the local stack."""

import argparse
import sys
from collections.abc import Callable, Mapping
from typing import Any

from local import browser, invoke, run, stack
from local.command import run_command
from local.console import say
from local.running import read_stack
from local.simulator import live_calls, simulate
from local.stack_paths import StackPaths, read_stack_paths


def main() -> int:
    """Run one command, and return its exit status."""
    arguments = _read_arguments()
    return run_command(
        lambda: int(arguments.command(read_stack_paths(), arguments)),
        "interrupted; the same command goes on from here, make down stops what runs",
    )


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    commands = parser.add_subparsers(required=True)
    for name, command in (
        ("link", _link),
        ("down", _down),
        ("clean", _clean),
        ("browser", _browser),
        ("screenshots", _screenshots),
        ("first-view", _first_view),
    ):
        commands.add_parser(name).set_defaults(command=command)
    _add_start(commands.add_parser("run"), _run)
    _add_start(commands.add_parser("up"), _up)
    _add_simulate(commands.add_parser("simulate"))
    _add_invoke(commands.add_parser("invoke"))
    return parser.parse_args()


def _add_start(parser: argparse.ArgumentParser, command: Callable[[StackPaths, argparse.Namespace], int]) -> None:
    parser.add_argument("--show", action="store_true", help="print the stack's secrets, too")
    parser.set_defaults(command=command)


def _add_simulate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--calls", type=int, default=10)
    parser.add_argument("--seed", type=int, help="the same seed makes the same calls (their ids and times apart)")
    parser.add_argument("--disorder", action="store_true", help="send in random order")
    parser.add_argument("--duplicates", action="store_true", help="send each webhook up to three times")
    parser.add_argument("--rate", type=float, help="webhooks a second; as fast as they are taken if not given")
    parser.add_argument("--live", action="store_true", help="at speaking pace, several calls at once")
    parser.add_argument("--speed", type=float, default=1, help="with --live: times faster than people speak")
    parser.add_argument("--lose", type=_share, default=0, help="share of the webhooks that is withheld, from 0 to 1")
    parser.set_defaults(command=_simulate)


def _share(text: str) -> float:
    share = float(text)
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{text} is no share: from 0 to 1")
    return share


def _add_invoke(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("function", help="logical id in template.yaml")
    parser.add_argument("event", help="file below events/")
    parser.set_defaults(command=_invoke)


def _run(paths: StackPaths, arguments: argparse.Namespace) -> int:
    return run.run(paths, show=arguments.show)


def _up(paths: StackPaths, arguments: argparse.Namespace) -> int:
    say("Local stack")
    run.print_urls(paths, stack.up(paths), show=arguments.show)
    return 0


def _link(paths: StackPaths, _: argparse.Namespace) -> int:
    run.print_link(read_stack(paths))
    return 0


def _down(paths: StackPaths, _: argparse.Namespace) -> int:
    say("Local stack stopped; its data stays (make clean removes it)" if stack.down(paths) else "Nothing was running")
    return 0


def _clean(paths: StackPaths, _: argparse.Namespace) -> int:
    stack.clean(paths)
    say("Local stack stopped, its data and builds removed")
    return 0


def _browser(_: StackPaths, __: argparse.Namespace) -> int:
    browser.provide()
    return 0


def _screenshots(paths: StackPaths, _: argparse.Namespace) -> int:
    from local import screenshots  # noqa: PLC0415 - half a second of import, for this command only

    return screenshots.take(paths)


def _first_view(paths: StackPaths, _: argparse.Namespace) -> int:
    from local import first_view  # noqa: PLC0415 - likewise

    return first_view.measure(paths)


def _simulate(paths: StackPaths, arguments: argparse.Namespace) -> int:
    if arguments.live:
        return _simulate_live(read_stack(paths), arguments)
    wanted = simulate.PageRequest(
        calls=arguments.calls,
        seed=arguments.seed,
        disorder=arguments.disorder,
        duplicates=arguments.duplicates,
        rate=arguments.rate,
        lose=arguments.lose,
    )
    return simulate.simulate(read_stack(paths), wanted)


def _simulate_live(running: Mapping[str, Any], arguments: argparse.Namespace) -> int:
    run.add_history(running)
    program = live_calls.Program(arguments.calls, arguments.seed, arguments.speed, arguments.lose)
    return live_calls.simulate_live(running, program)


def _invoke(paths: StackPaths, arguments: argparse.Namespace) -> int:
    return invoke.invoke(paths, arguments.function, arguments.event)


if __name__ == "__main__":
    sys.exit(main())
