"""Calls of which Vapi has told nothing get the outcome that the application's words tell: call-state.md, section 4."""

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import DBAPIError

from autopulse.db import migration, outcomes
from autopulse.db.engine import sqlstate
from autopulse.db.migration import upgrade
from local.database import connect
from tests.integration.migrations.application import run

CALL = """
    INSERT INTO call (organization_id, customer_number, direction, status, start_time, nps_score, is_demo)
    SELECT id, '+12025550115', 'outbound', :status, CAST(:start AS timestamptz), CAST(:score AS integer), false
    FROM organization RETURNING id
"""
OUTCOMES = "SELECT outcome FROM call ORDER BY id"
START = "2026-11-02T15:00:00Z"


def _make(url: str, status: str, start: str | None = None, score: int | None = None) -> int:
    return int(run(url, CALL, status=status, start=start, score=score)[0][0])


@pytest.mark.parametrize(
    ("status", "start", "score", "outcome"),
    [
        ("Completed", START, None, "reached"),
        ("Completed", None, None, None),
        ("Completed", None, 9, "reached"),
        ("Missed", None, None, "no_answer"),
        ("Missed", START, None, "no_answer"),
        ("Failed", START, None, "failed"),
        ("Failed", None, 0, "reached"),
        ("Ready", None, None, None),
        ("In Progress", START, None, None),
        ("Ended", START, None, None),
    ],
)
def test_a_call_of_before_gets_the_outcome_that_its_words_tell(
    status: str, start: str | None, score: int | None, outcome: str | None, application_url: str
) -> None:
    _make(application_url, status, start, score)
    upgrade(application_url)
    assert run(application_url, OUTCOMES) == [[outcome]]


def test_an_outcome_that_is_there_stays(application_url: str) -> None:
    run(application_url, "ALTER TABLE call ADD COLUMN outcome varchar(20)")
    _make(application_url, "Missed")
    run(application_url, "UPDATE call SET outcome = 'voicemail'")
    upgrade(application_url)
    assert run(application_url, OUTCOMES) == [["voicemail"]]


def test_a_call_of_which_vapi_has_told_something_is_left_to_what_it_told(database_url: str) -> None:
    run(database_url, "INSERT INTO organization VALUES (gen_random_uuid(), 'Example Motors')")
    told, untold = _make(database_url, "Missed"), _make(database_url, "Missed")
    run(database_url, "INSERT INTO vapi_call (call_id, vapi_call_id) VALUES (:id, 'call-1')", id=told)
    upgrade(database_url)
    assert run(database_url, "SELECT id FROM call WHERE outcome = 'no_answer'") == [[untold]]


def test_what_the_application_ends_by_itself_later_has_its_outcome_after_the_next_deploy(application_url: str) -> None:
    upgrade(application_url)
    _make(application_url, "Completed", START)
    assert run(application_url, OUTCOMES) == [[None]]
    upgrade(application_url)
    assert run(application_url, OUTCOMES) == [["reached"]]


def test_a_few_calls_are_changed_in_a_transaction(application_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is locked while its transaction lasts."""
    monkeypatch.setattr(outcomes, "ROWS", 2)
    calls = [_make(application_url, "Missed") for _ in range(5)]
    batches: list[list[int]] = []

    def note(connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        del connection
        if "SKIP LOCKED" in statement:
            done = run(application_url, "SELECT id FROM call WHERE outcome IS NOT NULL ORDER BY id")
            batches.append([row[0] for row in done])

    # What another connection sees before the next transaction is what those before it have brought to an end.
    event.listen(Engine, "before_cursor_execute", note)
    run(application_url, "ALTER TABLE call ADD COLUMN outcome varchar(20)")
    try:
        upgrade(application_url)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert batches[:4] == [[], calls[:2], calls[:4], calls]


def test_a_call_that_somebody_holds_is_passed_by_and_waited_for_at_last(
    application_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migration, "LOCK_TIMEOUT_SECONDS", 0.1)
    monkeypatch.setattr(migration, "TRIES", 1)
    upgrade(application_url)
    held, *others = [_make(application_url, "Missed") for _ in range(3)]
    with connect(application_url) as user:
        user.run("BEGIN")
        user.run("UPDATE call SET duration_sec = 1 WHERE id = :id", id=held)
        with pytest.raises(DBAPIError) as caught:
            upgrade(application_url)
        assert sqlstate(caught.value.orig) == "55P03"
        assert run(application_url, "SELECT id FROM call WHERE outcome IS NOT NULL ORDER BY id") == [
            [id_] for id_ in others
        ]
        user.run("COMMIT")
    upgrade(application_url)
    assert run(application_url, "SELECT duration_sec, outcome FROM call WHERE id = :id", id=held) == [[1, "no_answer"]]
