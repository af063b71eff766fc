"""The weeks of calls that the local stack has from the start."""

from datetime import date, timedelta

from local.database import connect, read_rows
from local.simulator import backfill
from local.simulator.application_rows import seed
from local.simulator.expected_rows import differences, read_truth, truth_of
from local.simulator.scenario import CallScript

TODAY = date(2026, 11, 18)
"""A Wednesday."""


def test_a_days_calls_follow_from_its_date() -> None:
    monday = date(2026, 11, 16)
    assert backfill.calls_of(monday) == backfill.calls_of(monday)
    assert {c.vapi_call_id for c in backfill.calls_of(monday)}.isdisjoint(
        c.vapi_call_id for c in backfill.calls_of(monday - timedelta(days=7))
    )
    assert all(call.created_at.date() == monday for call in backfill.calls_of(monday))
    assert backfill.calls_of(date(2026, 11, 15)) == [], "on Sundays nobody calls"


def test_the_weeks_are_filled_once_and_as_they_happened(database_url: str) -> None:
    seed(database_url)
    days = [TODAY - timedelta(days=ago) for ago in range(1, 9)]
    assert backfill.fill(database_url, TODAY, len(days)) == sum(len(backfill.calls_of(day)) for day in days)
    assert backfill.fill(database_url, TODAY, len(days)) == 0
    with connect(database_url) as connection:
        for day in days:
            for call in backfill.calls_of(day):
                rows = read_rows(connection, "SELECT id FROM call WHERE vapi_call_id = :id", id=call.vapi_call_id)
                assert list(differences(truth_of(call), read_truth(connection, rows[0]["id"]))) == []


def test_a_later_day_adds_the_day_before_only(database_url: str) -> None:
    seed(database_url)
    backfill.fill(database_url, TODAY, days=2)
    assert backfill.fill(database_url, TODAY + timedelta(days=1), days=2) == len(backfill.calls_of(TODAY))


def test_an_interrupted_filling_is_taken_up_again(database_url: str) -> None:
    seed(database_url)
    backfill.fill(database_url, TODAY, days=2)
    left = backfill.calls_of(TODAY - timedelta(days=1))[0]
    with connect(database_url) as connection:
        for table in ("webhook_event", "vapi_call"):
            connection.run(
                f"DELETE FROM {table} WHERE call_id = (SELECT id FROM call WHERE vapi_call_id = :id)",  # noqa: S608
                id=left.vapi_call_id,
            )
        connection.run("UPDATE call SET status = 'Ready' WHERE vapi_call_id = :id", id=left.vapi_call_id)
    assert backfill.fill(database_url, TODAY, days=2) == 1
    with connect(database_url) as connection:
        statement = "SELECT status FROM call WHERE vapi_call_id = :id"
        assert connection.run(statement, id=left.vapi_call_id) == [["Completed"]]


def _fill(database_url: str, days: int) -> list[CallScript]:
    """The calls that Vapi is told of."""
    known: list[CallScript] = []
    backfill.fill(database_url, TODAY, days, remember=known.extend)
    return known


def test_vapi_knows_the_calls_that_it_would_still_have(database_url: str) -> None:
    """Whether they are added or were there: what knows them may be newer than the database."""
    seed(database_url)
    for _ in range(2):
        known = _fill(database_url, days=16)
        days = [TODAY - timedelta(days=ago) for ago in range(14, 0, -1)]
        expected = [call.vapi_call_id for day in days for call in backfill.calls_of(day)]
        assert [script.vapi_call_id for script in known] == expected
        with connect(database_url) as connection:
            rows = connection.run("SELECT id, vapi_call_id FROM call WHERE vapi_call_id = ANY(:ids)", ids=expected)
        assert {(script.call_id, script.vapi_call_id) for script in known} == {tuple(row) for row in rows}


def test_what_people_see_of_it_is_varied(database_url: str) -> None:
    seed(database_url)
    assert backfill.fill(database_url, TODAY) > 200
    with connect(database_url) as connection:
        (counts,) = read_rows(
            connection,
            "SELECT count(DISTINCT r.customer_name) AS customers, count(DISTINCT r.vehicle_info) AS vehicles,"
            " count(DISTINCT r.service_advisor_id) AS advisors, count(DISTINCT c.campaign_id) AS campaigns,"
            " count(DISTINCT c.outcome) AS outcomes, count(DISTINCT c.nps_score) AS scores,"
            " count(DISTINCT e.call_id) AS stalls"
            " FROM call c JOIN service_record r ON r.id = c.service_record_id"
            " LEFT JOIN call_incident e ON e.call_id = c.id WHERE c.status = 'Completed'",
        )
        (latency,) = connection.run("SELECT max(processed_at - received_at) FROM webhook_event")
    assert counts["customers"] > 100
    assert counts["vehicles"] > 40
    assert (counts["advisors"], counts["campaigns"], counts["outcomes"]) == (4, 3, 6)
    assert counts["scores"] >= 8
    assert counts["stalls"] > 5
    assert latency[0] < timedelta(seconds=1), "the timeline of an old call does not take weeks"
