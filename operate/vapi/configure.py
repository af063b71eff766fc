"""`make vapi-configure`: show what would change at Vapi, ask, change it, and check the result."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from local.console import say
from operate.confirmation import Confirm
from operate.dead_letter import printable_line
from operate.target import OperationFailed
from operate.vapi.api import LOOPBACK, Resource, VapiApi, VapiRefused
from operate.vapi.connection import refuse_plain_text
from operate.vapi.desired_state import DesiredState, show_url
from operate.vapi.scopes import Scope

UNMADE: Final = "(new)"
"""Stands for the id of a credential that has not been created yet."""
_HIDDEN: Final = frozenset({"secret", "headers"})
"""Fields of a server whose values must not be displayed."""


def configure(api: VapiApi, scope: Scope, desired: DesiredState, confirm: Confirm) -> int:
    """Configure one scope as the stack needs it; returns the exit status. The command is idempotent."""
    _mind_plain_text(desired)
    resource = _read(api, scope, desired)
    credentials = api.read("/credential")
    credential = find_credential(credentials, desired)
    changes = desired.changes(resource, credential["id"] if credential else UNMADE, has_messages=scope.has_messages)
    say(printable_line(scope.describe(resource)))
    if not changes:
        say("  as it should be: nothing to change")
        return 0
    _show(resource, changes, desired, {item["id"]: item.get("name") or "" for item in credentials})
    if not confirm("Change this at Vapi?"):
        say("Nothing changed")
        return 0
    _apply(api, scope, desired, resource, credential)
    say(f"Changed. Now see whether webhooks arrive: make vapi-doctor{desired.make_suffix}")
    return 0


def _mind_plain_text(desired: DesiredState) -> None:
    refuse_plain_text(desired.url)
    if urlsplit(desired.url).hostname in LOOPBACK:
        say("Vapi does not reach this machine: give the https URL of a tunnel as VAPI_WEBHOOK_URL")


def find_credential(credentials: list[Resource], desired: DesiredState) -> Resource | None:
    """Return this stack's credential with the current secret, found by its name; the oldest if there are two."""
    named = [item for item in credentials if item.get("name") == desired.credential_name]
    return min(named, key=lambda item: str(item.get("createdAt", "")), default=None)


def _read(api: VapiApi, scope: Scope, desired: DesiredState) -> Resource:
    try:
        return scope.read(api)
    except VapiRefused as refusal:
        if scope.name == "organization" and refusal.status in {401, 403}:
            raise OperationFailed(_by_hand(desired)) from refusal
        raise


def _by_hand(desired: DesiredState) -> str:
    return (
        "Vapi lets this key neither read nor change the organization. Set it by hand at dashboard.vapi.ai,\n"
        f"Organization Settings: server URL {show_url(desired.url)} and a webhook credential,\n"
        f"or set the URL of each assistant instead: make vapi-configure ASSISTANT=id{desired.make_suffix}"
    )


def _apply(api: VapiApi, scope: Scope, desired: DesiredState, shown: Resource, credential: Resource | None) -> None:
    """Create the credential if there is none, change the scope, and check that Vapi stored the change."""
    resource = scope.read(api)
    if resource.get("updatedAt") != shown.get("updatedAt"):
        raise OperationFailed("somebody changed it meanwhile; nothing was changed, run it again")
    made = credential or api.create("/credential", desired.credential)
    changes = desired.changes(resource, made["id"], has_messages=scope.has_messages)
    scope.change(api, resource, changes)
    left = desired.changes(scope.read(api), made["id"], has_messages=scope.has_messages)
    if left:
        raise OperationFailed(
            f"Vapi accepted the change, but {', '.join(left)} is not as it was sent; look at it there"
        )


def _show(
    resource: Mapping[str, Any], changes: Mapping[str, Any], desired: DesiredState, names: Mapping[str, str]
) -> None:
    for name, value in changes.items():
        if isinstance(value, dict):
            for line in _differences(name, resource.get(name) or {}, value, {**names, UNMADE: ""}):
                say(f"  {printable_line(line)}")
        else:
            say(printable_line(f"  {name}: {_list(resource.get(name))} -> {_list(value)}"))
    if changes.get("server", {}).get("credentialId") == UNMADE:
        plan = desired.plan
        header = plan.get("signatureHeader") or plan.get("headerName")
        say(f"  new credential {desired.credential_name}: {plan['type']} in {header}, secret ********")


def _differences(
    name: str, stored: Mapping[str, Any], wanted: Mapping[str, Any], names: Mapping[str, str]
) -> Iterator[str]:
    for field in sorted(stored.keys() | wanted.keys()):
        before, after = stored.get(field), wanted.get(field)
        if before != after:
            yield f"{name}.{field}: {_value(field, before, names)} -> {_value(field, after, names)}"


def _value(field: str, value: object, names: Mapping[str, str]) -> str:
    if value is None:
        return "none"
    if field in _HIDDEN:
        return "********"
    if field == "url":
        return show_url(value)
    if field == "credentialId":
        return f"{value} {names.get(str(value), '(unknown)')}".strip()
    return json.dumps(value, sort_keys=True)


def _list(value: object) -> str:
    return ", ".join(sorted(map(str, value))) if isinstance(value, list) else "unset (Vapi's default)"
