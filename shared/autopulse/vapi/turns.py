"""Read the turns of a conversation from the lists of all of Vapi's versions.

An item is `{role, message | content | text, time?, secondsFromStart?}`; tool calls have their name and arguments, tool
results their result. The same code reads lists before and after the verifier's redaction. If there are no lists,
`autopulse.vapi.speakers` splits the transcript's text.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from autopulse.domain.bounds import MAX_TEXT_CHARACTERS, cut
from autopulse.domain.turns import ASSISTANT, HUMAN, TOOL, TOOL_RESULT, Turn, Turns, within_bounds
from autopulse.json_coercion import (
    Json,
    as_text,
    not_ahead,
    plausible_time,
    read_list,
    read_mapping,
    read_number,
    read_text,
    read_time,
    read_words,
)
from autopulse.vapi.speakers import NOBODY, SPEAKING_ROLES, SpeakerNames, split_speech

PROMPT_ROLES: Final = frozenset({"system", "developer"})
"""Roles of the assistant's prompts, which never leave the verifier and are not counted among the turns."""
ROLES: Final[Mapping[str, str]] = {
    **SPEAKING_ROLES,
    "tool_calls": TOOL,
    "function_call": TOOL,
    "tool_call_result": TOOL_RESULT,
    "function": TOOL_RESULT,
    "tool": TOOL_RESULT,
}
"""The sender's role -> the `transcript.role` that the application knows."""

_WORDS: Final = ("message", "content", "text")
"""Fields that may have an item's words; the first that has any counts."""
_PARTS: Final = ("text", "content", "transcript", "value")
"""Fields that may have the words of one part, if the content is a list of parts."""
MAX_PART_DEPTH: Final = 8


def role_of(value: Json) -> str | None:
    """The stored role for a sender's role; None if turns of the role are not stored."""
    return ROLES.get((read_words(value) or "").strip().lower())


def read_turns(
    items: Sequence[Json], fallback: datetime, start: datetime | None = None, received_at: datetime | None = None
) -> Turns:
    """The turns of a list; a turn's time is its own, else `start` plus its seconds, else `fallback`.

    A time too far ahead of `received_at` counts as absent.
    """
    read = [(_role_word(item), item) for item in map(read_mapping, items)]
    timed = [(word, item, _time(item, start, received_at)) for word, item in read if word not in PROMPT_ROLES]
    turns = (_read_turn(place, ROLES.get(word), item, at or fallback) for place, (word, item, at) in enumerate(timed))
    first_time = next((at for _, _, at in timed if at is not None), None)
    return Turns(tuple(within_bounds(turn for turn in turns if turn is not None)), len(timed), first_time)


def read_spoken_text(text: str, at: datetime, names: SpeakerNames = NOBODY) -> Turns:
    """The turns of a report's `transcript` text, lines of `speaker: words`; all have the time `at`.

    `names` are the names that the call gives for its speakers.
    """
    said = split_speech(text, names)
    turns = (_bounded(place, role, words, at) for place, (role, words) in enumerate(said) if words)
    return Turns(tuple(within_bounds(turns)), len(said))


def _bounded(place: int, role: str, words: str, at: datetime) -> Turn:
    return Turn(place, role, cut(words, MAX_TEXT_CHARACTERS), at)


def has_words(item: Mapping[str, Json]) -> bool:
    """Whether the item has words of the customer or the assistant."""
    return ROLES.get(_role_word(item)) in {HUMAN, ASSISTANT} and bool(_spoken(item))


def has_turn(item: Mapping[str, Json]) -> bool:
    """Whether the item is a turn: words, a tool call or a tool's result."""
    role = ROLES.get(_role_word(item))
    return role is not None and bool(_content(role, item))


def read_said(value: Json) -> str | None:
    """The spoken text: a text, or the texts of a list of parts (`[{type, text}]`), joined by blanks.

    None if there are no words. Text is not trimmed.
    """
    if isinstance(value, str):
        return read_words(value)
    return " ".join(_parts(value, MAX_PART_DEPTH)) or None if isinstance(value, dict | list) else None


def _parts(value: Json, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        if value.strip():
            yield value.strip()
    elif depth and isinstance(value, dict):
        found = (list(_parts(value[name], depth - 1)) for name in _PARTS if name in value)
        yield from next(filter(None, found), [])
    elif depth and isinstance(value, list):
        for part in value:
            yield from _parts(part, depth - 1)
    elif numeral := _numeral(value):
        yield numeral


def _role_word(item: Mapping[str, Json]) -> str:
    word = item.get("role")
    if isinstance(word, str) and word in ROLES:
        return word  # the usual case, which is fast because a batch has hundreds
    return (read_words(word) or "").strip().lower()


def _read_turn(place: int, role: str | None, item: Mapping[str, Json], at: datetime) -> Turn | None:
    content = _content(role, item) if role else ""
    return _bounded(place, role, content, at) if role and content else None


def _time(item: Mapping[str, Json], start: datetime | None, received_at: datetime | None) -> datetime | None:
    """The item's own time, else the time of its seconds after the start."""
    own = not_ahead(read_time(item.get("time")), received_at)
    return own or not_ahead(_after(start, item), received_at)


def _after(start: datetime | None, item: Mapping[str, Json]) -> datetime | None:
    seconds = read_number(item.get("secondsFromStart"))
    if start is None or seconds is None:
        return None
    try:
        return plausible_time(start + timedelta(seconds=float(seconds)))
    except OverflowError:
        return None


def _content(role: str, item: Mapping[str, Json]) -> str:
    if role == TOOL:
        return "\n".join(_calls(item)) or _spoken(item)
    if role == TOOL_RESULT:
        return _spoken(item) or as_text(item.get("result"))
    return _spoken(item)


def _spoken(item: Mapping[str, Json]) -> str:
    """The words of the first field that has any; a number is used if no field has words."""
    for name in _WORDS:
        words = read_said(item.get(name))
        if words is not None:
            return words
    return next((text for name in _WORDS if (text := _numeral(item.get(name)))), "")


def _numeral(value: Json) -> str:
    if isinstance(value, float):
        return as_text(value) if math.isfinite(value) else ""
    return as_text(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _calls(item: Mapping[str, Json]) -> Iterator[str]:
    """Yield `name(arguments)` of each call, in the shapes of `tool_calls` and of 2024's `function_call`."""
    for call in read_list(item.get("toolCalls")) or read_list(item.get("tool_calls")) or [item]:
        function = read_mapping(read_mapping(call).get("function")) or _function(read_mapping(call))
        name = read_text(function.get("name"))
        if name:
            arguments = next((function[key] for key in ("arguments", "args") if key in function), "")
            yield f"{name}({as_text(arguments)})"


def _function(call: Mapping[str, Json]) -> Mapping[str, Json]:
    return read_mapping(call.get("functionCall")) or read_mapping(call.get("function_call")) or call
