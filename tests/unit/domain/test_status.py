"""Check which of two statuses a call keeps (docs/call-state.md 3)."""

from datetime import datetime, timezone
from itertools import product

import pytest

from autopulse.domain.status import Status

EARLY = datetime(2026, 7, 11, 1, tzinfo=timezone.utc)
LATE = datetime(2026, 7, 11, 2, tzinfo=timezone.utc)


# Each group beats the groups above it, whatever the times within the groups.
TIERS = [
    ["Ready", "Scheduled", "Queued", "Ringing", "In Progress", "Forwarding", "Invented"],
    ["Ended", "Missed", "Failed"],
    ["Completed"],
]
TIMES = [None, EARLY, LATE]


@pytest.mark.parametrize(("lower", "higher"), [(0, 1), (0, 2), (1, 2)])
def test_a_higher_tier_wins_over_any_time(lower: int, higher: int) -> None:
    for loser, winner, at, then in product(TIERS[lower], TIERS[higher], TIMES, TIMES):
        assert Status(loser, at).weight < Status(winner, then).weight


@pytest.mark.parametrize("tier", TIERS)
def test_within_a_tier_a_sender_time_wins_over_none_and_the_later_over_the_earlier(tier: list[str]) -> None:
    for loser, winner in product(tier, tier):
        assert Status(loser, None).weight < Status(winner, EARLY).weight
        assert Status(loser, EARLY).weight < Status(winner, LATE).weight


@pytest.mark.parametrize("at", TIMES)
def test_at_the_same_time_the_rank_decides(at: datetime | None) -> None:
    way = ["Ready", "Scheduled", "Queued", "Ringing", "In Progress", "Forwarding"]
    assert sorted(set(way), key=lambda name: Status(name, at).weight) == way
    assert Status("Invented", at).weight < Status("Scheduled", at).weight


def test_no_two_different_statuses_weigh_the_same() -> None:
    statuses = [Status(name, at) for names in TIERS for name in names for at in TIMES]
    assert len({status.weight for status in statuses}) == len(statuses)
