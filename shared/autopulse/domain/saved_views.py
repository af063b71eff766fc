"""Saved views: named addresses of the console; an address selects a page and its calls."""

import re
import unicodedata
from typing import Final

MAX_NAME_CHARACTERS: Final = 60
MAX_ADDRESS_CHARACTERS: Final = 1_000
MAX_VIEWS: Final = 50
"""The maximum number of views of one person."""
_ADDRESS: Final = re.compile(r"\?[!-~]+")
_NOT_IN_ADDRESSES: Final = frozenset('#<>"\\`')


def name_of(text: str) -> str | None:
    """The name as it is stored, or None if it is invalid.

    The name is part of a path, which some gateways decode and others do not; `%` and `/` are invalid because the two
    readings would differ. A letter or a digit is required, because browsers resolve a path segment of dots.
    """
    name = unicodedata.normalize("NFC", text).strip()
    is_plain = name.isprintable() and not {"%", "/", "\\"} & set(name)
    is_telling = any(character.isalnum() for character in name)
    return name if is_plain and is_telling and len(name) <= MAX_NAME_CHARACTERS else None


def is_address(text: str) -> bool:
    """Whether the text is only a query string, so that it cannot lead to another page, host or scheme."""
    is_short = len(text) <= MAX_ADDRESS_CHARACTERS
    return is_short and _ADDRESS.fullmatch(text) is not None and not _NOT_IN_ADDRESSES & set(text)
