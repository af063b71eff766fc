"""Our call id and the copies of the call, wherever a message has them (docs/call-state.md, section 1)."""

import copy
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autopulse.vapi.call_ids import MAX_MEMBERS, calls_of, customers_of, find_call_id

NAMES = ("variableValues", "metadata")
OVERRIDES = ("assistantOverrides", "squadOverrides", "workflowOverrides", "membersOverrides")
CARRIED = (
    *("assistant", "squad", "workflow", "squad membersOverrides", "squadOverrides membersOverrides"),
    *("squad members 0", "squad members 2 assistantOverrides", "squad members 1 assistant"),
)
HOLDERS = (
    *("call", "call customer", "customer", "", "artifact"),
    *("artifact variables call", "artifact variableValues call", "artifact variables call customer"),
)
PLACES = [
    *(
        f"{holder} {carrier} {name}".split()
        for holder in HOLDERS
        for carrier in (*OVERRIDES, "", *CARRIED)
        for name in NAMES
    ),
    ["artifact", "variables"],
]
IN_ORDER = [
    "call assistantOverrides variableValues",
    "call metadata",
    "call assistantOverrides metadata",
    "assistant variableValues",
    "call squadOverrides variableValues",
    "call squadOverrides metadata",
    "call workflowOverrides variableValues",
    "call workflowOverrides metadata",
    "call variableValues",
    "call assistant variableValues",
    "call squad metadata",
    "call squad members 0 assistantOverrides variableValues",
    "call squad members 1 assistantOverrides variableValues",
    "call workflow variableValues",
    "call customer assistantOverrides variableValues",
    "call customer metadata",
    "customer squadOverrides variableValues",
    "metadata",
    "variableValues",
    "artifact variableValues",
    "artifact variables",
    "artifact variables call metadata",
]
INVALID: list[Any] = [None, "", " ", "x", 0, -1, True, 1.5, 2**31, [15], {"call_id": 15}, float("nan"), "9" * 5_000]
NO_OBJECTS: list[Any] = [None, "", "15", 15, True, [], [{"call_id": 15}], {}]


def put(message: dict[str, Any], path: list[str], value: object) -> None:
    """Set a value at a path; a digit is a place in a list. What is in the way gives way."""
    at: Any = message
    for name, following in zip(path, [*path[1:], None], strict=True):
        key = int(name) if isinstance(at, list) else name
        if isinstance(at, list):
            at.extend({} for _ in range(int(name) + 1 - len(at)))
        if following is None:
            at[key] = value
            return
        wanted = list if following.isdigit() else dict
        inner = at.get(key) if isinstance(at, dict) else at[key]
        if not isinstance(inner, wanted):
            at[key] = inner = wanted()
        at = inner


def message_with(*filled: tuple[str, object]) -> dict[str, Any]:
    message: dict[str, Any] = {"type": "hang"}
    for place, call_id in filled:
        put(message, [*place.split(), "call_id"], call_id)
    return message


@pytest.mark.parametrize("holder", HOLDERS)
def test_our_call_id_is_found_in_every_place(holder: str) -> None:
    for place in (place for place in PLACES if place[: len(holder.split())] == holder.split()):
        for call_id in ("15", 15, 15.0, " 15 "):
            assert find_call_id(message_with((" ".join(place), call_id))) == 15, place


@given(st.data())
def test_no_place_hides_the_one_that_has_it(data: st.DataObject) -> None:
    """Whatever else stands in other places: objects without our id, with an invalid one, or no objects at all."""
    place = data.draw(st.sampled_from(PLACES))
    others = st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(INVALID)), max_size=8)
    wrecks = st.lists(st.tuples(st.sampled_from(PLACES), st.integers(1, 5), st.sampled_from(NO_OBJECTS)), max_size=4)
    message: dict[str, Any] = {"type": "hang"}
    for other, invalid in data.draw(others):
        put(message, [*other, "call_id"], invalid)
    for other, length, wreck in data.draw(wrecks):
        put(message, other[:length], copy.deepcopy(wreck))
    put(message, [*place, "call_id"], "15")
    assert find_call_id(message) == 15


@pytest.mark.parametrize("place", range(len(IN_ORDER)))
def test_the_first_valid_one_counts(place: int) -> None:
    filled = [(name, number) for number, name in enumerate(IN_ORDER[place:], start=1)]
    assert find_call_id(message_with(*reversed(filled))) == 1
    assert find_call_id(message_with(*((name, "x") for name in IN_ORDER[:place]), *filled)) == 1


@pytest.mark.parametrize("invalid", INVALID, ids=lambda value: str(value)[:10])
def test_what_is_no_call_id_of_ours_is_none(invalid: object) -> None:
    assert find_call_id(message_with(("call assistantOverrides variableValues", invalid))) is None
    assert find_call_id(message_with(("call metadata", invalid), ("artifact variables", 7))) == 7


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"call": "x", "assistant": None, "artifact": [], "customer": 5},
        {"call": {"metadata": [{"call_id": 1}]}},
        {"call": [{"metadata": {"call_id": 1}}]},
        {"call": {"squad": {"members": {"0": {"metadata": {"call_id": 1}}}}}},
        {"call": {"call_id": 1, "id": 1}, "call_id": 1, "customer": {"call_id": 1}},
        {"phoneNumber": {"metadata": {"call_id": 1}}, "messages": [{"metadata": {"call_id": 1}}]},
    ],
)
def test_elsewhere_nothing_is_looked_for(message: dict[str, Any]) -> None:
    assert find_call_id(message) is None


def test_a_squad_of_a_million_members_takes_no_time() -> None:
    member: dict[str, Any] = {"assistantOverrides": {"variableValues": {"call_id": "15"}}}
    message: dict[str, Any] = {"call": {"squad": {"members": [{}] * (MAX_MEMBERS - 1) + [member]}}}
    assert find_call_id(message) == 15
    message["call"]["squad"]["members"] = [{}] * 1_000_000 + [member]
    started = time.process_time()
    assert find_call_id(message) is None
    assert time.process_time() - started < 0.1


def test_copies_of_the_call_and_of_who_was_called_come_in_order() -> None:
    message = {
        "call": {"id": "a", "customer": {"number": "1"}},
        "customer": {"number": "2"},
        "artifact": {
            "variables": {"call": {"id": "b", "customer": {"number": "3"}}, "customer": {"number": "5"}},
            "variableValues": {"call": {"id": "c", "customer": {"number": "4"}}},
        },
    }
    assert [call["id"] for call in calls_of(message)] == ["a", "b", "c"]
    assert [customer["number"] for customer in customers_of(message)] == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize("nothing", NO_OBJECTS)
def test_what_is_no_object_is_no_copy(nothing: object) -> None:
    message = {"call": nothing, "customer": nothing, "artifact": {"variables": {"call": nothing, "customer": nothing}}}
    assert calls_of(message) == customers_of(message) == []
    assert calls_of({"call": nothing, "artifact": nothing}) == []
