"""Read a request to change a follow-up, and apply it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from autopulse.domain.bounds import cut
from autopulse.domain.follow_ups import MAX_CAUSE_CHARACTERS, MAX_NOTE_CHARACTERS, TRANSITIONS, State
from autopulse.errors import Problem
from autopulse.follow_ups.requests import read_object
from autopulse.json_coercion import MAX_CALL_ID, Json, read_text

FIELDS: Final = ("state", "assignee_id", "cause", "note")
"""The fields that a PATCH may change."""
ME: Final = "me"
"""Replaces a user's id, for the user that the principal is."""
_VERSION: Final = re.compile(r'"([1-9][0-9]*)"')
_VERSION_DIGITS: Final = 10
"""The maximum number of digits of a version; no follow-up has more."""
_STATES: Final = {state.value: state for state in State}


@dataclass(frozen=True, slots=True)
class Change:
    """The fields that a PATCH gives, checked."""

    given: Mapping[str, Any]

    @property
    def names_me(self) -> bool:
        """Whether the assignee shall be the principal's own user."""
        return self.given.get("assignee_id") == ME

    def named(self, own_id: int | None) -> "Change":
        """The change with ME replaced by the id of the principal's user."""
        return Change({**self.given, "assignee_id": own_id}) if self.names_me else self

    def applied_to(self, current: Mapping[str, Any]) -> dict[str, Any]:
        """The changed fields; raises Problem 422 for a change that the current state does not allow."""
        wanted = {name: self.given.get(name, current[name]) for name in FIELDS}
        before, after = State(current["state"]), State(wanted["state"])
        if after is not before and after not in TRANSITIONS[before]:
            allowed = " or ".join(sorted(state.value for state in TRANSITIONS[before]))
            raise Problem(422, f"From {before.value} a follow-up can become {allowed}.", field="state")
        if after is State.RESOLVED and not wanted["cause"]:
            raise Problem(422, "To resolve a follow-up, say its cause.", field="cause")
        return wanted


def read_change(body: Json) -> Change:
    """Read the body of a PATCH; raises Problem."""
    given = read_object(body, FIELDS)
    if not given:
        raise Problem(400, f"Give one of {', '.join(FIELDS)}.")
    readers = {"state": _state, "assignee_id": _user, "cause": _cause, "note": _note}
    return Change({name: readers[name](value) for name, value in given.items()})


def read_note(body: Json) -> str | None:
    """Read the note of a POST, whose body may be empty; raises Problem."""
    return _note(read_object(body, ("note",)).get("note")) if body else None


def read_version(header: Json) -> int:
    """The version in `If-Match`; raises Problem 428 without one, 400 if it is not a quoted version."""
    if not isinstance(header, str) or not header.strip():
        raise Problem(428, "Say in If-Match which version the change is of.", field="If-Match")
    version = _VERSION.fullmatch(header.strip())
    if version is None:
        raise Problem(400, 'If-Match is one version in quotes, such as "3".', field="If-Match")
    return int(version[1][: _VERSION_DIGITS + 1])


def _state(value: Json) -> str:
    if not isinstance(value, str) or value not in _STATES:
        raise Problem(400, f"A state is {', '.join(_STATES)}.", field="state")
    return value


def _user(value: Json) -> int | str | None:
    if value is None:
        return None
    if value == ME:
        return ME
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= MAX_CALL_ID:
        raise Problem(400, "An assignee is the id of a user, `me`, or null.", field="assignee_id")
    return value


def _cause(value: Json) -> str | None:
    return _text(value, "cause", MAX_CAUSE_CHARACTERS)


def _note(value: Json) -> str | None:
    return _text(value, "note", MAX_NOTE_CHARACTERS)


def _text(value: Json, field: str, most: int) -> str | None:
    if value is not None and not isinstance(value, str):
        raise Problem(400, "This is a text, or null.", field=field)
    text = (read_text(value) or "").strip()
    if len(text) > most:
        raise Problem(400, f"This has more than {most} characters.", field=field)
    return cut(text, most) or None
