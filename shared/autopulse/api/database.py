"""Run queries within the remaining time of the request."""

import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final, TypeVar

from autopulse.db.queries.connection import read

if TYPE_CHECKING:
    from collections.abc import Callable

    from autopulse.db.engine import Database, Transaction

MOST_SECONDS: Final = 8
"""The time limit of one query in seconds; the function's timeout is 10 s."""
Answer = TypeVar("Answer")
_engine: ContextVar["Database"] = ContextVar("engine")
_until: ContextVar[float] = ContextVar("until")


def answer_questions(engine: "Database", seconds: float) -> None:
    """Run all queries of this request in this database, with this time limit in seconds."""
    _engine.set(engine)
    _until.set(time.monotonic() + min(seconds, MOST_SECONDS))


def ask(question: "Callable[[Transaction], Answer]") -> Answer:
    """Run a query; raises DataRejected or Transient."""
    return read(_engine.get(), question, _until.get() - time.monotonic())
