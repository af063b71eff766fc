"""Pruning goes on while there is something to prune and time to do it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from autopulse.operations import prune
from autopulse.operations.prune import ROWS, handler
from tests.harness import Context


class PassingTime(Context):
    """A clock that goes on by itself: every look at it costs a second."""

    def get_remaining_time_in_millis(self) -> int:  # type: ignore[override] # theirs is static
        self.seconds -= 1
        return super().get_remaining_time_in_millis()


class Engine:
    """Counts the transactions that were begun, so that each batch is seen to have its own."""

    begun = 0

    @contextmanager
    def begin(self) -> Iterator[int]:
        self.begun += 1
        yield self.begun


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return what there is to prune: rows of each batch to come."""
    waiting: list[int] = []

    transactions = []

    def prune_receipts(transaction: int, age: timedelta, rows: int) -> int:
        transactions.append(transaction)
        assert transactions == list(range(1, len(transactions) + 1))
        assert (age, rows) == (timedelta(days=35), ROWS)
        return waiting.pop(0)

    made = Engine()
    monkeypatch.setattr(prune, "engine", lambda: made)
    monkeypatch.setattr(prune, "prune_receipts", prune_receipts)
    return waiting


@pytest.mark.parametrize("rows", [[0], [12], [ROWS, ROWS, 7], [ROWS, 0]])
def test_it_prunes_until_a_batch_is_not_full(
    rows: list[int], batches: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    batches += rows
    assert handler({}, Context(300)) == {"pruned": sum(rows)}
    assert batches == []
    assert f'"EventPruned":[{sum(rows)}]' in capsys.readouterr().out.replace(" ", "")


def test_it_stops_before_its_time_is_over(batches: list[int]) -> None:
    batches += [ROWS] * 1000
    context = PassingTime(300)
    assert handler({}, context)["pruned"] > 200 * ROWS
    assert 15 < context.seconds <= prune.RESERVE_SECONDS
