"""When a follow-up is due: business hours, against a model that counts them minute by minute."""

import random
from collections.abc import Iterator, Mapping
from datetime import datetime, time, timedelta, timezone
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from pg8000.exceptions import DatabaseError

from autopulse.db.follow_ups import due_at, hours_of
from tests.integration.pipeline import ORGANIZATION, Pipeline

MINUTE: Final = timedelta(minutes=1)
TORONTO: Final = "America/Toronto"
ASK: Final = (
    f"SELECT {due_at('hours', 'CAST(:opened_at AS timestamptz)')} AS due"  # noqa: S608 - made of constants
    f" FROM {hours_of('CAST(:id AS uuid)')} AS hours"
)


class Hours(NamedTuple):
    zone: str = TORONTO
    days: tuple[int, ...] = (1, 2, 3, 4, 5)
    opens: str = "09:00"
    closes: str = "17:00"
    hours: int = 8


def _set(pipeline: Pipeline, hours: Hours) -> None:
    pipeline.database.run("DELETE FROM organization_setting")
    pipeline.database.run(
        "INSERT INTO organization_setting VALUES (:id, :zone, CAST(:days AS smallint[]), CAST(:opens AS time),"
        " CAST(:closes AS time), :hours)",
        id=ORGANIZATION,
        zone=hours.zone,
        days=f"{{{','.join(map(str, hours.days))}}}",
        opens=hours.opens,
        closes=hours.closes,
        hours=hours.hours,
    )


def _due(pipeline: Pipeline, opened_at: datetime) -> datetime:
    due = pipeline.row(ASK, opened_at=opened_at.isoformat(), id=ORGANIZATION)["due"]
    assert isinstance(due, datetime)
    return due


def _model(hours: Hours, opened_at: datetime) -> datetime:
    """Walk minute by minute, and count those whose time on the wall is within the hours."""
    zone, left, now = ZoneInfo(hours.zone), hours.hours * 60, opened_at
    opens, closes = time.fromisoformat(hours.opens), hours.closes
    while left:
        wall = now.astimezone(zone)
        is_open = wall.time() >= opens and (closes == "24:00" or wall.time() < time.fromisoformat(closes))
        left -= is_open and wall.isoweekday() in hours.days
        now += MINUTE
    return now


def _wall(text: str, zone: str = TORONTO) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("opened_at", "due"),
    [
        ("2026-07-01 09:00", "2026-07-01 17:00"),  # Wednesday
        ("2026-07-01 10:30", "2026-07-02 10:30"),
        ("2026-07-01 22:15", "2026-07-02 17:00"),  # opened at night
        ("2026-07-01 03:00", "2026-07-01 17:00"),
        ("2026-07-03 16:00", "2026-07-06 16:00"),  # over a weekend
        ("2026-07-04 12:00", "2026-07-06 17:00"),  # on one
        ("2026-03-06 13:00", "2026-03-09 13:00"),  # the clock goes forward on Sunday, March 8th
        ("2026-10-30 13:00", "2026-11-02 13:00"),  # and back on Sunday, November 1st
    ],
)
def test_the_usual_hours(pipeline: Pipeline, opened_at: str, due: str) -> None:
    _set(pipeline, Hours())
    assert _due(pipeline, _wall(opened_at)) == _wall(due)


def test_an_organization_without_a_row_works_from_nine_to_five_in_new_york(pipeline: Pipeline) -> None:
    assert _due(pipeline, _wall("2026-07-03 16:00", "America/New_York")) == _wall(
        "2026-07-06 16:00", "America/New_York"
    )


def test_hours_over_a_change_of_the_clock_are_hours_that_pass(pipeline: Pipeline) -> None:
    _set(pipeline, Hours(days=(7,), opens="01:00", closes="05:00", hours=4))
    # Only three pass on the night that has 23 hours, and the fourth is a week later.
    assert _due(pipeline, _wall("2026-03-08 00:00")) == _wall("2026-03-15 02:00")
    _set(pipeline, Hours(days=(7,), opens="00:00", closes="05:00", hours=6))
    assert _due(pipeline, _wall("2026-11-01 00:00")) == _wall("2026-11-01 05:00")


def test_an_opening_time_that_the_clock_skips_or_has_twice(pipeline: Pipeline) -> None:
    _set(pipeline, Hours(days=(7,), opens="02:30", closes="12:00", hours=1))
    assert _due(pipeline, _wall("2026-03-08 00:00")) == _wall("2026-03-08 04:30")  # as if it opened at 3:30
    _set(pipeline, Hours(days=(7,), opens="01:30", closes="12:00", hours=1))
    assert _due(pipeline, _wall("2026-11-01 00:00")) == _wall("2026-11-01 02:30")  # the second 1:30


def test_a_long_time_at_short_hours_has_an_end(pipeline: Pipeline) -> None:
    hours = Hours(days=(7,), opens="02:00", closes="03:00", hours=200)
    _set(pipeline, hours)
    assert _due(pipeline, _wall("2026-03-01 00:00")) > _wall("2029-12-01 00:00")


def _examples() -> Iterator[tuple[Hours, datetime]]:
    """Random hours around both changes of the clock, by whole hours that no change of the clock has."""
    chosen = random.Random(13)
    edges = [0, *range(4, 24)]
    for number in range(60):
        opens, closes = sorted(chosen.sample([*edges, 24], 2))
        hours = Hours(
            zone=chosen.choice([TORONTO, "Europe/Berlin", "Australia/Lord_Howe", "UTC", "Asia/Kathmandu"]),
            days=tuple(sorted(chosen.sample(range(1, 8), chosen.randint(1, 7)))),
            opens=f"{opens:02}:00",
            closes=f"{closes:02}:00",
            hours=chosen.choice([1, 2, 8, 24, 40]) if number % 10 else 60,
        )
        month, day = chosen.choice([(3, 8), (11, 1), (3, 29), (7, 1)])
        minutes = chosen.randint(-4 * 24 * 60, 24 * 60)
        yield hours, datetime(2026, month, day, tzinfo=timezone.utc) + minutes * MINUTE


def test_it_is_what_counting_minutes_gives(pipeline: Pipeline) -> None:
    wrong: list[Mapping[str, Any]] = []
    for hours, opened_at in _examples():
        _set(pipeline, hours)
        due, expected = _due(pipeline, opened_at), _model(hours, opened_at)
        if due != expected:
            wrong.append({"hours": hours, "opened_at": opened_at, "due": due, "expected": expected})
    assert wrong == []


@pytest.mark.parametrize(
    "wrong",
    [
        Hours(zone="Mars/Olympus"),
        Hours(days=()),
        Hours(days=(0,)),
        Hours(opens="17:00", closes="09:00"),
        Hours(opens="09:00", closes="09:30"),
        Hours(hours=0),
        Hours(hours=201),
    ],
)
def test_what_no_organization_can_have_is_refused_where_it_is_written(pipeline: Pipeline, wrong: Hours) -> None:
    with pytest.raises(DatabaseError):
        _set(pipeline, wrong)
