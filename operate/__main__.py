"""The commands behind the Makefile's targets for operators of a stack."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from local.command import run_command
from local.console import say
from local.stack_paths import LocalStackError, read_stack_paths
from operate import (
    confirmation,
    database,
    deploy,
    drift,
    erase,
    logs,
    reconcile,
    redrive,
    refusals,
    restore,
    rotation,
    smoke,
    stacks,
    suppressions,
    unlink,
    verify,
)
from operate.cloudformation import Formation
from operate.comparison import DEFAULT_SINCE
from operate.confirmation import Confirm
from operate.target import LOCAL, OperationFailed, Target, find_target, read_secret
from operate.vapi import configure, doctor
from operate.vapi.authentication_plans import current_entry, plan_of
from operate.vapi.connection import Connection, open_api, read_connection
from operate.vapi.desired_state import DesiredState
from operate.vapi.scopes import Scope, choose_scope
from operate.vapi.stale_credentials import StaleCredentials
from operate.versions import delete_old_versions

COULD_NOT_TELL = 2
"""The exit status of a checking command that could not perform its check."""


def main() -> int:
    """Run one command, and return its exit status."""
    arguments = _read_arguments()
    return run_command(lambda: int(arguments.command(arguments)), "interrupted")


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m operate", description=__doc__)
    parser.add_argument("--environment", default=LOCAL, help="local, or an environment of samconfig.toml")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    commands = parser.add_subparsers(required=True)
    _add_build(commands.add_parser("build")).set_defaults(command=_build)
    _add_deploy(commands.add_parser("deploy"))
    _add_restore(commands.add_parser("restore"))
    commands.add_parser("smoke").set_defaults(command=_smoke)
    _add_redrive(commands.add_parser("redrive"))
    _add_unlink(commands.add_parser("unlink"))
    _add_suppression(commands.add_parser("suppress"), suppressions.suppress)
    _add_suppression(commands.add_parser("unsuppress"), suppressions.unsuppress)
    _add_erase(commands.add_parser("erase"))
    _add_tombstones(commands.add_parser("tombstones"))
    _add_reading_of_logs(commands.add_parser("drift"), drift.drift)
    _add_reading_of_logs(commands.add_parser("refusals"), refusals.refusals)
    _add_verify(commands.add_parser("verify"))
    _add_reconcile(commands.add_parser("reconcile"))
    _add_rotation(commands.add_parser("rotate-webhook-secret"))
    _add_vapi(commands.add_parser("vapi-configure"), _configure)
    _add_vapi(commands.add_parser("vapi-doctor"), _examine)
    _add_database_check(commands.add_parser("database-check"))
    return parser.parse_args()


def _add_build(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("--database-ca", help="PEM file to verify the database against, instead of AWS's roots")
    return parser


def _add_deploy(parser: argparse.ArgumentParser) -> None:
    _add_build(parser)
    parser.add_argument("--built", help="deploy what was built before, whose SHA-256 this is")
    parser.add_argument("--gradual", choices=["true", "false"], help="this time, instead of what samconfig.toml says")
    parser.set_defaults(command=_deploy)


def _add_restore(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--time", help="what to restore to, as 2026-11-29T03:20:00Z; without it the latest possible")
    parser.set_defaults(command=_restore)


def _add_redrive(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kind")
    parser.add_argument("--only", help="move letters of this reason only")
    parser.add_argument("--limit", type=_positive, help="move at most so many")
    parser.set_defaults(command=_redrive)


def _add_unlink(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--call", type=_positive, required=True, help="id of the row of `call`")
    parser.add_argument("--vapi-call", help="which call of Vapi's, if there are several")
    parser.set_defaults(command=_unlink)


def _add_suppression(parser: argparse.ArgumentParser, command: Callable[[Target, suppressions.Number], int]) -> None:
    parser.add_argument("--phone", required=True, help="the number, as +12025550142")
    parser.add_argument("--reason", default="", help="why it is not to be called; it is kept, so it names nobody")
    parser.add_argument("--organization", default="", help="id of the organization, if there are several")

    def run(arguments: argparse.Namespace) -> int:
        number = suppressions.Number(arguments.phone, arguments.reason, arguments.organization)
        return command(_target(arguments), number)

    parser.set_defaults(command=run)


def _add_erase(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--call", type=_positive, help="id of the row of `call`; a number is read from PHONE")
    parser.add_argument("--vapi-call", help="Vapi's id of a call")
    parser.add_argument("--report", help="show how far the erasure of this id is, and erase nothing")
    parser.add_argument("--dry-run", action="store_true", help="show what would be erased, and erase nothing")
    parser.set_defaults(command=_erase)


def _add_tombstones(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--save", type=Path, help="write what was erased into this file")
    which.add_argument("--replay", type=Path, help="erase again what this file says that was erased")
    parser.set_defaults(command=_tombstones)


def _add_reading_of_logs(parser: argparse.ArgumentParser, command: Callable[[Target, str], int]) -> None:
    parser.add_argument("--since", default=logs.DEFAULT_SINCE, help="a span such as 7d or 12h, or a time")
    parser.set_defaults(command=_or_not_told(lambda arguments: command(_target(arguments), arguments.since)))


def _add_verify(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--since", default=DEFAULT_SINCE, help="a span such as 7d or 12h, or a time")
    parser.set_defaults(command=_or_not_told(lambda arguments: verify.verify(_target(arguments), arguments.since)))


def _add_reconcile(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--since", help=f"a span such as 7d or 12h, or a time; without any of these {DEFAULT_SINCE}")
    which.add_argument("--call", type=_positive, help="id of the row of `call`")
    which.add_argument("--vapi-call", help="Vapi's id of a call")
    parser.add_argument("--dry-run", action="store_true", help="show what differs, and ask for nothing")
    parser.set_defaults(command=_or_not_told(_reconcile))


def _add_rotation(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--finish", action="store_true", help="end the old secret")
    parser.add_argument("--force", action="store_true", help="though somebody may still use it")
    parser.set_defaults(command=_rotate)


def _add_vapi(parser: argparse.ArgumentParser, command: Callable[[argparse.Namespace], int]) -> None:
    parser.add_argument("--assistant")
    parser.add_argument("--phone-number")
    parser.add_argument("--organization", action="store_true")
    parser.add_argument("--protect-monitor", action="store_true", help="let monitor URLs ask for a key")
    parser.add_argument("--static-ip", action="store_true", help="let requests come from Vapi's published addresses")
    parser.set_defaults(command=command)


def _add_database_check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--database-ca", help="PEM file to verify the database against, instead of the known roots")
    parser.set_defaults(command=lambda arguments: database.check(os.environ.get("DATABASE_URL"), arguments.database_ca))


def _build(arguments: argparse.Namespace) -> int:
    digest = deploy.build(arguments.environment, arguments.database_ca)
    outputs = os.environ.get("GITHUB_OUTPUT")
    if outputs:
        with Path(outputs).open("a") as file:
            file.write(f"digest={digest}\n")
    return 0


def _deploy(arguments: argparse.Namespace) -> int:
    digest = arguments.built or deploy.build(arguments.environment, arguments.database_ca)
    target = find_target(arguments.environment, read_stack_paths())
    options = deploy.Options(
        asks=not arguments.yes and stacks.asks(arguments.environment),
        overrides={"Gradual": arguments.gradual} if arguments.gradual else {},
        role_arn=os.environ.get("STACK_ROLE_ARN") or None,
    )
    formation = Formation(target.client("cloudformation"))
    deploy.deploy(arguments.environment, digest, formation, options)
    deleted = delete_old_versions(target.client("lambda"), formation.functions(target.stack_name))
    say(f"Deleted {deleted} old versions of functions, with their snapshots")
    return _smoke(arguments)


def _restore(arguments: argparse.Namespace) -> int:
    target = find_target(arguments.environment, read_stack_paths())
    name = stacks.read_configured(stacks.DATABASE, arguments.environment).stack_name
    outputs = Formation(target.client("cloudformation")).outputs(name)
    return restore.restore(target.client("rds"), outputs, arguments.environment, arguments.time, runs=arguments.yes)


def _smoke(arguments: argparse.Namespace) -> int:
    target = find_target(arguments.environment, read_stack_paths())
    return smoke.smoke(target, read_connection(target))


def _redrive(arguments: argparse.Namespace) -> int:
    target = find_target(arguments.environment, read_stack_paths())
    if not arguments.kind:
        return redrive.list_kinds(target)
    return redrive.redrive(target, arguments.kind, redrive.Choice(arguments.only, arguments.limit), _confirm(arguments))


def _unlink(arguments: argparse.Namespace) -> int:
    target = find_target(arguments.environment, read_stack_paths())
    return unlink.unlink(target, arguments.call, arguments.vapi_call, _confirm(arguments))


def _erase(arguments: argparse.Namespace) -> int:
    if arguments.report:
        return erase.show(_target(arguments), arguments.report)
    phone = os.environ.get("PHONE") or None
    given = {"call_id": arguments.call, "vapi_call_id": arguments.vapi_call, "phone": phone}
    wanted = {name: value for name, value in given.items() if value is not None}
    if len(wanted) != 1:
        raise OperationFailed("say what to erase: exactly one of PHONE=+1…, CALL=id and VAPI_CALL=id")
    return erase.erase(_target(arguments), wanted, _confirm(arguments), dry_run=arguments.dry_run)


def _tombstones(arguments: argparse.Namespace) -> int:
    if arguments.save:
        return erase.save_tombstones(_target(arguments), arguments.save)
    return erase.replay_tombstones(_target(arguments), arguments.replay)


def _reconcile(arguments: argparse.Namespace) -> int:
    choice = reconcile.Choice(arguments.since, arguments.call, arguments.vapi_call)
    return reconcile.reconcile(_target(arguments), choice, _confirm(arguments), dry_run=arguments.dry_run)


def _target(arguments: argparse.Namespace) -> Target:
    return find_target(arguments.environment, read_stack_paths())


def _or_not_told(command: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    """Make the command exit with 2 if it could not perform its check; 1 means that it found something."""

    def run(arguments: argparse.Namespace) -> int:
        try:
            return command(arguments)
        except LocalStackError as error:
            print(f"\n{error}", file=sys.stderr)
            return COULD_NOT_TELL

    return run


def _rotate(arguments: argparse.Namespace) -> int:
    target = find_target(arguments.environment, read_stack_paths())
    if arguments.finish:
        return rotation.finish(target, _confirm(arguments), _former(target), force=arguments.force)
    return rotation.begin(target, _confirm(arguments))


def _former(target: Target) -> StaleCredentials | None:
    """Return a client of Vapi's API, or None without a key."""
    if not os.environ.get("VAPI_API_KEY"):
        return None
    entry = current_entry(read_secret(target))
    return StaleCredentials(open_api(), DesiredState(target.stack_name, target.output("WebhookUrl"), plan_of(entry)))


def _configure(arguments: argparse.Namespace) -> int:
    scope = _level(arguments)
    if scope is None:
        raise OperationFailed("say what to configure: ASSISTANT=id, PHONE_NUMBER=id or ORGANIZATION=1")
    api = open_api()
    target = find_target(arguments.environment, read_stack_paths())
    return configure.configure(api, scope, _desired(arguments, target, read_connection(target)), _confirm(arguments))


def _examine(arguments: argparse.Namespace) -> int:
    api, scope = open_api(), _level(arguments)
    target = find_target(arguments.environment, read_stack_paths())
    connection = read_connection(target)
    reader = doctor.Reader(lambda: target.output("ApiUrl"), target.api_token)
    return doctor.examine(api, scope, _desired(arguments, target, connection), connection, reader)


def _level(arguments: argparse.Namespace) -> Scope | None:
    return choose_scope(arguments.assistant, arguments.phone_number, organization=arguments.organization)


def _desired(arguments: argparse.Namespace, target: Target, connection: Connection) -> DesiredState:
    return DesiredState(
        target.stack_name,
        connection.url,
        plan_of(connection.entry),
        protect_monitor=arguments.protect_monitor,
        static_addresses=arguments.static_ip,
        make_suffix=target.make_suffix,
    )


def _confirm(arguments: argparse.Namespace) -> Confirm:
    return confirmation.always if arguments.yes else confirmation.ask


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
