"""The moment of which the pictures are taken."""

from datetime import datetime, timezone

import pytest

from local.database import connect, read_rows
from local.simulator.application_rows import seed
from local.simulator.expected_rows import read_truth, truth_of
from local.simulator.screenshot_data import date_follow_ups, moment, set_up

NOW = datetime(2026, 11, 19, 19, 30, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("today", "day"),
    [
        (datetime(2026, 11, 19, 19, 30, tzinfo=timezone.utc), 19),
        (datetime(2026, 11, 19, 19, 29, tzinfo=timezone.utc), 12),
        (datetime(2026, 11, 25, 23, 59, tzinfo=timezone.utc), 19),
    ],
)
def test_it_is_always_a_thursday_afternoon_that_is_over(today: datetime, day: int) -> None:
    assert moment(today) == NOW.replace(day=day)


def test_everything_that_a_picture_needs_is_there(database_url: str) -> None:
    seed(database_url)
    scene = set_up(database_url, NOW)
    with connect(database_url) as connection:
        assert scene.told.call_id is not None
        assert read_truth(connection, scene.told.call_id) == truth_of(scene.told)
        statuses = read_rows(connection, "SELECT status, count(*) AS n FROM call GROUP BY status")
        live = read_rows(
            connection,
            "SELECT c.id, count(t.id) AS turns FROM call c LEFT JOIN transcript t ON t.call_id = c.id"
            " WHERE c.status = 'In Progress' GROUP BY c.id ORDER BY c.id",
        )
        (latest,) = connection.run("SELECT max(processed_at) FROM webhook_event")
    counts = {row["status"]: row["n"] for row in statuses}
    assert counts.pop("Completed") > 200
    assert counts == {"In Progress": 3, "Ready": 1}
    assert live[0]["id"] == scene.live.call_id
    assert all(row["turns"] >= 3 for row in live)
    assert latest[0] < NOW


def test_what_people_do_now_about_follow_ups_is_moved_to_the_days_of_the_scene(database_url: str) -> None:
    seed(database_url)
    set_up(database_url, NOW)
    with connect(database_url) as connection:
        ((taken,),) = connection.run(
            "UPDATE follow_up SET state = 'resolved', cause = 'Price', acknowledged_at = now(), resolved_at = now()"
            " WHERE id = (SELECT min(id) FROM follow_up) RETURNING id"
        )
        connection.run(
            "INSERT INTO follow_up_entry (follow_up_id, at, actor_subject, action, to_state)"
            " SELECT :id, now(), 'somebody', 'changed', state FROM unnest('{acknowledged,resolved}'::text[]) AS state",
            id=taken,
        )
    newest = date_follow_ups(database_url, NOW)
    with connect(database_url) as connection:
        follow_ups = {row["id"]: row for row in read_rows(connection, "SELECT * FROM follow_up")}
        entries = read_rows(connection, "SELECT at FROM follow_up_entry WHERE follow_up_id = :id ORDER BY id", id=taken)
    resolved = follow_ups[taken]
    assert resolved["opened_at"] < resolved["acknowledged_at"] < resolved["resolved_at"] <= NOW
    times = [entry["at"] for entry in entries]
    assert times == sorted(times)
    assert times[-1] <= NOW
    assert follow_ups[newest]["state"] == "open"
    assert follow_ups[newest]["opened_at"] == max(
        row["opened_at"] for row in follow_ups.values() if row["state"] == "open"
    )


def test_it_is_the_same_each_time(database_url: str) -> None:
    seed(database_url)
    first = set_up(database_url, NOW)
    again = set_up(database_url, NOW)
    assert (first.told.turns, first.live.turns) == (again.told.turns, again.live.turns)
    assert first.told.feedback == again.told.feedback
