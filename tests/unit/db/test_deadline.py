"""Waits end at the deadline, and only within its block."""

from types import SimpleNamespace

import pytest

from autopulse.db import deadline as deadlines
from autopulse.db.deadline import LAST_WAIT_SECONDS, deadline, is_over, seconds_left

NOW = 1_000.0


@pytest.fixture(autouse=True)
def _stopped_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "time", SimpleNamespace(monotonic=lambda: NOW))


def test_without_a_deadline_a_wait_lasts_as_long_as_it_may() -> None:
    assert seconds_left(20) == 20
    assert seconds_left(None) is None
    assert not is_over()


def test_a_wait_ends_at_the_deadline_or_before() -> None:
    with deadline(NOW + 5):
        assert [seconds_left(at_most) for at_most in (3, 20, None)] == [3, 5, 5]
        assert not is_over()
    with deadline(NOW):
        assert not is_over()


def test_after_the_deadline_there_is_a_moment_for_good_byes() -> None:
    """Not none at all: a socket without any time does not wait, and fails in another way."""
    with deadline(NOW - 1):
        assert seconds_left(20) == seconds_left(None) == LAST_WAIT_SECONDS
        assert is_over()


def test_the_deadline_ends_with_its_block_whatever_happens() -> None:
    with pytest.raises(KeyError), deadline(NOW - 1):
        raise KeyError
    assert not is_over()


def test_the_inner_deadline_counts() -> None:
    with deadline(NOW + 100), deadline(NOW + 1):
        assert seconds_left(20) == 1
