"""Credentials at Vapi with former secrets: which scopes still use them, and the deletion of unused ones."""

import json
import re
from collections.abc import Iterator

from operate.vapi.api import Resource, VapiApi
from operate.vapi.current_state import (
    ASSISTANT,
    ORGANIZATION,
    PHONE_NUMBER,
    CurrentState,
    read_current_state,
    server_of,
)
from operate.vapi.desired_state import FINGERPRINT_DIGITS, DesiredState


class StaleCredentials:
    """The stale credentials of one stack, recognised by their names; credentials that a person made are left alone."""

    def __init__(self, api: VapiApi, desired: DesiredState) -> None:
        """Keep the client; no request is sent yet."""
        self._api = api
        self._desired = desired

    def users(self) -> list[str]:
        """Return descriptions of the scopes whose webhooks are signed with a former secret."""
        current = read_current_state(self._api)
        ids = {item["id"] for item in self._former(current)}
        return list(_users(current, ids))

    def delete_unused(self) -> int:
        """Delete those that no resource refers to, tools included; returns how many."""
        current = read_current_state(self._api)
        named = json.dumps(
            [current.assistants, current.phone_numbers, current.organization, list(current.tools.values())]
        )
        unused = [item for item in self._former(current) if item["id"] not in named]
        for item in unused:
            self._api.delete(f"/credential/{item['id']}")
        return len(unused)

    def _former(self, current: CurrentState) -> list[Resource]:
        ours = re.compile(rf"{re.escape(self._desired.credential_prefix)}[0-9a-f]{{{FINGERPRINT_DIGITS}}}")
        named = [(item, str(item.get("name") or "")) for item in current.credentials.values()]
        return [item for item, name in named if ours.fullmatch(name) and name != self._desired.credential_name]


def _users(current: CurrentState, credential_ids: set[str]) -> Iterator[str]:
    organizations = () if current.organization is None else (current.organization,)
    scopes = ((ASSISTANT, current.assistants), (PHONE_NUMBER, current.phone_numbers), (ORGANIZATION, organizations))
    for scope, resources in scopes:
        for resource in resources:
            if server_of(resource).get("credentialId") in credential_ids:
                yield scope.describe(resource)
