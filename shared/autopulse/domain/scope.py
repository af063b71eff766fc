"""The calls that a principal may read, and the organization's user who is the principal."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Scope:
    """Restricts everything that is read or changed; every query takes one."""

    organization_id: str
    advisor_id: int | None = None
    """Only calls of visits of this service advisor; None for all calls of the organization."""


@dataclass(frozen=True, slots=True)
class UserKey:
    """The id and e-mail address in a token that identify one of the organization's users; empty if it has none."""

    id: int | None = None
    """The user's id; if it is known, the e-mail address is ignored."""
    email: str = ""


NO_USER: Final = UserKey()
"""The key of a token that does not identify a user."""
