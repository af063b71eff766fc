"""A clock that is set to the instant of each event, and runs on from there as fast as the real one."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from unittest.mock import patch

import time_machine


class Clock:
    """The process's clock; what is slept passes at once."""

    def __init__(self, traveller: Any) -> None:  # noqa: ANN401 - time_machine's own type is not public
        self._traveller = traveller
        self._sleep, self._monotonic = time.sleep, time.monotonic

    def set(self, now: datetime) -> None:
        """Go to an instant, forwards or back: another function's event may begin before this one's end."""
        self._traveller.move_to(now)

    def pass_by(self, seconds: float) -> None:
        """Sleep without waiting."""
        self._traveller.shift(seconds)

    @contextmanager
    def real_waiting(self) -> Iterator[None]:
        """For programs outside of this process, which have to be waited for."""
        with patch("time.sleep", self._sleep), patch("time.monotonic", self._monotonic):
            yield


@contextmanager
def shifted_clock(start: datetime) -> Iterator[Clock]:
    """The clock of this process, until the block ends."""
    with time_machine.travel(start, tick=True) as traveller:
        clock = Clock(traveller)
        with patch("time.sleep", clock.pass_by), patch("time.monotonic", time.time):
            yield clock
