"""What Vapi sends and this code does not know: words and fields that its next version brought.

Each is counted by its sort (`What`) and named in a log line, for `make drift`. A value is a word of a program, such as
a type or the name of a field, and never what a person said: several words are not named, save an output's name. As it
comes from outside, it is logged like one all the same: printable and short, at most `MAX_VALUES` of a message and
`MAX_KEPT` different ones of a container. The verifier masks secrets in it first, as it does in all that it queues.
"""

import re
from collections.abc import Iterable, Iterator
from enum import Enum
from functools import cache
from typing import Final, NamedTuple

DRIFT: Final = "drift"
"""The log's key of a list of `{"what", "value"}`; a consumer's have a `count` and `vapi_call_ids` of their own too."""
MAX_VALUES: Final = 10
"""Values of one message, or of one batch, that a log line names."""
MAX_KEPT: Final = 100
"""Different values that one container names; what comes after them is counted and not named."""
MAX_CHARACTERS: Final = 128
"""Of a value in the log; the longest ended reason of Vapi's schema has 121."""
SEVERAL_WORDS: Final = "(several words)"
"""Stands for a value that no program made: it may be what somebody said."""
_UNPRINTED: Final = re.compile(r"[^\w.:/=\[\]\"'(),?!&#+ -]+", re.ASCII)
_LONG_NUMBER: Final = re.compile(r"\d{5,}")
_TELEPHONE_DIGITS: Final = 7
"""Fewer digits, between whatever else, call nobody."""


class What(str, Enum):
    """The sorts of values: the dimension `what` of the metric `ValueUnknown`."""

    MESSAGE_TYPE = "message_type"
    FIELD = "field"
    STATUS = "status"
    ENDED_REASON = "ended_reason"
    ROLE = "role"
    STRUCTURED_OUTPUT = "structured_output"


class UnknownValue(NamedTuple):
    """A value that nobody here knows, as it was sent."""

    what: What
    value: str


class Named:
    """Which values a container has named: a sender who makes up new ones all the time fills no log."""

    def __init__(self) -> None:
        self._values: set[UnknownValue] = set()

    def choose(self, values: Iterable[UnknownValue]) -> list[UnknownValue]:
        """Those that a log line may name, printable: at most `MAX_VALUES`, each once."""
        return list(dict.fromkeys(self._admitted(values)))

    def _admitted(self, values: Iterable[UnknownValue]) -> Iterator[UnknownValue]:
        for _, (what, value) in zip(range(MAX_VALUES), values, strict=False):
            shown = UnknownValue(what, _shown(what, value))
            if shown in self._values or len(self._values) < MAX_KEPT:
                self._values.add(shown)
                yield shown


@cache
def named() -> Named:
    """This container's."""
    return Named()


def _shown(what: What, value: str) -> str:
    if what is not What.STRUCTURED_OUTPUT and len(value.split()) > 1:
        return SEVERAL_WORDS
    return printable(value)


def printable(value: str) -> str:
    """A word that a sender chose, as the log takes it: ASCII, short, without telephone numbers."""
    text = _LONG_NUMBER.sub("#", _UNPRINTED.sub("?", value))[:MAX_CHARACTERS]
    return re.sub("[0-9]", "#", text) if sum(map(str.isdigit, text)) >= _TELEPHONE_DIGITS else text
