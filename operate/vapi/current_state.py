"""The current configuration at Vapi that decides where the events of a call go."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from operate.vapi.api import Resource, VapiApi, VapiRefused
from operate.vapi.scopes import Scope, read_organization

ASSISTANT = Scope("assistant")
PHONE_NUMBER = Scope("phone number")
ORGANIZATION = Scope("organization")


@dataclass(frozen=True)
class CurrentState:
    """The scopes, and the credentials and tools that they refer to."""

    assistants: tuple[Resource, ...]
    phone_numbers: tuple[Resource, ...]
    organization: Resource | None
    """None if the key may not read it."""
    credentials: Mapping[str, Resource]
    tools: Mapping[str, Resource]
    """Saved tools by id."""
    squads: Mapping[str, Resource]

    def answers(self, number: Resource, assistant: Resource) -> bool:
        """Return whether the assistant answers the phone number, itself or as a member of its squad."""
        members = self.squads.get(str(number.get("squadId")), {}).get("members") or []
        ids = {number.get("assistantId"), *(member.get("assistantId") for member in members)}
        return assistant["id"] in ids

    def routes(self, assistant: Resource) -> Iterator[tuple[Scope, Resource | None]]:
        """Yield where the events of an assistant's calls go: for each of its phone numbers, else without one.

        Each is a pair of the scope whose server URL applies and its resource, which is None if no scope has a URL.
        """
        if url_of(assistant):
            yield ASSISTANT, assistant
            return
        numbers = [number for number in self.phone_numbers if self.answers(number, assistant)]
        for number in numbers:
            yield (PHONE_NUMBER, number) if url_of(number) else self._last_route()
        if not numbers:
            yield self._last_route()

    def _last_route(self) -> tuple[Scope, Resource | None]:
        return ORGANIZATION, self.organization if self.organization and url_of(self.organization) else None


def read_current_state(api: VapiApi) -> CurrentState:
    """Read the whole state; a large organization takes a dozen requests."""
    return CurrentState(
        assistants=tuple(api.read_all("/assistant")),
        phone_numbers=tuple(api.read_all("/phone-number")),
        organization=_organization(api),
        credentials={item["id"]: item for item in api.read("/credential")},
        tools={item["id"]: item for item in api.read_all("/tool")},
        squads={item["id"]: item for item in api.read_all("/squad")},
    )


def _organization(api: VapiApi) -> Resource | None:
    try:
        return read_organization(api)
    except VapiRefused as refusal:
        if refusal.status in {401, 403, 404}:
            return None
        raise


def server_of(resource: Mapping[str, Any]) -> dict[str, Any]:
    """Return the resource's server object, or an empty one."""
    server = resource.get("server")
    return server if isinstance(server, dict) else {}


def url_of(resource: Mapping[str, Any]) -> str:
    """Return the server URL or an empty text; until late 2024 it was a separate field, which old resources have."""
    return str(server_of(resource).get("url") or resource.get("serverUrl") or "")
