"""The configuration that a stack needs at Vapi: URL, authentication, subscribed messages and retries."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from autopulse.vapi.routes import SUBSCRIPTION

TIMEOUT_SECONDS: Final = 20
"""Vapi's default. It is above the verifier's timeout of 10 s; otherwise Vapi would repeat accepted webhooks."""
BACKOFF_PLAN: Final[Mapping[str, Any]] = {
    "type": "exponential",
    "maxRetries": 10,
    "baseDelaySeconds": 10,
    "excludedStatusCodes": [400, 413, 415],
}
"""Without a plan Vapi sends a webhook only once. This is the longest plan that Vapi accepts: waits of 10 s, 20 s, 40 s
… 5,120 s, together 2 h 50 min. That covers a deploy, a throttle, a failover, or an hour with a wrong secret.

The excluded statuses are those that a retry of the same bytes cannot change: no message (400), too long (413: a retry
of 5 MB would count as another lost report), wrong content type (415). All others are retried, against Vapi's own
advice: a secret may be rotated (401), a rate rule or a wrong path may be corrected (403), a domain or a tunnel may not
work yet (404), and a report that is refused permanently is lost.
"""
MAX_NAME_CHARACTERS: Final = 40
FINGERPRINT_DIGITS: Final = 8


@dataclass(frozen=True)
class DesiredState:
    """The desired configuration for one stack."""

    stack_name: str
    url: str
    plan: Mapping[str, Any]
    """Vapi's `authenticationPlan` of the credential, secret included."""
    protect_monitor: bool = False
    static_addresses: bool = False
    make_suffix: str = ""
    """The variables that a make command needs to work on this stack."""

    @property
    def credential_name(self) -> str:
        """Name of the credential: the stack, and a hash of secret and plan, as Vapi does not return a secret again."""
        digest = hashlib.sha256(json.dumps(self.plan, sort_keys=True).encode()).hexdigest()
        return f"{self.credential_prefix}{digest[:FINGERPRINT_DIGITS]}"

    @property
    def credential_prefix(self) -> str:
        """Return the common prefix of the names of this stack's credentials, of any secret."""
        room = MAX_NAME_CHARACTERS - FINGERPRINT_DIGITS - 1
        if len(self.stack_name) <= room:
            return f"{self.stack_name} "
        digest = hashlib.sha256(self.stack_name.encode()).hexdigest()[:FINGERPRINT_DIGITS]
        return f"{self.stack_name[: room - FINGERPRINT_DIGITS - 1]}-{digest} "

    @property
    def credential(self) -> dict[str, Any]:
        """The credential as it is created at Vapi."""
        return {"provider": "webhook", "name": self.credential_name, "authenticationPlan": dict(self.plan)}

    def server(self, stored: Mapping[str, Any] | None, credential_id: str) -> dict[str, Any]:
        """Return the whole server object: other stored fields are kept, and the legacy secret is removed."""
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
        """Return the top-level fields that have to change, each with its complete new value."""
        wanted: dict[str, Any] = {"server": self.server(resource.get("server"), credential_id)}
        if has_messages:
            wanted["serverMessages"] = sorted(SUBSCRIPTION)
        if has_messages and self.protect_monitor:
            wanted["monitorPlan"] = (resource.get("monitorPlan") or {}) | PROTECTED_MONITOR
        return {name: value for name, value in wanted.items() if not _equal(resource.get(name), value)}


PROTECTED_MONITOR: Final = {"listenAuthenticationEnabled": True, "controlAuthenticationEnabled": True}


def _equal(stored: object, wanted: object) -> bool:
    """Compare, ignoring the order of lists of messages and status codes; Vapi may return the number 20 as 20.0."""
    if isinstance(stored, dict) and isinstance(wanted, dict):
        given = {name: value for name, value in stored.items() if value is not None}
        return given.keys() == wanted.keys() and all(_equal(given[name], wanted[name]) for name in wanted)
    if isinstance(stored, list) and isinstance(wanted, list):
        return sorted(map(str, stored)) == sorted(map(str, wanted))
    return stored == wanted


def show_url(url: object) -> str:
    """Return a URL without the parts that may be secret: user, password, query."""
    if not isinstance(url, str) or not url:
        return "none"
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path}" + ("?…" if parts.query else "")


def plan_seconds(plan: Mapping[str, Any]) -> float:
    """Return the sum of a `backoffPlan`'s waits in seconds, without the time of the requests."""
    retries, base = int(plan.get("maxRetries") or 0), float(plan.get("baseDelaySeconds") or 0)
    return base * (2**retries - 1) if plan.get("type") == "exponential" else base * retries
