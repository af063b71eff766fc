"""Commands about Vapi's configuration, and about the secret that it has."""

import argparse
import os

from operate import rotation
from operate.commands.arguments import confirm_of, target_of
from operate.target import OperationFailed, Target, read_secret
from operate.vapi import configure, doctor
from operate.vapi.authentication_plans import current_entry, plan_of
from operate.vapi.connection import Connection, open_api, read_connection
from operate.vapi.desired_state import DesiredState
from operate.vapi.scopes import Scope, choose_scope
from operate.vapi.stale_credentials import StaleCredentials


def vapi_configure(arguments: argparse.Namespace) -> int:
    """Configure an assistant, phone number or organization of Vapi's for the stack."""
    scope = _scope(arguments)
    if scope is None:
        raise OperationFailed("say what to configure: ASSISTANT=id, PHONE_NUMBER=id or ORGANIZATION=1")
    api = open_api()
    target = target_of(arguments)
    return configure.configure(api, scope, _desired(arguments, target, read_connection(target)), confirm_of(arguments))


def vapi_doctor(arguments: argparse.Namespace) -> int:
    """Check Vapi's configuration, and send a ping that has to reach the database."""
    api, scope = open_api(), _scope(arguments)
    target = target_of(arguments)
    connection = read_connection(target)
    reader = doctor.Reader(lambda: target.output("ApiUrl"), target.api_token)
    return doctor.examine(api, scope, _desired(arguments, target, connection), connection, reader)


def rotate_webhook_secret(arguments: argparse.Namespace) -> int:
    """Accept a new webhook secret beside the old one, or revoke the old one."""
    target = target_of(arguments)
    if arguments.finish:
        return rotation.finish(target, confirm_of(arguments), _stale_credentials(target), force=arguments.force)
    return rotation.begin(target, confirm_of(arguments))


def _stale_credentials(target: Target) -> StaleCredentials | None:
    """Return what looks for the old secret at Vapi, or None without a key of Vapi's API."""
    if not os.environ.get("VAPI_API_KEY"):
        return None
    entry = current_entry(read_secret(target))
    return StaleCredentials(open_api(), DesiredState(target.stack_name, target.output("WebhookUrl"), plan_of(entry)))


def _scope(arguments: argparse.Namespace) -> Scope | None:
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
