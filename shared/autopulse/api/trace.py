"""The calls that the answer to this request shows, for its log line."""

from collections.abc import Iterable, Sequence
from contextvars import ContextVar

_shown: ContextVar[Sequence[int]] = ContextVar("shown", default=())


def forget_shown() -> None:
    """Start a request without any shown calls."""
    _shown.set(())


def note_shown(call_ids: Iterable[int]) -> None:
    """Record the calls whose data the answer has."""
    _shown.set(tuple(call_ids))


def shown() -> Sequence[int]:
    """The ids of the calls that the answer shows."""
    return _shown.get()
