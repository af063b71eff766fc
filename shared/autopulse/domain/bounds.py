"""The maximum lengths of texts that are stored or shown (docs/api.md has the table), and how texts are cut.

Lengths are counted in Unicode code points, as Python and Postgres do, so no character is split. A value that identifies
something (an id, a URL) is never cut: if it is too long, it counts as absent.
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
"""The maximum length of a key in an analysis."""
MAX_ENDED_MESSAGE_CHARACTERS: Final = 1_000
"""The maximum length of Vapi's message about the end of a call, which may contain text of providers."""
MAX_TURN_LATENCIES: Final = 500
"""The maximum number of the assistant's turns whose latencies are stored: some two hours of talk."""
MAX_PARTS: Final = 50
"""The maximum number of an attempt's cost parts, transfers, scorecards and skipped outputs, for each of these."""
MAX_LATENCY_MILLISECONDS: Final = 3_600_000
"""The greatest latency in milliseconds, an hour; a greater value is a measurement error."""
MAX_INTERRUPTIONS: Final = 100_000
"""The greatest number of interruptions of a call."""
ELLIPSIS: Final = "\u2026"
"""The last character of a text that was cut."""
CUT: Final = "autopulse_cut"
"""A name in structured data that was cut; its value is true."""
_LONGEST_PER_CHARACTER: Final = 60
"""The most bytes that a character of JSON can need in a jsonb: `5e-324` has 326 characters with all its zeros."""
_BETWEEN: Final = 4
"""The maximum number of bytes of a colon, a comma and their blanks."""


def cut(text: str, most: int) -> str:
    """The text, or if it is too long, its beginning with an ellipsis as the last of `most` characters."""
    return text if len(text) <= most else text[: most - 1] + ELLIPSIS


def cut_data(data: dict[str, Any]) -> dict[str, Any]:
    """A JSON object of at most MAX_DATA_BYTES: `data` itself, or its first parts and `autopulse_cut`.

    Texts are cut to MAX_TEXT_CHARACTERS; the parts that no longer fit are left out.
    """
    if len(json.dumps(data)) * _LONGEST_PER_CHARACTER <= MAX_DATA_BYTES or _bytes_of(data) <= MAX_DATA_BYTES:
        return data
    budget = _Budget(MAX_DATA_BYTES - _bytes_of({CUT: True}))
    return {**budget.take(data), CUT: True}


def _bytes_of(value: Any) -> int:  # noqa: ANN401 - JSON
    """The bytes of the value as text of a jsonb: a blank after each comma and colon, numbers with all zeros."""
    if isinstance(value, dict):
        return 2 + sum(_bytes_of(name) + _bytes_of(item) + _BETWEEN for name, item in value.items())
    if isinstance(value, list):
        return 2 + sum(_bytes_of(item) + _BETWEEN for item in value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return len(f"{Decimal(repr(value)):f}")
    return len(json.dumps(value, ensure_ascii=False).encode(errors="replace"))


class _Full(Exception):
    """No further part fits."""


class _Budget:
    """The bytes that are left while JSON is copied; the parts in the copy are already subtracted."""

    def __init__(self, left: int) -> None:
        self._left = left

    def take(self, value: Any) -> Any:  # noqa: ANN401 - JSON
        """Copy as much of the value as fits; raises _Full if none of it does."""
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
