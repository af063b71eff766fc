"""A deadline for all waits for Postgres: a network that drops packets must not delay a function's answer."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

LAST_WAIT_SECONDS: Final = 0.1
"""The timeout in seconds of a wait that starts after the deadline, such as a rollback's."""
_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


@contextmanager
def deadline(at: float) -> Iterator[None]:
    """Limit every wait for Postgres in the block by `at`, a time of `time.monotonic()`."""
    token = _deadline.set(at)
    try:
        yield
    finally:
        _deadline.reset(token)


def is_over() -> bool:
    """Whether `time.monotonic()` has passed the deadline."""
    at = _deadline.get()
    return at is not None and time.monotonic() > at


def seconds_left(at_most: float | None) -> float | None:
    """The timeout in seconds of the next wait, at most `at_most`; None for no timeout."""
    at = _deadline.get()
    if at is None:
        return at_most
    left = max(at - time.monotonic(), LAST_WAIT_SECONDS)
    return left if at_most is None else min(left, at_most)
