"""Read what has to be erased: one of our call id, Vapi's call id and a phone number."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from autopulse.domain.phone_numbers import digits_of, ways_of
from autopulse.errors import Problem
from autopulse.json_coercion import MAX_VAPI_CALL_ID_CHARACTERS, Json, read_call_id, read_vapi_call_id
from autopulse.reconciliation.requests import is_askable

FIELDS: Final = ("call_id", "vapi_call_id", "phone", "dry_run")
SCOPES: Final = FIELDS[:3]


@dataclass(frozen=True, slots=True)
class Wanted:
    """The target of an erasure."""

    scope: str
    value: str = field(repr=False)
    """The id, or the number's digits."""
    is_dry_run: bool = False

    @property
    def digits(self) -> tuple[str, ...]:
        """How the number may be written where it is stored."""
        return ways_of(self.value)


def read_wanted(given: Mapping[str, Any]) -> Wanted:
    """Read the target of an erasure; raises Problem, which names the field and never its value."""
    scopes = [name for name in SCOPES if given.get(name) is not None]
    if len(scopes) != 1:
        raise Problem(400, f"Give exactly one of {', '.join(SCOPES)}.")
    (scope,) = scopes
    dry_run = given.get("dry_run", False)
    if not isinstance(dry_run, bool):
        raise Problem(400, "This is true or false.", field="dry_run")
    return Wanted(scope, _READERS[scope](given[scope]), dry_run)


def _call_id(value: Json) -> str:
    call_id = None if isinstance(value, bool) else read_call_id(value)
    if call_id is None:
        raise Problem(400, "This is the id of a call.", field="call_id")
    return str(call_id)


def _vapi_call_id(value: Json) -> str:
    vapi_call_id = read_vapi_call_id(value.strip()) if isinstance(value, str) else None
    if vapi_call_id is None:
        text = f"This is Vapi's id of a call: a text of at most {MAX_VAPI_CALL_ID_CHARACTERS} characters."
        raise Problem(400, text, field="vapi_call_id")
    return vapi_call_id.lower() if is_askable(vapi_call_id) else vapi_call_id


def _phone(value: Json) -> str:
    digits = digits_of(value) if isinstance(value, str) else ""
    if not digits:
        raise Problem(400, "This is a phone number such as +12025550101, with 7 to 15 digits.", field="phone")
    return digits


_READERS: Final = {"call_id": _call_id, "vapi_call_id": _vapi_call_id, "phone": _phone}
