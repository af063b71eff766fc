"""What is too old is emptied in small batches; who else works on a call is not waited for."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any, Final

import pytest

from autopulse.db import retention as rows
from autopulse.db.calls import ERASED
from autopulse.db.classification import COLUMNS, Kind
from autopulse.db.engine import Database
from autopulse.erasures import endpoint, retention
from local.database import connect
from local.postgres import ERASER
from tests.harness import Context, engine_for
from tests.integration.pipeline import ORGANIZATION, Pipeline
from tests.integration.test_erasing import CANARY, columns_with_canaries, put_canaries, said_of, talked_to
from tests.integration.test_erasures import Parts

FIGURES: Final = "SELECT status, outcome, nps_score, duration_sec, cost, start_time, end_time, reason_key FROM call"
BEFORE: Final = datetime.now(timezone.utc) - timedelta(days=40)


@pytest.fixture
def database(pipeline: Pipeline, module_database_url: str) -> Iterator[Database]:  # noqa: ARG001 - its rows
    engine = engine_for(module_database_url, ERASER)
    yield engine
    engine.dispose()


@pytest.fixture
def parts(database: Database, monkeypatch: pytest.MonkeyPatch) -> Parts:
    parts = Parts(database)
    monkeypatch.setattr(endpoint, "container_services", lambda: parts)
    return parts


def age(pipeline: Pipeline, call_id: int, days: float) -> None:
    moment = datetime.now(timezone.utc) - timedelta(days=days)
    pipeline.database.run("UPDATE call SET start_time = :at WHERE id = :id", at=moment, id=call_id)


def old_call(pipeline: Pipeline, days: float = 50, **values: Any) -> int:  # noqa: ANN401 - any SQL value
    call_id = pipeline.make_call(**values)
    age(pipeline, call_id, days)
    return call_id


def step(database: Database, kind: str, rows_at_once: int = 100) -> rows.Walked:
    with database.begin() as transaction:
        return rows.empty_next(transaction, kind, ORGANIZATION, BEFORE, rows_at_once)


def run(seconds: float = 60, **event: str) -> dict[str, Any]:
    return endpoint.handle({"source": "aws.events"} | event, Context(seconds))["expired"]  # type: ignore[no-any-return]


@pytest.mark.parametrize(("walk", "kind"), [(rows.WORDS, Kind.WORDS), (rows.PERSON, Kind.PERSON)])
def test_what_is_too_old_goes_and_the_figures_stay(
    pipeline: Pipeline, database: Database, walk: str, kind: Kind
) -> None:
    call_id = talked_to(pipeline, service_record_id=pipeline.make_service_record())
    pipeline.database.run("INSERT INTO call_feedback_duplicate SELECT * FROM call_feedback")
    put_canaries(pipeline)
    age(pipeline, call_id, 50)
    before, held = pipeline.rows(FIGURES), columns_with_canaries(pipeline)
    assert step(database, walk) == (1, 0, True)
    left = {f"{table}.{name}" for table, of in COLUMNS.items() for name in of if of[name] is not kind}
    # Where a copy lies goes with the copy, by its own days.
    kept = left | {"call_recording.object_key", "call_recording.sha256"}
    assert columns_with_canaries(pipeline) == held & kept
    assert pipeline.rows(FIGURES) == before


def test_a_call_is_not_found_by_a_name_that_went_and_as_before_by_what_was_said(
    pipeline: Pipeline, database: Database
) -> None:
    visit = pipeline.make_service_record(customer_name="Zoë O'Sample-Name", vehicle_info="2021 Roadster")
    other = pipeline.make_service_record(customer_name="Zoë Younger")
    passed, last, younger = (pipeline.make_call(service_record_id=id_) for id_ in (visit, visit, other))
    for number, (call_id, days) in enumerate(((passed, 60), (last, 50), (younger, 39))):
        pipeline.send_each(*said_of(call_id, f"0197f9d4-aaaa-4000-8000-0000000004{number:02}"))
        age(pipeline, call_id, days)
    asked = ("zoe", "sample", "name", "2021", "roadster", CANARY)

    def found_by() -> list[set[str]]:
        stored = pipeline.rows("SELECT words::text FROM call_words ORDER BY call_id")
        return [{word for word in asked if f"{word}'" in row["words"]} for row in stored]

    assert found_by() == [set(asked), set(asked), {"zoe", CANARY}]
    assert step(database, rows.PERSON, 1) == rows.Walked(1, 0, is_over=False)
    assert found_by() == [{CANARY}, {CANARY}, {"zoe", CANARY}], "all calls of the visit, whose newest is old enough"
    assert step(database, rows.PERSON) == rows.Walked(1, 0, is_over=True)


def test_what_is_younger_stays(pipeline: Pipeline, database: Database) -> None:
    call_id = talked_to(pipeline)
    age(pipeline, call_id, 39)
    before = pipeline.call(call_id)
    assert step(database, rows.WORDS) == (0, 0, True)
    assert step(database, rows.PERSON) == (0, 0, True)
    assert pipeline.call(call_id) == before


def test_a_visit_keeps_its_customer_as_long_as_it_has_a_younger_call(pipeline: Pipeline, database: Database) -> None:
    visit = pipeline.make_service_record()
    old_call(pipeline, service_record_id=visit)
    newer = old_call(pipeline, 20, service_record_id=visit)
    step(database, rows.PERSON)
    name = "SELECT customer_name, customer_phone FROM service_record"
    assert pipeline.row(name) == {"customer_name": "Testa Placeholder", "customer_phone": "+12025550101"}
    age(pipeline, newer, 45)
    step(database, rows.PERSON)
    assert pipeline.row(name) == {"customer_name": ERASED, "customer_phone": ERASED}


def test_a_walk_goes_on_where_the_last_one_ended(pipeline: Pipeline, database: Database) -> None:
    for days in (60, 55, 50):
        old_call(pipeline, days)
    assert step(database, rows.PERSON, 2) == (2, 0, False)
    assert step(database, rows.PERSON, 2) == (1, 0, True)
    assert step(database, rows.PERSON, 2) == (0, 0, True)
    numbers = {row["customer_number"] for row in pipeline.rows("SELECT customer_number FROM call")}
    assert numbers == {ERASED}


def test_calls_without_any_time_and_of_one_time_are_walked_through(pipeline: Pipeline, database: Database) -> None:
    for _ in range(5):
        old_call(pipeline)
    pipeline.database.run("UPDATE call SET start_time = NULL, updated_at = NULL")
    walked = [step(database, rows.PERSON, 2) for _ in range(3)]
    assert walked == [(2, 0, False), (2, 0, False), (1, 0, True)]


def test_a_call_that_is_locked_is_not_waited_for_and_comes_next_time(
    pipeline: Pipeline, database: Database, module_database_url: str
) -> None:
    first, locked, last = (old_call(pipeline, days) for days in (60, 55, 50))
    with connect(module_database_url) as other:
        other.run("START TRANSACTION")
        other.run("SELECT 1 FROM call WHERE id = :id FOR UPDATE", id=locked)
        began = time.monotonic()
        assert step(database, rows.PERSON) == (2, 1, True)
        assert time.monotonic() - began < 5
        other.run("ROLLBACK")
    assert [pipeline.call(id_)["customer_number"] == ERASED for id_ in (first, locked, last)] == [True, False, True]
    assert step(database, rows.PERSON) == (2, 0, True)
    assert pipeline.call(locked)["customer_number"] == ERASED


@pytest.mark.parametrize("kind", [rows.WORDS, rows.PERSON])
def test_a_call_whose_visit_is_locked_comes_next_time(
    pipeline: Pipeline, database: Database, module_database_url: str, kind: str
) -> None:
    visit = pipeline.make_service_record(feedback="said there")
    old_call(pipeline, 60)
    busy = old_call(pipeline, 50, service_record_id=visit)
    with connect(module_database_url) as other:
        other.run("BEGIN")
        other.run("SELECT id FROM service_record FOR NO KEY UPDATE")
        assert step(database, kind) == rows.Walked(1, 1, is_over=True)
        other.run("ROLLBACK")
    assert step(database, kind) == rows.Walked(1, 0, is_over=True)
    assert pipeline.rows("SELECT call_id FROM retention") == [{"call_id": busy}]
    (row,) = pipeline.rows("SELECT customer_name, feedback FROM service_record")
    emptied = {rows.WORDS: ("Testa Placeholder", None), rows.PERSON: (ERASED, "said there")}
    assert (row["customer_name"], row["feedback"]) == emptied[kind]


def test_nothing_goes_unless_the_stack_says_so(pipeline: Pipeline, parts: Parts) -> None:
    old_call(pipeline, 5000)
    assert run() == {}
    parts.configure(keep_words=100, keep_person=6000)
    assert run() == {"words": 1, "person": 0}


def test_a_dry_run_counts(pipeline: Pipeline, parts: Parts) -> None:
    call_id = old_call(pipeline)
    parts.configure(keep_words=40, keep_person=40)
    assert run(retention="dry-run") == {"words": 1, "person": 1}
    assert pipeline.call(call_id)["customer_number"] != ERASED
    assert run() == {"words": 1, "person": 1}
    assert run(retention="dry-run") == {"words": 0, "person": 0}


def test_it_ends_in_time_and_says_how_much(
    pipeline: Pipeline, parts: Parts, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(retention, "ROWS", 1)
    for _ in range(3):
        old_call(pipeline)
    parts.configure(keep_person=40)
    assert run(seconds=1) == {"person": 0}
    assert run() == {"person": 3}
    assert '"CallExpired":[3' in capsys.readouterr().out
