import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autopulse.api.cursors import binding_of, decode, encode
from autopulse.db.queries.pages import Position
from autopulse.domain.scope import Scope
from autopulse.errors import Problem

OURS = Scope("organization")
BINDING = binding_of("calls", OURS, "newest", {"status": "Ended"})
POSITION = Position("2026-11-02T15:00:00.123456+00:00", 7)


def test_a_cursor_comes_back_as_it_was() -> None:
    for position in (POSITION, Position("-infinity", 2**31 - 1)):
        assert decode(encode(position, BINDING), BINDING) == position


@pytest.mark.parametrize(
    "other",
    [
        binding_of("feedback", OURS, "newest", {"status": "Ended"}),
        binding_of("calls", Scope("other"), "newest", {"status": "Ended"}),
        binding_of("calls", Scope("organization", 7), "newest", {"status": "Ended"}),
        binding_of("calls", OURS, "oldest", {"status": "Ended"}),
        binding_of("calls", OURS, "newest", {"status": "Completed"}),
        binding_of("calls", OURS, "newest", {"outcome": "Ended"}),
        binding_of("calls", OURS, "newest", {}),
    ],
)
def test_a_cursor_belongs_to_one_list(other: str) -> None:
    assert other != BINDING
    with pytest.raises(Problem) as caught:
        decode(encode(POSITION, BINDING), other)
    assert (caught.value.status, caught.value.field) == (400, "cursor")


def _word(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "====",
        "é",
        _word(None),
        _word([]),
        _word({"a": 1, "b": 2, "c": BINDING}),
        _word(["-infinity", 1, BINDING, 4]),
        _word(["-infinity", 0, BINDING]),
        _word(["-infinity", 2**31, BINDING]),
        _word(["-infinity", "1", BINDING]),
        _word(["-infinity", 1.5, BINDING]),
        _word(["infinity", 1, BINDING]),
        _word(["2026-11-02T15:00:00", 1, BINDING]),
        _word(["now()", 1, BINDING]),
        _word([None, 1, BINDING]),
        _word([["-infinity"], 1, BINDING]),
        "W" * 200,
    ],
)
def test_what_no_list_gave_is_refused(cursor: str) -> None:
    with pytest.raises(Problem) as caught:
        decode(cursor, BINDING)
    assert (caught.value.status, caught.value.field) == (400, "cursor")


@given(st.text(max_size=200) | st.binary(max_size=150).map(lambda content: base64.urlsafe_b64encode(content).decode()))
def test_any_text_is_a_cursor_or_refused(cursor: str) -> None:
    with pytest.raises(Problem):
        decode(cursor, BINDING)
