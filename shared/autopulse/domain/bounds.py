"""How long texts may be that we keep or show (docs/api.md has the table), and how one is cut.

Characters are Unicode's code points, as Python and Postgres count them, so nothing is cut inside of one. What tells
one thing from another (an id, an address) is never cut: too long, it counts as not given.
"""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

MAX_ID_CHARACTERS: Final = 100
"""The maximum length of Vapi's ids and words."""
MAX_NAME_CHARACTERS: Final = 100
"""The maximum length of names: of a customer, an advisor, a campaign, a vehicle, a phone number and others."""
MAX_REASON_CHARACTERS: Final = 200
"""The maximum length of an ended reason; the longest of Vapi's schema has 121 characters."""
MAX_ADDRESS_CHARACTERS: Final = 4_000
"""The maximum length of a recording's URL; a presigned one has some 1,500 characters."""
MAX_TEXT_CHARACTERS: Final = 20_000
"""The maximum length of a turn, a summary, and each text of the feedback."""
MAX_SPEECH_CHARACTERS: Final = 1_000_000
"""The maximum length of all turns of a message, and of an attempt, together: some 20 hours of speech."""
MAX_TURNS: Final = 5_000
"""The maximum number of turns of a message, and of an attempt; an hour of talk has some 500."""
MAX_LISTS: Final = 50
"""The maximum number of turn lists of one source in an attempt; a squad's call has one for each handoff."""
MAX_DATA_BYTES: Final = 200_000
"""The maximum size of an analysis as JSON in UTF-8."""
MAX_KEY_CHARACTERS: Final = 200
"""The maximum length of a key in such data."""
MAX_ENDED_MESSAGE_CHARACTERS: Final = 1_000
"""The maximum length of the message in which Vapi says more about the end of a call; providers write in it."""
MAX_TURN_LATENCIES: Final = 500
"""The maximum number of turns of the assistant's whose latencies are kept: some two hours of talk."""
MAX_PARTS: Final = 50
"""The maximum number of parts of a cost, transfers, scorecards and skipped outputs of an attempt, of each."""
MAX_LATENCY_MILLISECONDS: Final = 3_600_000
"""The greatest latency; nobody waits an hour for an answer, so what is more was measured wrong."""
MAX_INTERRUPTIONS: Final = 100_000
"""The greatest number of interruptions of a call."""
ELLIPSIS: Final = "\u2026"
"""The last character of a text that was cut."""
CUT: Final = "autopulse_cut"
"""A name in structured data that was cut: its value is true."""
_LONGEST_PER_CHARACTER: Final = 60
"""A quick bound: `5e-324`, the number that grows most when its zeros are written, has 326 characters then."""
_BETWEEN: Final = 4
"""Bytes of a colon, a comma and their blanks, at the most."""


def cut(text: str, most: int) -> str:
    """The text, or its beginning with an ellipsis as the last of `most` characters."""
    return text if len(text) <= most else text[: most - 1] + ELLIPSIS


def cut_data(data: dict[str, Any]) -> dict[str, Any]:
    """A JSON object of MAX_DATA_BYTES at most: itself, or its first parts and `autopulse_cut`.

    Texts are cut to MAX_TEXT_CHARACTERS; what comes after the bytes are used up is left out.
    """
    if len(json.dumps(data)) * _LONGEST_PER_CHARACTER <= MAX_DATA_BYTES or _bytes_of(data) <= MAX_DATA_BYTES:
        return data
    budget = _Budget(MAX_DATA_BYTES - _bytes_of({CUT: True}))
    return {**budget.take(data), CUT: True}


def _bytes_of(value: Any) -> int:  # noqa: ANN401 - JSON
    """Of the value as the text of a jsonb: a blank after each comma and colon, and numbers with all their zeros."""
    if isinstance(value, dict):
        return 2 + sum(_bytes_of(name) + _bytes_of(item) + _BETWEEN for name, item in value.items())
    if isinstance(value, list):
        return 2 + sum(_bytes_of(item) + _BETWEEN for item in value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return len(f"{Decimal(repr(value)):f}")
    return len(json.dumps(value, ensure_ascii=False).encode(errors="replace"))


class _Full(Exception):
    """Nothing more fits."""


class _Budget:
    """Bytes that are left while JSON is copied; what is in the copy has been paid for."""

    def __init__(self, left: int) -> None:
        self._left = left

    def take(self, value: Any) -> Any:  # noqa: ANN401 - JSON
        """A copy of as much of the value as fits; raises _Full if nothing of it does."""
        if isinstance(value, str):
            return self._take_text(value)
        if isinstance(value, dict):
            self._pay(2)
            return dict(self._entries(value))
        if isinstance(value, list):
            self._pay(2)
            return list(self._items(value))
        self._pay(_bytes_of(value))
        return value

    def _take_text(self, text: str) -> str:
        text = cut(text, MAX_TEXT_CHARACTERS)
        self._pay(_bytes_of(text))
        return text

    def _entries(self, value: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        for name, item in value.items():
            try:
                key = cut(name, MAX_KEY_CHARACTERS)
                self._pay(_bytes_of(key) + _BETWEEN)
                yield key, self.take(item)
            except _Full:
                return

    def _items(self, value: list[Any]) -> Iterator[Any]:
        for item in value:
            try:
                self._pay(_BETWEEN)
                yield self.take(item)
            except _Full:
                return

    def _pay(self, size: int) -> None:
        if size > self._left:
            self._left = 0
            raise _Full
        self._left -= size
