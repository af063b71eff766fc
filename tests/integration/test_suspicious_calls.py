"""What is suspicious, from when on, how often it is asked for, and when that ends."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from typing import Any, Final

import pytest
from sqlalchemy import Engine

from autopulse.db import reconciliation
from autopulse.db.engine import Transaction
from autopulse.db.reconciliation import NO_CALL, Claim, Lookup, Unlinked
from tests.harness import engine_for
from tests.integration.pipeline import Pipeline

NOW: Final = datetime(2026, 7, 11, 12, tzinfo=timezone.utc)
LONGEST: Final = timedelta(minutes=10)
VAPI_ID: Final = "0197f9d4-aaaa-4000-8000-000000000001"
SECOND, MINUTE, HOUR, DAY = (timedelta(seconds=one) for one in (1, 60, 3600, 86_400))
Find = Callable[[Transaction, str, Lookup], Any]
Values = dict[str, Any]


@pytest.fixture
def engine(pipeline: Pipeline, module_database_url: str) -> Iterator[Engine]:
    """As the functions connect."""
    pipeline.database.run("DELETE FROM reconciliation_request")
    engine = engine_for(module_database_url)
    yield engine
    engine.dispose()


def ask(engine: Engine, find: Find, now: datetime = NOW, rows: int = 100) -> Any:  # noqa: ANN401 - what `find` returns
    with engine.begin() as transaction:
        return find(transaction, find.__name__[:20], Lookup(now, rows, LONGEST))


def attempt(pipeline: Pipeline, vapi_call_id: str = VAPI_ID, **values: Any) -> int:  # noqa: ANN401 - any SQL value
    """A call of the application's with one attempt, which began an hour ago; its id."""
    call_id = pipeline.make_call(updated_at=NOW - 20 * DAY)
    usual = {"call_id": call_id, "vapi_call_id": vapi_call_id, "created_at": NOW - HOUR}
    names = (usual | values).keys()
    pipeline.database.run(
        f"INSERT INTO vapi_call ({', '.join(names)}) VALUES ({', '.join(f':{name}' for name in names)})",  # noqa: S608 - of this file
        **(usual | values),
    )
    return call_id


def _ended(before: timedelta) -> Values:
    return {"status": "Ended", "ended_at": NOW - before}


def _in_progress(before: timedelta) -> Values:
    return {"status": "In Progress", "status_at": NOW - before, "in_progress_at": NOW - before}


def _of_status(status: str | None) -> Callable[[timedelta], Values]:
    return lambda before: {"status": status, "status_at": NOW - before if status else None, "first_at": NOW - before}


def _reported(before: timedelta) -> Values:
    return {
        "status": "Completed",
        "reported_at": NOW - before,
        "report_has_answers": False,
        "human_turn": True,
        "outcome": "reached",
    }


SUSPICIONS: Final[dict[str, tuple[Find, Callable[[timedelta], Values], timedelta]]] = {
    "ended": (reconciliation.claim_calls_without_a_report, _ended, 10 * MINUTE),
    "in progress": (reconciliation.claim_calls_without_news, _in_progress, LONGEST + 15 * MINUTE),
    "queued": (reconciliation.claim_calls_not_answered, _of_status("Queued"), 15 * MINUTE),
    "ringing": (reconciliation.claim_calls_not_answered, _of_status("Ringing"), 15 * MINUTE),
    "forwarding": (reconciliation.claim_calls_not_answered, _of_status("Forwarding"), 15 * MINUTE),
    "nothing but turns": (reconciliation.claim_calls_not_started, _of_status(None), 10 * MINUTE),
    "scheduled": (reconciliation.claim_calls_not_started, _of_status("Scheduled"), HOUR),
    "without answers": (reconciliation.claim_calls_without_answers, _reported, 2 * MINUTE),
}
"""What finds it, what is stored of such a call that came to that state so long ago, and from when on it is found."""


@pytest.mark.parametrize("name", SUSPICIONS)
def test_it_is_suspicious_from_its_threshold_on_and_for_nothing_else(
    pipeline: Pipeline, engine: Engine, name: str
) -> None:
    find, values, threshold = SUSPICIONS[name]
    call_id = attempt(pipeline, **values(threshold))
    others = {one for one, _, _ in SUSPICIONS.values()} - {find}
    assert [found for other in others for found in ask(engine, other)] == []
    assert ask(engine, find, NOW - SECOND) == []
    (claim,) = ask(engine, find)
    assert (claim.call_id, claim.vapi_call_id, claim.tries, claim.is_last) == (call_id, VAPI_ID, 1, False)


PACE_OF_UNKNOWN: Final = (timedelta(0), HOUR, DAY)
PACES: Final = dict.fromkeys(SUSPICIONS, PACE_OF_UNKNOWN) | {
    "without answers": (timedelta(0), 13 * MINUTE, 23 * HOUR + 58 * MINUTE)
}


@pytest.mark.parametrize("name", SUSPICIONS)
def test_it_is_asked_for_at_its_pace_and_then_never_again(pipeline: Pipeline, engine: Engine, name: str) -> None:
    """At each try, and a second before it; then each hour for two weeks."""
    find, values, threshold = SUSPICIONS[name]
    attempt(pipeline, **values(threshold))
    for place, after in enumerate(PACES[name]):
        assert place == 0 or ask(engine, find, NOW + after - SECOND) == []
        (claim,) = ask(engine, find, NOW + after)
        assert (claim.tries, claim.is_last) == (place + 1, place == len(PACES[name]) - 1)
    assert [one for hour in range(25, 14 * 24) for one in ask(engine, find, NOW + hour * HOUR)] == []


@pytest.mark.parametrize("name", [name for name in SUSPICIONS if name != "without answers"])
def test_nothing_is_asked_for_that_vapi_has_forgotten_or_told_it_lacks(
    pipeline: Pipeline, engine: Engine, name: str
) -> None:
    find, values, threshold = SUSPICIONS[name]
    attempt(pipeline, "too old", **values(threshold) | {"created_at": NOW - 13 * DAY - 12 * HOUR})
    attempt(pipeline, "marked", **values(threshold) | {"reconciliation": "missing"})
    attempt(pipeline, "", **values(threshold))
    assert ask(engine, find) == []
    attempt(pipeline, "not too old", **values(threshold) | {"created_at": NOW - 13 * DAY - 12 * HOUR + SECOND})
    assert [claim.vapi_call_id for claim in ask(engine, find)] == ["not too old"]


@pytest.mark.parametrize(
    "otherwise",
    [
        {"report_has_answers": True},
        {"human_turn": False},
        {"human_turn": None},
        {"outcome": "voicemail"},
        {"reported_at": NOW - 27 * HOUR},
    ],
)
def test_no_answers_are_expected_of_who_was_not_reached_or_reported_long_ago(
    pipeline: Pipeline, engine: Engine, otherwise: Values
) -> None:
    attempt(pipeline, **_reported(HOUR) | otherwise)
    assert ask(engine, reconciliation.claim_calls_without_answers) == []


def test_a_call_that_had_news_is_not_yet_without(pipeline: Pipeline, engine: Engine) -> None:
    attempt(pipeline, **_in_progress(2 * HOUR) | {"status_at": NOW - 20 * MINUTE})
    assert ask(engine, reconciliation.claim_calls_without_news) == []
    assert len(ask(engine, reconciliation.claim_calls_without_news, NOW + 5 * MINUTE)) == 1


@pytest.mark.parametrize(
    ("name", "ends_by"),
    [
        ("in progress", NOW - 15 * MINUTE),
        ("ringing", NOW - 15 * MINUTE + LONGEST),
        ("ended", None),
        ("scheduled", None),
    ],
)
def test_a_call_that_has_begun_is_over_after_the_longest_duration(
    pipeline: Pipeline, engine: Engine, name: str, ends_by: datetime | None
) -> None:
    find, values, threshold = SUSPICIONS[name]
    attempt(pipeline, **values(threshold))
    (claim,) = ask(engine, find)
    assert claim.ends_by == ends_by


@pytest.mark.parametrize(("status", "threshold"), [("Ready", 10 * MINUTE), ("Scheduled", HOUR)])
def test_an_id_that_the_application_wrote_and_nothing_was_heard_of(
    pipeline: Pipeline, engine: Engine, status: str, threshold: timedelta
) -> None:
    call_id = pipeline.make_call(vapi_call_id=VAPI_ID, status=status, updated_at=NOW - threshold)
    pipeline.make_call(vapi_call_id="over", status="Completed", updated_at=NOW - threshold)
    pipeline.make_call(vapi_call_id="old", status=status, updated_at=NOW - 14 * DAY)
    find = reconciliation.claim_calls_not_started
    assert ask(engine, find, NOW - SECOND) == []
    assert ask(engine, find) == [Claim(call_id, VAPI_ID, 1, is_last=False)]
    assert ask(engine, find, NOW + HOUR - SECOND) == []
    assert ask(engine, find, NOW + HOUR) == [Claim(call_id, VAPI_ID, 2, is_last=False)]
    assert ask(engine, find, NOW + DAY) == [Claim(call_id, VAPI_ID, 3, is_last=True)]
    assert ask(engine, find, NOW + 2 * DAY) == []


def test_calls_without_an_id_are_looked_for_hourly_at_most_each_ever_more_rarely_and_for_a_day(
    pipeline: Pipeline, engine: Engine
) -> None:
    find = reconciliation.claim_calls_not_linked
    made = NOW - 10 * MINUTE
    call_id = pipeline.make_call(updated_at=made)
    pipeline.make_call(updated_at=made, direction="inbound")
    pipeline.make_call(updated_at=made, status="Missed")
    attempt(pipeline, "")
    assert ask(engine, find, NOW - SECOND) is None
    pipeline.database.run("DELETE FROM reconciliation_request")
    assert ask(engine, find) == Unlinked((call_id,), made)
    later = pipeline.make_call(updated_at=made)
    assert ask(engine, find, NOW + HOUR - SECOND) is None
    assert ask(engine, find, NOW + HOUR) == Unlinked((later,), made)
    asked = [hour for hour in range(2, 15 * 24) for found in [ask(engine, find, NOW + hour * HOUR)] if found]
    assert asked == [2, 3, 6, 7, 14, 15]


def test_two_sweeps_at_the_same_time_ask_once(pipeline: Pipeline, engine: Engine, module_database_url: str) -> None:
    for number in range(20):
        attempt(pipeline, f"vapi-{number}", **_ended(HOUR))
    find = reconciliation.claim_calls_without_a_report
    engines = [engine, engine_for(module_database_url)]
    with ThreadPoolExecutor(2) as pool:
        for now in (NOW, NOW + HOUR):
            found = list(pool.map(lambda one, at=now: ask(one, find, at), engines))
            assert sorted(claim.vapi_call_id for claims in found for claim in claims) == sorted(
                f"vapi-{number}" for number in range(20)
            )
    engines[1].dispose()


def test_a_sweep_that_waits_for_the_claim_of_another_finds_that_it_is_asked_for(
    pipeline: Pipeline, engine: Engine, module_database_url: str
) -> None:
    attempt(pipeline, **_ended(HOUR))
    find = reconciliation.claim_calls_without_a_report
    other = engine_for(module_database_url)
    with engine.connect() as first, ThreadPoolExecutor(1) as pool:
        assert len(find(first, find.__name__[:20], Lookup(NOW, 100, LONGEST))) == 1
        waiting = pool.submit(ask, other, find)
        waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        while not pipeline.database.run(waits)[0][0]:
            pass
        first.commit()
        assert waiting.result() == []
    other.dispose()


def test_a_sweep_takes_so_many_of_a_reason_the_oldest_first(pipeline: Pipeline, engine: Engine) -> None:
    for number in range(5):
        attempt(pipeline, f"vapi-{number}", **_ended(HOUR) | {"created_at": NOW - DAY + number * HOUR})
    find = reconciliation.claim_calls_without_a_report
    found = [[claim.vapi_call_id for claim in ask(engine, find, rows=2)] for _ in range(4)]
    assert found == [["vapi-0", "vapi-1"], ["vapi-2", "vapi-3"], ["vapi-4"], []]


def test_what_was_named_is_asked_for_at_the_pace_that_is_given(engine: Engine) -> None:
    def named(now: datetime) -> list[str]:
        calls = [(NO_CALL, "one"), (NO_CALL, "one"), (7, "two")]
        with engine.begin() as transaction:
            claims = reconciliation.claim_named_calls(transaction, "different", calls, [20 * HOUR], now)
        return [claim.vapi_call_id for claim in claims]

    hours = [hour for hour in range(100) if named(NOW + hour * HOUR)]
    assert hours == [0, 20]


def test_old_claims_are_forgotten(pipeline: Pipeline, engine: Engine) -> None:
    with engine.begin() as transaction:
        for days in (10, 30):
            calls = [(NO_CALL, str(days))]
            reconciliation.claim_named_calls(transaction, "different", calls, [], NOW - days * DAY)
        assert reconciliation.forget_old_claims(transaction, NOW, 20 * DAY) == 1
    assert pipeline.rows("SELECT vapi_call_id FROM reconciliation_request") == [{"vapi_call_id": "10"}]


def test_a_call_that_vapi_has_reported_lately_is_known_to_it(pipeline: Pipeline, engine: Engine) -> None:
    def known() -> str | None:
        with engine.begin() as transaction:
            return reconciliation.find_call_known_to_vapi(transaction, NOW)

    def receive(kind: str, vapi_call_id: str | None, before: timedelta) -> None:
        pipeline.database.run(
            "INSERT INTO webhook_event (event_id, kind, type, vapi_call_id, received_at, processed_at, outcome)"
            " VALUES (gen_random_uuid(), :kind, :kind, :vapi_call_id, :at, :at, 'applied')",
            kind=kind,
            vapi_call_id=vapi_call_id,
            at=NOW - before,
        )

    receive("end_of_call_report", "forgotten", 14 * DAY)
    receive("status_update", "ended", HOUR)
    receive("end_of_call_report", None, HOUR)
    assert known() is None
    receive("end_of_call_report", "older", 2 * HOUR)
    receive("end_of_call_report", "newer", HOUR)
    assert known() == "newer"
