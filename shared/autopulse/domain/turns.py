"""The turns of a conversation, as they are stored."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final, NamedTuple

from autopulse.domain.bounds import MAX_SPEECH_CHARACTERS, MAX_TURNS

HUMAN: Final = "human"
ASSISTANT: Final = "assistant"
TOOL: Final = "tool"
TOOL_RESULT: Final = "tool_result"
"""These four are the values of `transcript.role` that the application knows."""


class Turn(NamedTuple):
    """One spoken turn, tool call or tool result; a tuple, since a batch has hundreds of them."""

    sequence: int
    """Place in the sender's list, from 0, without its prompts."""
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
    """The first time that an item of the list itself has, skipped items included; None if no item has any."""

    @property
    def skipped(self) -> int:
        """Items without text, with a role that is not stored, or beyond what is kept."""
        return self.length - len(self.turns)

    @property
    def human(self) -> bool:
        """Whether the customer speaks."""
        return any(turn.role == HUMAN for turn in self.turns)


def within_bounds(
    turns: Iterable[Turn], most: int = MAX_TURNS, characters: int = MAX_SPEECH_CHARACTERS
) -> Iterator[Turn]:
    """The first of these turns, as far as their number and the characters of all together go."""
    for turn in islice(turns, most):
        characters -= len(turn.content)
        if characters < 0:
            return
        yield turn
