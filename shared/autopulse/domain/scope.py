"""Whose calls a principal reads, and who the principal is among the organization's users."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Scope:
    """What bounds everything that is read or changed; each query takes one."""

    organization_id: str
    advisor_id: int | None = None
    """Only calls of visits of this service advisor; None for all calls of the organization."""


@dataclass(frozen=True, slots=True)
class UserKey:
    """What a token says about which of the organization's users its owner is; nothing, if both are empty."""

    id: int | None = None
    """The user's id; if it is known, the e-mail address does not count."""
    email: str = ""


NO_USER: Final = UserKey()
"""Of a token that does not say it."""
