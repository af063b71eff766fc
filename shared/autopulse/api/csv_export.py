"""Lists as CSV, for spreadsheets: what a customer said must not become a formula there."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final

_FORMULA: Final = re.compile("[\t\r]|\\s*[=+@\\-\uff1d\uff0b\uff0d\uff20]")
"""What a cell begins with that a spreadsheet computes, after blanks too; full-width forms count."""
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Mn"})
"""Categories of characters that are not seen: controls, such as NUL, zero-width ones, marks without a letter."""
_NUMBER: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
"""Harmless: a phone number, a negative number."""
BYTE_ORDER_MARK: Final = "\ufeff"
"""Spreadsheets take a file without it for an old code page."""


def as_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """The text of a file: a heading and a line for each row, in UTF-8, every cell in quotes."""
    return BYTE_ORDER_MARK + "".join(csv_lines(columns, rows))


def csv_lines(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The same line by line, the heading first."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    lines = ([as_cell(row[column]) for column in columns] for row in rows)
    for line in chain([columns], lines):
        writer.writerow(line)
        yield text.getvalue()
        text.seek(0)
        text.truncate()


def _is_computed(text: str) -> bool:
    """Return whether a spreadsheet may take it for a formula, also behind characters that nobody sees."""
    first = next((place for place, one in enumerate(text) if not _is_invisible(one)), len(text))
    return _FORMULA.match(text) is not None or _FORMULA.match(text, first) is not None


def _is_invisible(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) in _INVISIBLE


def as_cell(value: object) -> str:
    """A JSON value as the text of a cell; what a spreadsheet would compute begins with an apostrophe."""
    if isinstance(value, str):
        return f"'{value}" if _is_computed(value) and not _NUMBER.fullmatch(value) else value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return as_cell(str(value))
