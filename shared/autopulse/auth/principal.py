"""The principal: what the authorizer has read from a token, for all functions behind it."""

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from autopulse.domain.scope import NO_USER, Scope, UserKey
from autopulse.errors import OrganizationMissing, TokenRefused
from autopulse.json_coercion import Json, read_call_id, read_mapping, read_text


@dataclass(frozen=True, slots=True)
class Principal:
    """A person with a verified token."""

    organization_id: str
    """A UUID in canonical form; everything that the principal reads is restricted to this organization."""
    subject: str
    """The issuer's id of the person."""
    expires_at: int
    """Epoch seconds at which the token expires, and with it a connection that it opened."""
    name: str = ""
    """The person's name in the token; empty if there is none."""
    may_write: bool = False
    """Whether the person may change follow-ups."""
    advisor_id: int | None = None
    """The service advisor to whose calls the person is restricted; None for all calls of the organization."""
    user: UserKey = NO_USER
    """The key of the organization's user that the person is, as the token gives it."""
    may_erase: bool = False
    """Whether the person may erase calls of the organization."""

    @property
    def scope(self) -> Scope:
        """The restriction of everything that the principal reads."""
        return Scope(self.organization_id, self.advisor_id)

    def to_context(self) -> dict[str, str]:
        """The authorizer's context; API Gateway passes all values on as text."""
        return {
            "organization_id": self.organization_id,
            "subject": self.subject,
            "expires_at": str(self.expires_at),
            "name": self.name,
            "may_write": "true" if self.may_write else "false",
            "may_erase": "true" if self.may_erase else "false",
            "advisor_id": str(self.advisor_id or ""),
            "user_id": str(self.user.id or ""),
            "email": self.user.email,
        }


def principal_of(event: Json) -> Principal:
    """The principal of an authorized request; raises TokenRefused, also if the token has expired.

    API Gateway caches an authorizer's answer for minutes, which may be longer than the token is valid.
    """
    context = read_mapping(read_mapping(read_mapping(event).get("requestContext")).get("authorizer"))
    principal = _read(context)
    if principal is None:
        raise TokenRefused("missing")
    if principal.expires_at <= time.time():
        raise TokenRefused("expired")
    return principal


def organization_of(value: Json) -> str:
    """The organization of a claim in canonical form; raises OrganizationMissing."""
    try:
        return str(uuid.UUID(read_text(value) or ""))
    except ValueError:
        raise OrganizationMissing from None


def _read(context: Mapping[str, Json]) -> Principal | None:
    try:
        organization_id, expires_at = organization_of(context.get("organization_id")), int(context["expires_at"])
        advisor_id = _bound_of(context.get("advisor_id"))
    except (OrganizationMissing, KeyError, TypeError, ValueError):
        return None
    return Principal(
        organization_id,
        read_text(context.get("subject")) or "",
        expires_at,
        read_text(context.get("name")) or "",
        context.get("may_write") in {True, "true"},
        advisor_id,
        UserKey(read_call_id(context.get("user_id")), read_text(context.get("email")) or ""),
        context.get("may_erase") in {True, "true"},
    )


def _bound_of(value: Json) -> int | None:
    """The advisor of a restricted principal; raises ValueError for an invalid one, so that no restriction is lost."""
    if value is None or value == "":
        return None
    advisor_id = read_call_id(value)
    if advisor_id is None:
        raise ValueError
    return advisor_id
