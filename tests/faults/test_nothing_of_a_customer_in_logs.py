"""Whatever breaks, at whatever statement, standard output and standard error have nothing of a customer."""

import json
import logging
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

import pytest
from sqlalchemy import event

from autopulse.consumers import runner
from autopulse.consumers.consumer import Consumer
from autopulse.consumers.services import Services
from autopulse.db import engine
from autopulse.db.prepared import PreparingConnection
from autopulse.db.queries import connection as reading
from autopulse.errors import AutoPulseError, TokenRefused
from autopulse.guard import HandlerFailed, guarded, silence_libraries
from autopulse.operations import migrate, prune
from functions.api.app import SERVICES
from functions.api.app import handler as answer_reader
from local.events import reading_event
from tests.faults import sqs_records
from tests.faults.sqs_records import Record
from tests.harness import CONSUMERS, ORGANIZATION, Context, Database, before_statement, start_anew

NAME: Final = "Canaria Fictiva"
NUMBER: Final = "+12025550147"
WORDS: Final = "kanarienvogel"
CANARIES: Final = ("Canaria", "Fictiva", "2025550147", WORDS, "canary.example.com", "canary-assistant")
CALL: Final[dict[str, Any]] = {
    "type": "outboundPhoneCall",
    "customer": {"number": NUMBER, "sipUri": f"sip:{WORDS}@canary.example.com", "name": NAME},
    "assistantId": "canary-assistant",
    "createdAt": "2026-11-02T14:59:50Z",
}
SAID: Final = f"I am {NAME}, {WORDS}, call me at {NUMBER}."
TURNS: Final = [{"role": "user", "message": f"{SAID} {n}", "secondsFromStart": n} for n in range(4)]
ANALYSIS: Final = {
    "summary": SAID,
    "structuredData": {
        "nps_score": 3,
        "overall_feedback": SAID,
        "detractors": [SAID],
        "positives": [SAID],
        "action_items": [f"Call {NUMBER}"],
        "call_reason": WORDS,
        NAME: SAID,
    },
}


def _call(call_id: int) -> dict[str, Any]:
    return {"call": {"id": sqs_records.vapi_id(call_id), **CALL}}


BATCHES: Final[dict[str, list[Record]]] = {
    "status_update": [sqs_records.status(n, "ended", **_call(n)) for n in (1, 2)],
    "conversation_update": [
        sqs_records.record("conversation_update", n, 30, {"type": "conversation-update", "messages": TURNS, **_call(n)})
        for n in (1, 2)
    ],
    "end_of_call_report": [
        sqs_records.report(
            n, analysis=ANALYSIS, messages=TURNS, recordingUrl="https://canary.example.com/a", **_call(n)
        )
        for n in (1, 2)
    ],
    "hang": [sqs_records.hang(n, **_call(n)) for n in (1, 2)],
    "transcript": [
        sqs_records.record("transcript", n, 15, {"type": "transcript", "role": "user", "transcript": SAID, **_call(n)})
        for n in (1, 2)
    ],
}
Handler = Callable[[dict[str, Any], Any], Any]
Capture = pytest.CaptureFixture[str]


class CurrentStderr:
    """pytest gives every phase of a test a standard error of its own."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


@pytest.fixture(autouse=True)
def _platform(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The platform's log: a handler of the root logger that is there before our code."""
    monkeypatch.setattr(runner, "FIRST_PAUSE_SECONDS", 0.01)
    handler = logging.StreamHandler(CurrentStderr())
    root = logging.getLogger()
    root.addHandler(handler)
    level = root.level
    root.setLevel(logging.INFO)
    silence_libraries.cache_clear()
    yield
    root.setLevel(level)
    root.removeHandler(handler)
    logging.captureWarnings(False)
    logging.raiseExceptions = True
    silence_libraries.cache_clear()


def _invoke(handler: Handler, event: dict[str, Any], seconds: float = 30) -> Any:  # noqa: ANN401 - any answer
    """As the platform does, which prints what escapes; local ones with all of its causes."""
    try:
        return handler(event, Context(seconds))
    except Exception:  # noqa: BLE001 - printed, and so looked through
        traceback.print_exc()
        return None


def _apply(
    kind: str, batch: Sequence[Record], consumer: Consumer[Any] | None = None, seconds: float = 30
) -> list[dict[str, str]] | None:
    answer = _invoke(runner.handler_of(consumer or CONSUMERS[kind], Services()), {"Records": list(batch)}, seconds)
    return None if answer is None else list(answer["batchItemFailures"])


def _assert_nothing_said(capture: Capture) -> str:
    captured = capture.readouterr()
    said = captured.out + captured.err
    found = [canary for canary in CANARIES if canary.lower() in said.lower()]
    assert found == [], said[:20_000]
    return said


@contextmanager
def _lost_answer(place: int, database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[None]]:
    """End the backend between the request of the nth exchange with it and its answer."""
    exchanges: list[None] = []
    wait = PreparingConnection.handle_messages

    def end(connection: PreparingConnection, context: Any) -> None:  # noqa: ANN401 - pg8000's
        exchanges.append(None)
        if len(exchanges) - 1 == place:
            connection._flush()  # noqa: SLF001 - the server has the whole statement
            database.kill_others()
        wait(connection, context)

    with monkeypatch.context() as patch:
        patch.setattr(PreparingConnection, "handle_messages", end)
        yield exchanges


@pytest.mark.parametrize("kind", BATCHES)
def test_a_backend_that_ends_before_any_statement_leaves_no_word_in_the_logs(
    kind: str, database: Database, capfd: Capture
) -> None:
    with before_statement(lambda _place, _statement: None) as statements:
        assert _apply(kind, BATCHES[kind]) == []
    assert statements[-1] == "COMMIT"
    for place in range(len(statements)):
        _start_anew(database)

        def kill(at: int, _statement: str, place: int = place) -> None:
            if at == place:
                database.kill_others()

        with before_statement(kill):
            assert _apply(kind, BATCHES[kind]) == []
        _assert_nothing_said(capfd)


@pytest.mark.parametrize("kind", BATCHES)
def test_a_backend_that_ends_in_the_middle_of_any_statement_leaves_no_word_in_the_logs(
    kind: str, database: Database, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _lost_answer(-1, database, monkeypatch) as exchanges:
        assert _apply(kind, BATCHES[kind]) == []
    for place in range(len(exchanges)):
        _start_anew(database)
        with _lost_answer(place, database, monkeypatch):
            assert _apply(kind, BATCHES[kind]) == []
        _assert_nothing_said(capfd)


def _start_anew(database: Database) -> None:
    engine.engine().dispose()
    database.empty()
    database.seed(3)


TABLES_OF_KIND = {
    "status_update": ("call", "vapi_call", "webhook_event"),
    "conversation_update": ("transcript",),
    "end_of_call_report": ("call", "vapi_call", "transcript", "call_feedback", "service_record"),
    "hang": ("call_incident",),
    "transcript": ("transcript",),
}


@pytest.mark.parametrize("kind", BATCHES)
def test_what_postgres_says_of_the_values_that_it_refuses_is_in_no_log(
    kind: str, database: Database, capfd: Capture
) -> None:
    for table in TABLES_OF_KIND[kind]:
        for sqlstate in ("23505", "40001"):
            database.run(f"""
                CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
                BEGIN RAISE 'refused: %', to_jsonb(NEW) || '["{SAID}"]' USING ERRCODE = '{sqlstate}',
                    DETAIL = 'Key (x)=({SAID}) already exists.', HINT = '{WORDS}'; END $$;
                CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse()
            """)
            failed = _apply(kind, BATCHES[kind][:1], seconds=5.3)
            assert failed is not None
            assert len(failed) == 1
            assert '"record failed"' in _assert_nothing_said(capfd)
            database.run("DROP FUNCTION refuse CASCADE")


@pytest.mark.parametrize("kind", BATCHES)
def test_an_unexpected_error_is_logged_by_its_type_and_place(kind: str, database: Database, capfd: Capture) -> None:
    def apply(*_arguments: object) -> list[Any]:
        raise KeyError(SAID) from ValueError(NUMBER)

    failed = _apply(kind, BATCHES[kind], replace(CONSUMERS[kind], apply=apply))
    assert failed is not None
    assert len(failed) == 2
    assert database.value("SELECT count(*) FROM webhook_event") == 0
    assert "KeyError at " in _assert_nothing_said(capfd)


def test_an_error_outside_of_a_transaction_reaches_the_platform_without_its_text(
    database: Database, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def account_for(*_arguments: object) -> None:
        raise ValueError(SAID)

    assert database.value("SELECT count(*) FROM webhook_event") == 0
    monkeypatch.setattr(runner, "account_for", account_for)
    assert _apply("end_of_call_report", BATCHES["end_of_call_report"]) is None
    assert "HandlerFailed: ValueError at " in _assert_nothing_said(capfd)


PAGES = [
    ("/v1/calls", {"customer": NAME}),
    ("/v1/calls", {"customer": NUMBER}),
    ("/v1/calls.csv", {"customer": NAME, "status": "Completed"}),
    ("/v1/calls/1", {}),
    ("/v1/calls/1/transcript", {}),
    ("/v1/calls/1/transcript", {"attempt": WORDS}),
    ("/v1/calls/1/recording", {}),
    ("/v1/feedback", {"text": WORDS}),
    ("/v1/feedback.csv", {"nps_category": "detractor", "text": WORDS}),
    ("/v1/feedback/summary", {"advisor": NAME, "group": "advisor"}),
    (f"/v1/pings/{64 * '0'}", {}),
]


@pytest.fixture
def filled(database: Database) -> Iterator[Database]:
    database.run(
        "UPDATE service_record SET customer_name = :name, customer_phone = :number, service_advisor_name = :name",
        name=NAME,
        number=NUMBER,
    )
    assert _apply("end_of_call_report", BATCHES["end_of_call_report"]) == []
    start_anew(SERVICES)
    yield database
    SERVICES.engine.dispose()
    start_anew(SERVICES)


def _get(path: str, query: dict[str, str]) -> int:
    context = {"organization_id": ORGANIZATION, "subject": "reader", "expires_at": str(int(time.time()) + 60)}
    answer = _invoke(answer_reader, reading_event(path, context, **query))
    return int(answer["statusCode"])


@pytest.mark.parametrize(("path", "query"), PAGES)
def test_a_reader_whose_connection_breaks_leaves_no_word_in_the_logs(
    path: str, query: dict[str, str], filled: Database, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = _get(path, query)
    assert expected in {200, 404}
    left = 0

    def kill(*_arguments: object) -> None:
        nonlocal left
        left -= 1
        if left >= 0:
            filled.kill_others()

    target = SERVICES.engine
    event.listen(target, "before_cursor_execute", kill)
    for kills, status in ((1, expected), (reading.TRIES, 503)):
        left = kills
        assert _get(path, query) == status
    event.remove(target, "before_cursor_execute", kill)
    for place in range(3):
        with _lost_answer(place, filled, monkeypatch):
            assert _get(path, query) in {expected, 503}
    _assert_nothing_said(capfd)


def test_a_migration_and_a_pruning_that_fail_name_no_value(
    filled: Database, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def upgrade() -> None:
        with engine.engine().begin() as connection:
            connection.exec_driver_sql("UPDATE service_record SET status = NULL")

    monkeypatch.setattr(migrate, "upgrade_configured", upgrade)
    assert _invoke(migrate.handler, {}) is None
    said = _assert_nothing_said(capfd)
    line = next(json.loads(line) for line in said.splitlines() if '"migration failed"' in line)
    assert line["table"] == "service_record"
    assert line["column"] == "status"

    def kill(*_arguments: object) -> None:
        filled.kill_others()

    event.listen(engine.engine(), "before_cursor_execute", kill)
    assert _invoke(prune.handler, {}) is None
    event.remove(engine.engine(), "before_cursor_execute", kill)
    _assert_nothing_said(capfd)


@pytest.mark.parametrize(
    "name", ["sqlalchemy.pool.impl.QueuePool", "pg8000", "botocore.endpoint", "urllib3.connectionpool"]
)
def test_a_librarys_line_says_who_wrote_it_and_where(name: str, capfd: Capture) -> None:
    def talk(_event: object, _context: object) -> None:
        try:
            int(SAID)
        except ValueError:
            logging.getLogger(name).exception("%s at %s", SAID, NUMBER)
            logging.getLogger(name).warning(SAID, stack_info=True)
            warnings.warn(SAID, stacklevel=1)

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        guarded(talk)({}, None)
    said = _assert_nothing_said(capfd)
    assert f"{name} at test_nothing_of_a_customer_in_logs.py:" in said
    assert "ValueError" in said


def test_errors_of_ours_pass_with_their_text_and_without_their_cause(capfd: Capture) -> None:
    def fail(_event: object, _context: object) -> None:
        try:
            int(SAID)
        except ValueError as error:
            raise TokenRefused("expired") from error

    with pytest.raises(AutoPulseError) as raised:
        guarded(fail)({}, None)
    traceback.print_exception(raised.value)
    assert "TokenRefused" in _assert_nothing_said(capfd)
    with pytest.raises(HandlerFailed, match="ZeroDivisionError at "):
        guarded(lambda _event, _context: 1 / 0)({}, None)
