"""Find our call id in a message, and who was called.

Vapi carries an application's variables and metadata in many objects: in the overrides of the assistant, squad or
workflow that takes the call, in these objects themselves, and for campaigns in each customer. Which of them a body has
depends on how the call was made. Some bodies have no `call`, only a copy of it below the artifact's variables.

The header X-Call-Id, which some messages have too, is not read: a signature covers only the body, so the holder of a
signed body without ids could assign it to any call.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final, NamedTuple

from autopulse.json_coercion import Json, read_call_id, read_list, read_mapping
from autopulse.vapi.call_tokens import CALL_TOKEN

CALL_ID: Final = "call_id"
MAX_MEMBERS: Final = 100
"""The maximum number of a squad's members that are read. Vapi's own squads have a handful."""
_MEMBERS: Final = "members"

Path = tuple[str, ...]


def _of(*carrier: str) -> tuple[Path, Path]:
    return (*carrier, "variableValues"), (*carrier, "metadata")


_FIRST: Final[tuple[Path, ...]] = (
    ("call", "assistantOverrides", "variableValues"),
    ("call", "metadata"),
    ("call", "assistantOverrides", "metadata"),
    ("assistant", "variableValues"),
)
"""The places that nearly always have our id."""

_INNER_CALLS: Final[tuple[Path, ...]] = (("artifact", "variables", "call"), ("artifact", "variableValues", "call"))

_HOLDERS: Final[tuple[Path, ...]] = (
    ("call",),
    ("call", "customer"),
    ("customer",),
    (),
    ("artifact",),
    *(place for call in _INNER_CALLS for place in (call, (*call, "customer"))),
)
"""Objects that may hold variables and metadata in any of the places below, as paths from the message."""

_PLACES: Final[tuple[Path, ...]] = (
    ("assistantOverrides", "variableValues"),
    ("metadata",),
    ("assistantOverrides", "metadata"),
    *_of("squadOverrides"),
    *_of("squadOverrides", "membersOverrides"),
    *_of("workflowOverrides"),
    *_of("membersOverrides"),
    ("variableValues",),
    ("variables",),
    *_of("assistant"),
    *_of("squad"),
    *_of("squad", "membersOverrides"),
    *_of("squad", _MEMBERS, "assistantOverrides"),
    *_of("squad", _MEMBERS, "assistant"),
    *_of("squad", _MEMBERS),
    *_of("workflow"),
)
"""Places in such an object; a place in `members` is looked up in each of the first members."""


class NamedCall(NamedTuple):
    """Our call id in a message, and the token beside it that proves it."""

    call_id: int
    token: Json


def find_named_call(message: Mapping[str, Json]) -> NamedCall | None:
    """Return the first valid call id (docs/call-state.md, section 1) with its token; None if there is none."""
    for variables in map(read_mapping, _variables_of(message)):
        call_id = read_call_id(variables.get(CALL_ID))
        if call_id is not None:
            return NamedCall(call_id, variables.get(CALL_TOKEN))
    return None


def find_call_id(message: Mapping[str, Json]) -> int | None:
    """Return the first valid call id, with or without a valid token."""
    named = find_named_call(message)
    return named.call_id if named else None


def calls_of(message: Mapping[str, Json]) -> list[Mapping[str, Json]]:
    """Every copy of the call in the message, best first; a value that one copy lacks may be in the next."""
    copies = [read_mapping(message.get("call")), *(read_mapping(_look_up(message, path)) for path in _INNER_CALLS)]
    return [copy for copy in copies if copy]


def customers_of(message: Mapping[str, Json]) -> list[Mapping[str, Json]]:
    """Every object of the message that describes the customer, best first."""
    paths = (("call", "customer"), ("customer",), *((*call, "customer") for call in _INNER_CALLS))
    copies = (read_mapping(_look_up(message, path)) for path in (*paths, ("artifact", "variables", "customer")))
    return [copy for copy in copies if copy]


def _variables_of(message: Mapping[str, Json]) -> Iterator[Json]:
    for path in _FIRST:
        yield _look_up(message, path)
    for path in _HOLDERS:
        holder = read_mapping(_look_up(message, path))
        if holder:
            for place in _PLACES:
                yield from _reach(holder, place)


def _reach(holder: Mapping[str, Json], place: Path) -> Iterator[Json]:
    if _MEMBERS not in place:
        yield _look_up(holder, place)
        return
    at = place.index(_MEMBERS) + 1
    for member in islice(read_list(_look_up(holder, place[:at])), MAX_MEMBERS):
        yield _look_up(read_mapping(member), place[at:])


def _look_up(value: Json, path: Path) -> Json:
    for name in path:
        value = read_mapping(value).get(name)
    return value
