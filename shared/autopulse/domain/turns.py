"""The turns of a conversation, as they are stored."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Final, NamedTuple

from autopulse.domain.bounds import MAX_SPEECH_CHARACTERS, MAX_TURNS

HUMAN: Final = "human"
ASSISTANT: Final = "assistant"
TOOL: Final = "tool"
TOOL_RESULT: Final = "tool_result"
"""The roles of turns: these four are the values of `transcript.role` that the application knows."""


class Turn(NamedTuple):
    """One spoken turn, tool call or tool result; a tuple, because a batch has hundreds of them."""

    sequence: int
    """The position in the sender's list, from 0, without prompts."""
    role: str
    content: str
    timestamp: datetime


class Turns(NamedTuple):
    """The turns of one message."""

    turns: tuple[Turn, ...]
    length: int
    """The number of positions in the list, with skipped items."""
    first_time: datetime | None = None
    """The first time of any item of the list, also of skipped ones; None if no item has a time."""

    @property
    def skipped(self) -> int:
        """The number of items that have no text, have a role that is not stored, or are beyond the limit."""
        return self.length - len(self.turns)

    @property
    def human(self) -> bool:
        """Whether a turn is the customer's."""
        return any(turn.role == HUMAN for turn in self.turns)


def within_bounds(
    turns: Iterable[Turn], most: int = MAX_TURNS, characters: int = MAX_SPEECH_CHARACTERS
) -> Iterator[Turn]:
    """The first turns, up to the maximum number of turns and of characters of all turns together."""
    for turn in islice(turns, most):
        characters -= len(turn.content)
        if characters < 0:
            return
        yield turn
