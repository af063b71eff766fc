"""Vapi's configuration as it should be: where it sends, how it proves itself, what it sends, how often it tries."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from autopulse.vapi.routes import SUBSCRIPTION

TIMEOUT_SECONDS: Final = 20
"""Vapi's default. Above the function's own 10 s, or it would give up on what is about to be accepted."""
BACKOFF_PLAN: Final[Mapping[str, Any]] = {
    "type": "exponential",
    "maxRetries": 10,
    "baseDelaySeconds": 10,
    "excludedStatusCodes": [400, 413, 415],
}
"""Without a plan Vapi never sends a webhook again. This is the longest that it takes: 10 s, 20 s, 40 s … 5,120 s, which
are 2 h 50 min together: a deploy, a throttle, a failover, an hour of a wrong secret.

Left out is what the same bytes cannot change: no message in them (400), too many of them (413: a retry of 5 MB would
count as another lost report), their type (415). All else is tried again, against Vapi's own advice: a secret may be
rotated (401), a rate rule or a wrong path be in force (403), a domain or a tunnel not lead here yet (404), and a report
that is refused for good is lost.
"""
MAX_NAME_CHARACTERS: Final = 40
FINGERPRINT_DIGITS: Final = 8


@dataclass(frozen=True)
class DesiredState:
    """The wishes of one stack."""

    stack_name: str
    url: str
    plan: Mapping[str, Any]
    """How Vapi signs: the `authenticationPlan` of its credential, secret included."""
    protect_monitor: bool = False
    static_addresses: bool = False
    make_suffix: str = ""
    """The variables that a make command needs in order to be about this stack."""

    @property
    def credential_name(self) -> str:
        """The stack, and which secret and plan: Vapi does not show a secret again, so its name has to tell it."""
        digest = hashlib.sha256(json.dumps(self.plan, sort_keys=True).encode()).hexdigest()
        return f"{self.credential_prefix}{digest[:FINGERPRINT_DIGITS]}"

    @property
    def credential_prefix(self) -> str:
        """Return what the names of all credentials of this stack begin with, of whatever secret."""
        room = MAX_NAME_CHARACTERS - FINGERPRINT_DIGITS - 1
        if len(self.stack_name) <= room:
            return f"{self.stack_name} "
        digest = hashlib.sha256(self.stack_name.encode()).hexdigest()[:FINGERPRINT_DIGITS]
        return f"{self.stack_name[: room - FINGERPRINT_DIGITS - 1]}-{digest} "

    @property
    def credential(self) -> dict[str, Any]:
        """The credential as Vapi makes it."""
        return {"provider": "webhook", "name": self.credential_name, "authenticationPlan": dict(self.plan)}

    def server(self, stored: Mapping[str, Any] | None, credential_id: str) -> dict[str, Any]:
        """The whole server object: what is stored and not ours stays; the legacy secret goes."""
        kept = {name: value for name, value in (stored or {}).items() if name != "secret" and value is not None}
        ours = {
            "url": self.url,
            "credentialId": credential_id,
            "timeoutSeconds": TIMEOUT_SECONDS,
            "backoffPlan": BACKOFF_PLAN,
        }
        return kept | ours | ({"staticIpAddressesEnabled": True} if self.static_addresses else {})

    def changes(
        self, resource: Mapping[str, Any], credential_id: str, *, has_messages: bool
    ) -> dict[str, dict[str, Any] | list[str]]:
        """The top-scope fields that have to change, each with its whole new value."""
        wanted: dict[str, Any] = {"server": self.server(resource.get("server"), credential_id)}
        if has_messages:
            wanted["serverMessages"] = sorted(SUBSCRIPTION)
        if has_messages and self.protect_monitor:
            wanted["monitorPlan"] = (resource.get("monitorPlan") or {}) | PROTECTED_MONITOR
        return {name: value for name, value in wanted.items() if not _equal(resource.get(name), value)}


PROTECTED_MONITOR: Final = {"listenAuthenticationEnabled": True, "controlAuthenticationEnabled": True}


def _equal(stored: object, wanted: object) -> bool:
    """The order of a list of messages or status codes says nothing; a number may come back as 20 or 20.0."""
    if isinstance(stored, dict) and isinstance(wanted, dict):
        given = {name: value for name, value in stored.items() if value is not None}
        return given.keys() == wanted.keys() and all(_equal(given[name], wanted[name]) for name in wanted)
    if isinstance(stored, list) and isinstance(wanted, list):
        return sorted(map(str, stored)) == sorted(map(str, wanted))
    return stored == wanted


def show_url(url: object) -> str:
    """A URL without what may be secret in it: user, password, query."""
    if not isinstance(url, str) or not url:
        return "none"
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path}" + ("?…" if parts.query else "")


def plan_seconds(plan: Mapping[str, Any]) -> float:
    """How many seconds a `backoffPlan` waits between its tries, all together; the time of the requests is not in it."""
    retries, base = int(plan.get("maxRetries") or 0), float(plan.get("baseDelaySeconds") or 0)
    return base * (2**retries - 1) if plan.get("type") == "exponential" else base * retries
