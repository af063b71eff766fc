"""Time that passes only where the code under test waits: in its pauses, and for answers that can no longer come.

A test with real waits and a margin fails on a busy machine; here a deadline is met or missed exactly.
"""

import select
import socket
from collections.abc import Callable
from typing import Any, Final

import pytest

from autopulse.consumers import queue, runner, services
from autopulse.db import deadline, engine, migration
from autopulse.operations import migrate

POLL_SECONDS: Final = 0.01


class Clock:
    """A replacement for the module `time`."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.seconds = 0.0
        """Sum of the waits so far."""
        self.on_pause: Callable[[], None] = lambda: None
        """Called in each pause of the code."""
        self.is_in_vain: Callable[[], bool] = lambda: False
        """Whether the current wait for Postgres can only end by its timeout."""
        for module in (deadline, migrate, migration, queue, runner, services):
            patch.setattr(module, "time", self)
        open_socket = engine.open_socket

        def open_ours(*arguments: Any) -> "_Socket":  # noqa: ANN401 - as open_socket's
            opened = open_socket(*arguments)
            seconds = opened.gettimeout()
            ours = _Socket(self, opened)
            ours.settimeout(seconds)
            return ours

        patch.setattr(engine, "open_socket", open_ours)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        self.on_pause()


class _Socket(socket.socket):
    """A socket with the clock's timeouts: it waits as long as an answer is possible, however long that takes."""

    def __init__(self, clock: Clock, opened: socket.socket) -> None:
        super().__init__(fileno=opened.detach())
        super().settimeout(None)
        self._clock = clock
        self._seconds: float | None = None

    def settimeout(self, seconds: float | None) -> None:
        self._seconds = seconds

    def recv_into(self, *arguments: Any) -> int:  # noqa: ANN401 - as socket's
        self._wait_until(lambda: bool(select.select([self], [], [], POLL_SECONDS)[0]))
        return super().recv_into(*arguments)

    def send(self, data: Any, *_: Any) -> int:  # noqa: ANN401 - as socket's
        self._wait_until(lambda: bool(select.select([], [self], [], POLL_SECONDS)[1]))
        return super().send(data, socket.MSG_DONTWAIT)  # sends as much as the buffer takes

    def _wait_until(self, is_ready: Callable[[], bool]) -> None:
        while not is_ready():
            if self._seconds is not None and self._clock.is_in_vain():
                self._clock.seconds += self._seconds
                raise TimeoutError
