"""Waits end at the deadline, and only within its block."""

import time

import pytest

from autopulse.db.deadline import LAST_WAIT_SECONDS, deadline, is_over, seconds_left


def test_without_a_deadline_a_wait_lasts_as_long_as_it_may() -> None:
    assert seconds_left(20) == 20
    assert seconds_left(None) is None
    assert not is_over()


def test_a_wait_ends_at_the_deadline_or_before() -> None:
    with deadline(time.monotonic() + 5):
        assert seconds_left(3) == 3
        for at_most in (20, None):
            assert seconds_left(at_most) == pytest.approx(5, abs=1)
        assert not is_over()


def test_after_the_deadline_there_is_a_moment_for_good_byes() -> None:
    """Not none at all: a socket without any time does not wait, and fails in another way."""
    with deadline(time.monotonic() - 1):
        assert seconds_left(20) == seconds_left(None) == LAST_WAIT_SECONDS
        assert is_over()


def test_the_deadline_ends_with_its_block_whatever_happens() -> None:
    with pytest.raises(KeyError), deadline(time.monotonic() - 1):
        raise KeyError
    assert not is_over()


def test_the_inner_deadline_counts() -> None:
    with deadline(time.monotonic() + 100), deadline(time.monotonic() + 1):
        assert seconds_left(20) == pytest.approx(1, abs=0.5)
