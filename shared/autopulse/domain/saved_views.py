"""Saved views: a name that a person gives to an address of the console, which says what is shown and of which calls."""

import re
import unicodedata
from typing import Final

MAX_NAME_CHARACTERS: Final = 60
MAX_ADDRESS_CHARACTERS: Final = 1_000
MAX_VIEWS: Final = 50
"""The most that one person keeps."""
_ADDRESS: Final = re.compile(r"\?[!-~]+")
_NOT_IN_ADDRESSES: Final = frozenset('#<>"\\`')


def name_of(text: str) -> str | None:
    """The name as it is kept, or None if it is none.

    It is a part of a path, which some gateways decode and others do not: without `%` and `/` both say the same. With a
    letter or a digit in it, it is no dots, which a browser would take for the way to another path.
    """
    name = unicodedata.normalize("NFC", text).strip()
    is_plain = name.isprintable() and not {"%", "/", "\\"} & set(name)
    is_telling = any(character.isalnum() for character in name)
    return name if is_plain and is_telling and len(name) <= MAX_NAME_CHARACTERS else None


def is_address(text: str) -> bool:
    """Whether it is a query string and nothing else: it cannot lead to another page, host or scheme."""
    is_short = len(text) <= MAX_ADDRESS_CHARACTERS
    return is_short and _ADDRESS.fullmatch(text) is not None and not _NOT_IN_ADDRESSES & set(text)
