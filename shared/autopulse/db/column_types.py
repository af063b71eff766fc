"""Compare column types of Postgres and SQLAlchemy: which type holds another's values, and how to widen a column.

`character varying(50)` and `text` are of one family, and differ in the values that they can hold; so do the integers,
and the numerics by their digits before and after the point. Any other type holds only its own values.
"""

import math
import re
from dataclasses import dataclass
from typing import Final

_INTEGERS: Final = {"smallint": 2, "integer": 4, "bigint": 8}
_TEXT: Final = re.compile(r"(?:character varying|varchar|text)(?:\((\d+)\))?")
_NUMERIC: Final = re.compile(r"numeric(?:\((\d+),\s*(\d+)\))?")
_TIMESTAMP: Final = re.compile(r"timestamp(?:\((\d)\))? with time zone")
_MICROSECONDS: Final = 6


@dataclass(frozen=True, slots=True)
class ColumnType:
    """A type: its family and its capacity, as numbers that grow with it; empty if the family has one capacity."""

    family: str
    capacity: tuple[float, ...] = ()

    def holds(self, other: "ColumnType") -> bool:
        """Whether every value of `other` fits into this one."""
        return self.family == other.family and all(
            own >= needed for own, needed in zip(self.capacity, other.capacity, strict=True)
        )


def read_type(name: str) -> ColumnType:
    """Read a type from its name in SQL, in upper or lower case: `VARCHAR(20)`, `character varying(20)`."""
    name = name.lower()
    if name in _INTEGERS:
        return ColumnType("integer", (_INTEGERS[name],))
    if match := _TEXT.fullmatch(name):
        return ColumnType("text", (_size(match[1]),))
    if match := _NUMERIC.fullmatch(name):
        digits, after = _size(match[1]), _size(match[2])
        return ColumnType("numeric", (math.inf if math.isinf(digits) else digits - after, after))
    if match := _TIMESTAMP.fullmatch(name):
        return ColumnType("timestamp with time zone", (int(match[1] or _MICROSECONDS),))
    return ColumnType(name)


def spell(name: str) -> str:
    """The shorter of a type's names, for messages."""
    return name.lower().replace("character varying", "varchar")


def widen(found: str, needed: str) -> str | None:
    """The SQL type that holds the values of both; None if `found` does so, or is of another family."""
    own, other = read_type(found), read_type(needed)
    if own.family != other.family or own.holds(other):
        return None
    return _write(own.family, tuple(map(max, own.capacity, other.capacity)))


def _size(digits: str | None) -> float:
    return int(digits) if digits else math.inf


def _write(family: str, capacity: tuple[float, ...]) -> str:
    if family == "integer":
        return next(name for name, size in _INTEGERS.items() if size == capacity[0])
    if family == "numeric":
        before, after = capacity
        return "numeric" if math.inf in capacity else f"numeric({before + after:.0f}, {after:.0f})"
    if family == "text":
        return "text" if math.isinf(capacity[0]) else f"varchar({capacity[0]:.0f})"
    return family
