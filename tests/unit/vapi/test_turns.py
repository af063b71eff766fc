"""Turns in the shapes of every era (docs/call-state.md 5)."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autopulse.domain.turns import Turn
from autopulse.json_coercion import as_text
from autopulse.vapi.speakers import SpeakerNames
from autopulse.vapi.turns import has_turn, has_words, read_spoken_text, read_turns, role_of

FALLBACK = datetime(2026, 7, 11, 1, tzinfo=timezone.utc)
START = datetime(2026, 7, 11, 0, 55, tzinfo=timezone.utc)
CALL = {"id": "call_1", "type": "function", "function": {"name": "book", "arguments": '{"day":"Monday"}'}}


def read_one(item: Any) -> tuple[str, str] | None:  # noqa: ANN401 - any JSON value
    turns = read_turns([item], FALLBACK).turns
    return (turns[0].role, turns[0].content) if turns else None


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        pytest.param({"role": "bot", "message": "Hello"}, ("assistant", "Hello"), id="since late 2024"),
        pytest.param({"role": "user", "message": "Yes", "duration": 4560.0004}, ("human", "Yes"), id="user"),
        pytest.param({"role": "assistant", "content": "Hello"}, ("assistant", "Hello"), id="OpenAI format"),
        pytest.param({"role": "human", "content": "Yes"}, ("human", "Yes"), id="the application's documents"),
        pytest.param({"role": "customer", "text": "Yes"}, ("human", "Yes"), id="text"),
        pytest.param({"role": " User ", "message": "Yes"}, ("human", "Yes"), id="role's case and blanks"),
        pytest.param({"role": "ai", "message": " ", "content": "Hi"}, ("assistant", "Hi"), id="blank gives way"),
        pytest.param({"role": "bot", "message": 5, "content": "Hi"}, ("assistant", "Hi"), id="wrong type gives way"),
        pytest.param({"role": "bot", "message": "a", "content": "b", "text": "c"}, ("assistant", "a"), id="first wins"),
        pytest.param({"role": "user", "message": 9}, ("human", "9"), id="a number"),
        pytest.param({"role": "user", "content": 8.5}, ("human", "8.5"), id="a number with a fraction"),
        pytest.param({"role": "user", "message": 10**400}, ("human", f"1{'0' * 400}"), id="a long number"),
        pytest.param({"role": "user", "message": True}, None, id="no number"),
        pytest.param({"role": "user", "message": float("nan")}, None, id="not a number"),
        pytest.param({"role": "user", "content": [{"type": "text", "text": "Nine."}]}, ("human", "Nine."), id="a part"),
        pytest.param({"role": "user", "content": [{"text": 9}]}, ("human", "9"), id="a part that is a number"),
        pytest.param(
            {"role": "bot", "content": [{"text": "Hi, "}, {"type": "image_url"}, {"text": " "}, "there"]},
            ("assistant", "Hi, there"),
            id="parts",
        ),
        pytest.param(
            {"role": "bot", "message": [[{"content": [{"text": {"value": "Hi"}}]}], {"transcript": "there"}]},
            ("assistant", "Hi there"),
            id="nested parts",
        ),
        pytest.param({"role": "bot", "content": {"text": "Hi"}}, ("assistant", "Hi"), id="an object"),
        pytest.param({"role": "bot", "message": [], "content": "Hi"}, ("assistant", "Hi"), id="no parts give way"),
        pytest.param({"role": "bot", "content": [{"type": "image_url"}, None, True]}, None, id="parts without words"),
        pytest.param({"role": "bot", "message": "  a \n"}, ("assistant", "  a \n"), id="not trimmed"),
        pytest.param(
            {"role": "tool_calls", "toolCalls": [CALL], "message": ""},
            ("tool", 'book({"day":"Monday"})'),
            id="tool call",
        ),
        pytest.param(
            {"role": "tool_calls", "tool_calls": [CALL, {"name": "end", "arguments": {"why": "x"}}]},
            ("tool", 'book({"day":"Monday"})\nend({"why":"x"})'),
            id="several, snake case, flat, object arguments",
        ),
        pytest.param({"role": "tool_calls", "toolCalls": [{"name": "end"}]}, ("tool", "end()"), id="no arguments"),
        pytest.param(
            {"role": "tool_calls", "toolCalls": [{"name": "end", "arguments": None}]},
            ("tool", "end()"),
            id="null arguments",
        ),
        pytest.param({"role": "tool_calls", "toolCalls": [], "message": "x"}, ("tool", "x"), id="only a message"),
        pytest.param({"role": "tool_calls", "toolCalls": [{"function": {}}, 5, None]}, None, id="nothing called"),
        pytest.param({"role": "function_call", "name": "f", "args": '{"a":1}'}, ("tool", 'f({"a":1})'), id="2024-03"),
        pytest.param(
            {"role": "function_call", "functionCall": {"name": "f", "arguments": "{}"}},
            ("tool", "f({})"),
            id="2024, nested",
        ),
        pytest.param(
            {"role": "function_call", "function_call": {"name": "f", "arguments": {"ä": 1}}},
            ("tool", 'f({"ä":1})'),
            id="snake case",
        ),
        pytest.param({"role": "tool_call_result", "name": "f", "result": "done"}, ("tool_result", "done"), id="result"),
        pytest.param(
            {"role": "tool_call_result", "result": {"ok": True, "n": [1]}},
            ("tool_result", '{"ok":true,"n":[1]}'),
            id="result, an object",
        ),
        pytest.param({"role": "tool_call_result", "result": 0}, ("tool_result", "0"), id="result, zero"),
        pytest.param({"role": "tool", "content": "done"}, ("tool_result", "done"), id="OpenAI tool"),
        pytest.param({"role": "function", "content": "done"}, ("tool_result", "done"), id="OpenAI function"),
        pytest.param({"role": "tool_call_result", "result": None}, None, id="no result"),
        pytest.param({"role": "assistant", "content": None, "tool_calls": [CALL]}, None, id="OpenAI, null content"),
        pytest.param({"role": "bot", "message": " \n"}, None, id="blank"),
        pytest.param({"role": "bot"}, None, id="no text"),
        pytest.param({"role": "narrator", "message": "x"}, None, id="other role"),
        pytest.param({"message": "x"}, None, id="no role"),
        pytest.param({"role": 5, "message": "x"}, None, id="role of wrong type"),
        pytest.param({}, None, id="empty"),
    ],
)
def test_an_item(item: dict[str, Any], expected: tuple[str, str] | None) -> None:
    assert read_one(item) == expected


def test_a_place_is_counted_without_prompts_but_with_skipped_items() -> None:
    items = [
        {"role": "system", "message": "You are a helpful assistant."},
        {"role": "bot", "message": "Hello"},
        {"role": "Developer", "content": "Be brief."},
        {"role": "narrator", "message": "Silence."},
        {"role": "user", "message": "Yes"},
    ]
    turns = read_turns(items, FALLBACK)
    assert [(turn.sequence, turn.content) for turn in turns.turns] == [(0, "Hello"), (2, "Yes")]
    assert (turns.length, turns.skipped, turns.human) == (3, 1, True)


@pytest.mark.parametrize("items", [[], [{"role": "system", "message": "x"}], [{"role": "bot", "message": ""}]])
def test_a_list_without_turns(items: list[Any]) -> None:
    turns = read_turns(items, FALLBACK)
    assert turns.turns == ()
    assert not turns.human


@pytest.mark.parametrize(
    ("times", "start", "expected"),
    [
        ({"time": 1783731600000, "secondsFromStart": 3}, START, datetime(2026, 7, 11, 1, tzinfo=timezone.utc)),
        ({"time": 1783731600000.5}, None, datetime(2026, 7, 11, 1, 0, 0, 500, tzinfo=timezone.utc)),
        ({"time": "2026-07-11T01:00:00Z"}, None, datetime(2026, 7, 11, 1, tzinfo=timezone.utc)),
        ({"secondsFromStart": 3.5}, START, START + timedelta(seconds=3.5)),
        ({"secondsFromStart": 0}, START, START),
        ({"time": "soon", "secondsFromStart": 3}, START, START + timedelta(seconds=3)),
        ({"time": 1e300, "secondsFromStart": 1e300}, START, FALLBACK),
        ({"secondsFromStart": -1e300}, START, FALLBACK),
        ({"secondsFromStart": 3}, None, FALLBACK),
        ({"secondsFromStart": True}, START, FALLBACK),
        ({}, START, FALLBACK),
    ],
)
def test_a_turns_time(times: dict[str, Any], start: datetime | None, expected: datetime) -> None:
    (turn,) = read_turns([{"role": "bot", "message": "Hello", **times}], FALLBACK, start).turns
    assert turn.timestamp == expected


@pytest.mark.parametrize("seconds", [-1e10, -6e10, 251_600_000_000])
def test_no_turn_has_a_time_that_cannot_be_shown(seconds: float) -> None:
    (turn,) = read_turns([{"role": "bot", "message": "Hello", "secondsFromStart": seconds}], FALLBACK, START).turns
    assert turn.timestamp == FALLBACK


def test_the_first_time_is_the_first_that_an_item_of_the_list_has() -> None:
    items = [
        {"role": "system", "message": "Prompt.", "time": "2026-07-11T00:00:00Z"},
        {"role": "bot", "message": "Hello"},
        {"role": "narrator", "time": "2026-07-11T00:50:00Z"},
        {"role": "user", "message": "Yes", "time": "2026-07-11T00:40:00Z"},
    ]
    assert read_turns(items, FALLBACK, START).first_time == datetime(2026, 7, 11, 0, 50, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("times", "start", "expected"),
    [
        ({"time": 1783731600000, "secondsFromStart": 3}, START, datetime(2026, 7, 11, 1, tzinfo=timezone.utc)),
        ({"secondsFromStart": 3}, START, START + timedelta(seconds=3)),
        ({"secondsFromStart": 3}, None, None),
        ({"time": "soon"}, START, None),
        ({}, START, None),
    ],
)
def test_a_list_whose_items_have_no_times_has_no_first_time(
    times: dict[str, Any], start: datetime | None, expected: datetime | None
) -> None:
    assert read_turns([{"role": "bot", "message": "Hello", **times}], FALLBACK, start).first_time == expected
    assert read_turns([], FALLBACK, start).first_time is None


@pytest.mark.parametrize(
    ("item", "words", "turn"),
    [
        ({"role": "bot", "message": "Hello"}, True, True),
        ({"role": "user", "content": [{"text": "Yes"}]}, True, True),
        ({"role": "user", "message": 9}, True, True),
        ({"role": "tool_calls", "toolCalls": [CALL]}, False, True),
        ({"role": "tool", "content": "done"}, False, True),
        ({"role": "bot", "message": " "}, False, False),
        ({"role": "system", "message": "Prompt."}, False, False),
        ({"role": "narrator", "message": "x"}, False, False),
        ({}, False, False),
    ],
)
def test_what_an_item_is(item: dict[str, Any], words: bool, turn: bool) -> None:
    assert (has_words(item), has_turn(item)) == (words, turn)


def test_a_transcript_text() -> None:
    text = "AI: Hello, how\nwas it?\nUser: Fine.\nuser:\nAssistant:   Good: bye\nHuman: So long"
    turns = read_spoken_text(text, FALLBACK)
    assert turns.turns == (
        Turn(0, "assistant", "Hello, how\nwas it?", FALLBACK),
        Turn(1, "human", "Fine.", FALLBACK),
        Turn(3, "assistant", "Good: bye", FALLBACK),
        Turn(4, "human", "So long", FALLBACK),
    )
    assert (turns.length, turns.skipped, turns.human, turns.first_time) == (5, 1, True, None)


def test_a_transcript_text_with_the_names_that_the_call_gives() -> None:
    turns = read_spoken_text("Odette: Hello?\nPiper: Hello.", FALLBACK, SpeakerNames(["Piper"], ["Odette Example"]))
    assert [(turn.role, turn.content) for turn in turns.turns] == [("human", "Hello?"), ("assistant", "Hello.")]


@pytest.mark.parametrize("text", ["", " \n", "AI:", "\n\nUser:  \n"])
def test_a_transcript_text_without_words(text: str) -> None:
    assert read_spoken_text(text, FALLBACK).turns == ()


@pytest.mark.parametrize(
    ("value", "expected"),
    [("User", "human"), (" BOT\n", "assistant"), ("system", None), (None, None), (5, None), ("", None)],
)
def test_roles(value: Any, expected: str | None) -> None:  # noqa: ANN401 - any JSON value
    assert role_of(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [("x", "x"), (None, ""), (5, "5"), ({"a": [1, "ä"]}, '{"a":[1,"ä"]}'), (False, "false")]
)
def test_values_as_text(value: Any, expected: str) -> None:  # noqa: ANN401 - any JSON value
    assert as_text(value) == expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
FIELDS = dict.fromkeys(
    ("message", "content", "text", "time", "secondsFromStart", "toolCalls", "name", "args", "result"), JSON
)
ITEMS = JSON | st.fixed_dictionaries(
    {"role": JSON | st.sampled_from(["bot", "user", "tool_calls", "function_call", "tool", "system"])}, optional=FIELDS
)


@given(st.lists(ITEMS, max_size=5), st.none() | st.just(START))
def test_any_list_is_read(items: list[Any], start: datetime | None) -> None:
    turns = read_turns(items, FALLBACK, start)
    places = [turn.sequence for turn in turns.turns]
    assert places == sorted(set(places))
    assert all(turn.content.strip() and 0 <= turn.sequence < turns.length for turn in turns.turns)
    assert turns.skipped == turns.length - len(places)
