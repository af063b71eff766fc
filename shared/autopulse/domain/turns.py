"""The turns of a conversation, read from Vapi's lists of every era.

An item is `{role, message | content | text, time?, secondsFromStart?}`; tool calls carry their name and arguments,
tool results their result. The same code reads lists that were slimmed by the verifier and lists that were not.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from autopulse.domain.reading import (
    Json,
    plausible_time,
    read_list,
    read_mapping,
    read_number,
    read_text,
    read_time,
    read_words,
)

HUMAN: Final = "human"
ASSISTANT: Final = "assistant"
TOOL: Final = "tool"
TOOL_RESULT: Final = "tool_result"

UNSPOKEN_ROLES: Final = frozenset({"system", "developer"})
"""Prompts: never stored, and without a place among the turns."""
ROLES: Final[Mapping[str, str]] = {
    "user": HUMAN,
    "human": HUMAN,
    "customer": HUMAN,
    "bot": ASSISTANT,
    "assistant": ASSISTANT,
    "ai": ASSISTANT,
    "tool_calls": TOOL,
    "function_call": TOOL,
    "tool_call_result": TOOL_RESULT,
    "function": TOOL_RESULT,
    "tool": TOOL_RESULT,
}
"""The sender's role -> the `transcript.role` that the application knows."""

_SPEAKER: Final = re.compile(r"^(AI|Bot|Assistant|User|Human|Customer):[ \t]*", re.IGNORECASE | re.MULTILINE)


class Turn(NamedTuple):
    """One spoken turn, tool call or tool result; a tuple, since a batch has hundreds of them."""

    sequence: int
    """Place in the sender's list, from 0, without its system and developer items."""
    role: str
    content: str
    timestamp: datetime


@dataclass(frozen=True, slots=True)
class Turns:
    """The turns of one message."""

    turns: tuple[Turn, ...]
    length: int
    """Places in the list, those of skipped items included."""
    first_time: datetime | None = None

    @property
    def skipped(self) -> int:
        """Items without text, or with a role that is not stored."""
        return self.length - len(self.turns)

    @property
    def human(self) -> bool:
        """Whether the customer speaks."""
        return any(turn.role == HUMAN for turn in self.turns)


def role_of(value: Json) -> str | None:
    """The stored role for a sender's role."""
    return ROLES.get((read_words(value) or "").strip().lower())


def read_turns(items: Sequence[Json], fallback: datetime, start: datetime | None = None) -> Turns:
    """The turns of a list; a turn's time is its own, else `start` + its seconds, else `fallback`."""
    read = [(_role_word(item), item) for item in map(read_mapping, items)]
    spoken = [(word, item) for word, item in read if word not in UNSPOKEN_ROLES]
    turns = [_read_turn(place, ROLES.get(word), item, fallback, start) for place, (word, item) in enumerate(spoken)]
    first = next((t for _, item in spoken if (t := read_time(item.get("time")) or _after(start, item))), None)
    return Turns(tuple([turn for turn in turns if turn is not None]), len(spoken), first)


def read_spoken_text(text: str, at: datetime) -> Turns:
    """The turns of a report's `transcript` text, "AI: …" and "User: …" in lines; all at the same instant."""
    parts = _SPEAKER.split(text)[1:]  # speaker, words, speaker, words …
    said = [(role_of(speaker), words.strip()) for speaker, words in zip(parts[::2], parts[1::2], strict=True)]
    turns = tuple(Turn(place, role, words, at) for place, (role, words) in enumerate(said) if role and words)
    return Turns(turns, len(said))


def _role_word(item: Mapping[str, Json]) -> str:
    return (read_words(item.get("role")) or "").strip().lower()


def _read_turn(
    place: int, role: str | None, item: Mapping[str, Json], fallback: datetime, start: datetime | None
) -> Turn | None:
    content = _content(role, item) if role else ""
    if role is None or not content:
        return None
    return Turn(place, role, content, read_time(item.get("time")) or _after(start, item) or fallback)


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
    return read_words(item.get("message")) or read_words(item.get("content")) or read_words(item.get("text")) or ""


def _calls(item: Mapping[str, Json]) -> Iterator[str]:
    """`name(arguments)` of each call, in the shapes of `tool_calls` and of 2024's `function_call`."""
    for call in read_list(item.get("toolCalls")) or read_list(item.get("tool_calls")) or [item]:
        function = read_mapping(read_mapping(call).get("function")) or _function(read_mapping(call))
        name = read_text(function.get("name"))
        if name:
            arguments = next((function[key] for key in ("arguments", "args") if key in function), "")
            yield f"{name}({as_text(arguments)})"


def _function(call: Mapping[str, Json]) -> Mapping[str, Json]:
    return read_mapping(call.get("functionCall")) or read_mapping(call.get("function_call")) or call


def as_text(value: Json) -> str:
    """Text as it is, anything else but null as compact JSON."""
    if value is None:
        return ""
    return (
        read_text(value) or ""
        if isinstance(value, str)
        else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    )
