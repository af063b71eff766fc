"""Values that Vapi sends and this code does not know: words and fields of newer versions.

Each value is counted by its sort (`What`), and logged for `make drift`. A value is an identifier, such as a type or the
name of a field, and never what a person said: text of several words is not logged, except an output's name. Because
values come from outside, they are printable and short in the log, at most `MAX_VALUES` of a message and `MAX_KEPT`
different ones per container. The verifier masks secrets in them before, as in everything that it queues.
"""

import re
from collections.abc import Iterable, Iterator
from enum import Enum
from functools import cache
from typing import Final, NamedTuple

DRIFT: Final = "drift"
"""The log's key of a list of `{"what", "value"}`; the consumers' items also have `count` and `vapi_call_ids`."""
MAX_VALUES: Final = 10
"""The maximum number of values that a log line has of one message or of one batch."""
MAX_KEPT: Final = 100
"""The maximum number of different values that one container logs; further ones are only counted."""
MAX_CHARACTERS: Final = 128
"""The maximum length of a value in the log; the longest ended reason in Vapi's schema has 121 characters."""
SEVERAL_WORDS: Final = "(several words)"
"""Replaces a value that is not an identifier, because a person may have said it."""
_UNPRINTED: Final = re.compile(r"[^\w.:/=\[\]\"'(),?!&#+ -]+", re.ASCII)
_LONG_NUMBER: Final = re.compile(r"\d{5,}")
_TELEPHONE_DIGITS: Final = 7
"""Matches telephone numbers; fewer digits are not a telephone number, whatever separates them."""


class What(str, Enum):
    """The sorts of values: the dimension `what` of the metric `ValueUnknown`."""

    MESSAGE_TYPE = "message_type"
    FIELD = "field"
    STATUS = "status"
    ENDED_REASON = "ended_reason"
    ROLE = "role"
    STRUCTURED_OUTPUT = "structured_output"


class UnknownValue(NamedTuple):
    """A value that this code does not know, as it was sent."""

    what: What
    value: str


class Named:
    """The values that a container has logged; the limit keeps a sender that invents values from filling the log."""

    def __init__(self) -> None:
        self._values: set[UnknownValue] = set()

    def choose(self, values: Iterable[UnknownValue]) -> list[UnknownValue]:
        """Choose the values to log, made printable: at most `MAX_VALUES`, each once."""
        return list(dict.fromkeys(self._admitted(values)))

    def _admitted(self, values: Iterable[UnknownValue]) -> Iterator[UnknownValue]:
        for _, (what, value) in zip(range(MAX_VALUES), values, strict=False):
            shown = UnknownValue(what, _shown(what, value))
            if shown in self._values or len(self._values) < MAX_KEPT:
                self._values.add(shown)
                yield shown


@cache
def named() -> Named:
    """Return the container's record of logged values."""
    return Named()


def _shown(what: What, value: str) -> str:
    if what is not What.STRUCTURED_OUTPUT and len(value.split()) > 1:
        return SEVERAL_WORDS
    return printable(value)


def printable(value: str) -> str:
    """Convert a word from outside for the log: ASCII, short, without telephone numbers."""
    text = _LONG_NUMBER.sub("#", _UNPRINTED.sub("?", value))[:MAX_CHARACTERS]
    return re.sub("[0-9]", "#", text) if sum(map(str.isdigit, text)) >= _TELEPHONE_DIGITS else text
