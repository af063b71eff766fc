"""Scopes of a server URL. Each event goes to one: the assistant's, else the phone number's, else the organization's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from operate.target import OperationFailed
from operate.vapi.api import Resource, VapiApi


@dataclass(frozen=True)
class Scope:
    """One assistant, one phone number, or the organization."""

    name: str
    id: str | None = None

    @property
    def has_messages(self) -> bool:
        """Return whether the scope has `serverMessages` and `monitorPlan`: only assistants do."""
        return self.name == "assistant"

    def read(self, api: VapiApi) -> Resource:
        """Return the resource as Vapi stores it."""
        return read_organization(api) if self.name == "organization" else dict(api.read(self._path(self.id)))

    def change(self, api: VapiApi, resource: Resource, changes: Mapping[str, Any]) -> Resource:
        """Replace the given top-level fields, each as a whole."""
        # The schema of a phone number depends on its provider, so Vapi requires the provider with every change.
        provider = {"provider": resource["provider"]} if self.name == "phone number" else {}
        return api.change(self._path(resource["id"]), {**provider, **changes})

    def _path(self, id_: str | None) -> str:
        folder = {"assistant": "assistant", "phone number": "phone-number", "organization": "org"}[self.name]
        if not str(id_).strip(". "):
            raise OperationFailed(f"{self.name}: {id_!r} is no id")
        return f"/{folder}/{quote(str(id_), safe='')}"

    def describe(self, resource: Mapping[str, Any]) -> str:
        """Describe the resource by name and id, never by its phone number."""
        name = resource.get("name")
        return f"{self.name} {resource['id']}" + (f" ({name})" if isinstance(name, str) and name else "")


def choose_scope(assistant: str | None, phone_number: str | None, *, organization: bool) -> Scope | None:
    """Return the scope that is named, or None; raises OperationFailed if several are."""
    named = [Scope("assistant", assistant)] if assistant else []
    named += [Scope("phone number", phone_number)] if phone_number else []
    named += [Scope("organization")] if organization else []
    if len(named) > 1:
        raise OperationFailed("say one of ASSISTANT=id, PHONE_NUMBER=id and ORGANIZATION=1")
    return named[0] if named else None


def read_organization(api: VapiApi) -> Resource:
    """Return the organization that the key belongs to."""
    answer = api.read("/org")
    found = answer[0] if isinstance(answer, list) and answer else answer
    if not isinstance(found, dict) or "id" not in found:
        raise OperationFailed("Vapi names no organization for this key")
    return found
