"""The maximum size of answers: Lambda accepts 6 MB of JSON, which contains the body as one text, escaped again."""

import json
import re
from collections.abc import Iterable
from itertools import takewhile
from typing import Any, Final, Protocol

MAX_BYTES: Final = 5_000_000
"""The maximum size of an answer as it leaves the function; headers and the JSON around it add some hundred bytes."""
_MOST_OF_ASCII: Final = 2
"""The maximum number of bytes of one printable ASCII character of JSON: a quotation mark gets a backslash."""
_MOST_OF_ANY: Final = 14
"""The maximum number of bytes of any other character: `\\\\ud83d\\\\ude00`, because body and answer are both ASCII."""
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def is_small(text: str) -> bool:
    """Return whether an answer with this JSON or file is certainly short enough, without measuring it."""
    if _CONTROLS.search(text):  # never in JSON; each becomes six characters
        return False
    return len(text) * (_MOST_OF_ASCII if text.isascii() else _MOST_OF_ANY) < MAX_BYTES * 0.9


def bytes_of_text(text: str) -> int:
    """The number of bytes of a body's part that is text."""
    return len(json.dumps(text)) - 2


class Model(Protocol):
    """A part of an answer."""

    def model_dump(self, *, mode: str) -> dict[str, Any]:
        """Return it as JSON's types."""
        ...


def bytes_of(item: Model) -> int:
    """The number of bytes of a body's part that is JSON, with the comma behind it."""
    return bytes_of_text(json.dumps(item.model_dump(mode="json"), separators=(",", ":"))) + 1


def count_fitting(sizes: Iterable[int], room: int = MAX_BYTES) -> int:
    """Return how many of the first parts fit together, at least one if there are any."""
    total = 0

    def fits(size: int) -> bool:
        nonlocal total
        first, total = total == 0, total + size
        return first or total <= room

    return sum(1 for _ in takewhile(fits, sizes))
