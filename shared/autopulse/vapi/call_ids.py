"""Where a message says which call it is about, and who was called.

Vapi carries an application's variables and metadata in many objects: in the overrides of whatever takes the call
(assistant, squad, workflow), in each of those itself, and for campaigns in each customer. Which of them a body has
depends on how the call was made. Some bodies have no `call`, only a copy of it below the artifact's variables.

The header X-Call-Id, which some messages have too, is not read: a signature covers the body alone, so whoever has a
signed body without ids could say of any call that it is about that one.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final, NamedTuple

from autopulse.json_coercion import Json, read_call_id, read_list, read_mapping
from autopulse.vapi.call_tokens import CALL_TOKEN

CALL_ID: Final = "call_id"
MAX_MEMBERS: Final = 100
"""Of a squad, that are looked at. Vapi's own squads have a handful."""
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
"""Where our id nearly always is."""

_INNER_CALLS: Final[tuple[Path, ...]] = (("artifact", "variables", "call"), ("artifact", "variableValues", "call"))

_HOLDERS: Final[tuple[Path, ...]] = (
    ("call",),
    ("call", "customer"),
    ("customer",),
    (),
    ("artifact",),
    *(place for call in _INNER_CALLS for place in (call, (*call, "customer"))),
)
"""What may hold variables and metadata in any of the places below, from the message on."""

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
"""Where a holder has them; those of `members` in each of the first members."""


class NamedCall(NamedTuple):
    """Our call id as a message gives it, and what stands beside it as its proof."""

    call_id: int
    token: Json


def find_named_call(message: Mapping[str, Json]) -> NamedCall | None:
    """Our call id from the first place that has a valid one (docs/call-state.md, section 1), and its token."""
    for variables in map(read_mapping, _variables_of(message)):
        call_id = read_call_id(variables.get(CALL_ID))
        if call_id is not None:
            return NamedCall(call_id, variables.get(CALL_TOKEN))
    return None


def find_call_id(message: Mapping[str, Json]) -> int | None:
    """Our call id from the first place that has a valid one, proven or not."""
    named = find_named_call(message)
    return named.call_id if named else None


def calls_of(message: Mapping[str, Json]) -> list[Mapping[str, Json]]:
    """Every copy of the call that the message has, best first; what one of them lacks the next may say."""
    copies = [read_mapping(message.get("call")), *(read_mapping(_look_up(message, path)) for path in _INNER_CALLS)]
    return [copy for copy in copies if copy]


def customers_of(message: Mapping[str, Json]) -> list[Mapping[str, Json]]:
    """Everything that the message says of who was called, best first."""
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
