"""What a failed transaction means: the data's fault, the world's, or nobody foresaw it."""

from enum import Enum
from typing import Final

import pg8000.exceptions
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from autopulse.db.engine import sqlstate
from autopulse.errors import AutoPulseError, DataRejected, Transient

DATA_CLASSES: Final = frozenset({"21", "22", "23", "54"})
"""SQLSTATE classes of the data: cardinality, data exception, integrity, program limit. All others are the world's."""


class Fault(Enum):
    """Whose fault a failure is, and so what to do about it."""

    DATA = "split the batch until the record stands alone"
    WORLD = "throw the connection away and try again"
    UNFORESEEN = "split the batch; the redrive policy gets the record in the end"


def diagnose(error: Exception) -> tuple[Fault, AutoPulseError]:
    """Whose fault it is, and the error of ours that says so; never with a value in it."""
    if isinstance(error, Transient):
        return Fault.WORLD, error
    if isinstance(error, DBAPIError):
        state = sqlstate(error.orig)
        if state is not None and state[:2] in DATA_CLASSES:
            return Fault.DATA, DataRejected(f"SQLSTATE {state}")
        return Fault.WORLD, Transient("database", f"SQLSTATE {state}" if state else type(error.orig).__name__)
    if isinstance(error, OSError | SQLAlchemyError | pg8000.exceptions.Error):
        return Fault.WORLD, Transient("database", type(error).__name__)
    return Fault.UNFORESEEN, Transient("unforeseen", type(error).__name__)
