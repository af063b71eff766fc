"""Lists as CSV for spreadsheets, in which a customer's words must not become a formula."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final

_HARMLESS: Final = re.compile("[0-9A-Za-z]")
"""The beginning of nearly all cells, which no spreadsheet computes."""
_FORMULA: Final = re.compile("[\t\r]|\\s*[=+@\\-\uff1d\uff0b\uff0d\uff20]")
"""Beginnings of cells that a spreadsheet computes, also behind blanks and in full-width forms."""
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Mn"})
"""Unicode categories of invisible characters: controls such as NUL, zero-width characters, marks without a letter."""
_NUMBER: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
"""Harmless values: a phone number, a negative number."""
BYTE_ORDER_MARK: Final = "\ufeff"
"""The byte order mark, without which spreadsheets do not recognise UTF-8."""


def as_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """The text of a file: a heading and a line for each row, in UTF-8, with every cell in quotes."""
    return BYTE_ORDER_MARK + "".join(csv_lines(columns, rows))


def csv_lines(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The lines of a file, the heading first."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    lines = ([as_cell(row[column]) for column in columns] for row in rows)
    for line in chain([columns], lines):
        writer.writerow(line)
        yield text.getvalue()
        text.seek(0)
        text.truncate()


def _is_computed(text: str) -> bool:
    """Return whether a spreadsheet may take the text for a formula, also behind invisible characters."""
    first = next((place for place, one in enumerate(text) if not _is_invisible(one)), len(text))
    return _FORMULA.match(text) is not None or _FORMULA.match(text, first) is not None


def _is_invisible(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) in _INVISIBLE


def as_cell(value: object) -> str:
    """A JSON value as the text of a cell; a text that a spreadsheet would compute gets an apostrophe in front."""
    if isinstance(value, str):
        if _HARMLESS.match(value) or not _is_computed(value) or _NUMBER.fullmatch(value):
            return value
        return f"'{value}"
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return as_cell(str(value))
