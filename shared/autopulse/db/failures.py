"""Classify a failed transaction: bad data, a transient error, or an unexpected one."""

from enum import Enum
from typing import Any, Final

import pg8000.exceptions
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from autopulse.db.engine import sqlstate
from autopulse.errors import AutoPulseError, DataRejected, Transient

DATA_CLASSES: Final = frozenset({"21", "22", "23", "54"})
"""SQLSTATE classes of bad data: cardinality, data exception, integrity, program limit. All others are transient."""

MAX_STATEMENT_CHARACTERS: Final = 1000
_NAMED: Final = {"C": "sqlstate", "s": "schema", "t": "table", "c": "column", "d": "type", "n": "constraint"}
"""Fields of Postgres' error that are names and contain no values."""


class Fault(Enum):
    """The class of a database error, which decides how it is handled."""

    DATA = "split the batch until the record stands alone"
    TRANSIENT = "throw the connection away and try again"
    UNEXPECTED = "split the batch; the redrive policy gets the record in the end"


def diagnose(error: Exception) -> tuple[Fault, AutoPulseError]:
    """The class of an error, and the error to raise in its place, which contains no values."""
    if isinstance(error, Transient):
        return Fault.TRANSIENT, error
    if isinstance(error, DBAPIError):
        state = sqlstate(error.orig)
        if state is not None and state[:2] in DATA_CLASSES:
            return Fault.DATA, DataRejected(f"SQLSTATE {state}")
        return Fault.TRANSIENT, Transient("database", f"SQLSTATE {state}" if state else type(error.orig).__name__)
    if isinstance(error, OSError | SQLAlchemyError | pg8000.exceptions.Error):
        return Fault.TRANSIENT, Transient("database", type(error).__name__)
    return Fault.UNEXPECTED, Transient("unexpected", type(error).__name__)


def describe(error: BaseException) -> dict[str, str]:
    """Describe a refused statement without values: the statement, the error code, and names of the schema.

    Postgres' message and detail are omitted, because they quote values.
    """
    if not isinstance(error, DBAPIError):
        return {}
    details: Any = error.orig.args[0] if error.orig is not None and error.orig.args else None
    named = (
        {name: details[code] for code, name in _NAMED.items() if code in details} if isinstance(details, dict) else {}
    )
    return {"statement": (error.statement or "")[:MAX_STATEMENT_CHARACTERS], **named}
