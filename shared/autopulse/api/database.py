"""Questions to the database, within the time that the request has left."""

import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final, TypeVar

from autopulse.db.queries.connection import read

if TYPE_CHECKING:
    from collections.abc import Callable

    from autopulse.db.engine import Database, Transaction

MOST_SECONDS: Final = 8
"""The time limit of one query in seconds; the function has 10."""
Answer = TypeVar("Answer")
_engine: ContextVar["Database"] = ContextVar("engine")
_until: ContextVar[float] = ContextVar("until")


def answer_questions(engine: "Database", seconds: float) -> None:
    """Let all questions of this request be answered by this database, or given up, within this time."""
    _engine.set(engine)
    _until.set(time.monotonic() + min(seconds, MOST_SECONDS))


def ask(question: "Callable[[Transaction], Answer]") -> Answer:
    """Ask; raises DataRejected or Transient."""
    return read(_engine.get(), question, _until.get() - time.monotonic())
