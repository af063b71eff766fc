"""An erasure empties the columns of persons and of words, keeps what is counted, and nothing late brings it back."""

import json
import threading
from collections.abc import Iterator
from random import Random
from typing import Any, Final, NoReturn

import pytest
from botocore.exceptions import EndpointConnectionError

from autopulse import pseudonym_key
from autopulse.consumers import runner
from autopulse.db import erasure
from autopulse.db.calls import ERASED
from autopulse.db.classification import COLUMNS, ERASED_KINDS
from autopulse.db.engine import Database, engine
from autopulse.db.reasons import give_reasons
from autopulse.erasures.messages import Copied, read_message
from autopulse.errors import Transient
from autopulse.vapi.routes import INTERNAL, RECORDING
from local.database import connect
from local.postgres import ERASER
from tests.harness import PSEUDONYMS, consumer_settings, engine_for
from tests.integration.api.client import Api
from tests.integration.bodies import (
    VAPI_ID,
    Body,
    conversation,
    final_transcript,
    inbound,
    message,
    ours_alone,
    outbound,
    report,
    status,
    turn,
)
from tests.integration.pipeline import ORGANIZATION, Pipeline, envelope
from tests.integration.statements import let_consumers_speak, let_writers_speak

CANARY: Final = "canary"
SECOND_DIAL: Final = "0197f9d4-aaaa-4000-8000-00000000d1a1"
NEW_NUMBER: Final = "+12025550199"
FIGURES: Final = "SELECT status, outcome, nps_score, duration_sec, cost, start_time, end_time, updated_at, reason_key"


@pytest.fixture
def eraser(pipeline: Pipeline, module_database_url: str) -> Iterator[Database]:  # noqa: ARG001 - its rows
    """The connection of the function that erases."""
    engine = engine_for(module_database_url, ERASER)
    yield engine
    engine.dispose()


def erase(eraser: Database, call_id: int) -> erasure.ErasedRows | None:
    with eraser.begin() as transaction:
        return erasure.erase_call(transaction, call_id, PSEUDONYMS)


def put_canaries(pipeline: Pipeline) -> None:
    """A canary in every column of a person's or of words, as far as its type takes one."""
    types = {
        (table, column): (kind, length)
        for table, column, kind, length in pipeline.database.run(
            "SELECT table_name, column_name, data_type, character_maximum_length FROM information_schema.columns"
            " WHERE table_schema = 'public'"
        )
    }
    for table, columns in COLUMNS.items():
        for column, kind in columns.items():
            if kind in ERASED_KINDS:
                data_type, length = types[table, column]
                value = {
                    "jsonb": """'{"one": ["canary"]}'""",
                    "tsvector": "'canary'",
                    "integer": "1",
                }.get(data_type, f"left('canary-{column}', {length or 100})")
                pipeline.database.run(f'UPDATE "{table}" SET "{column}" = {value}')  # noqa: S608 - names of the schema


def columns_with_canaries(pipeline: Pipeline) -> set[str]:
    return {
        f"{table}.{column}"
        for table, columns in COLUMNS.items()
        for column in columns
        if pipeline.database.run(f"""SELECT 1 FROM "{table}" WHERE "{column}"::text LIKE '%canary%' LIMIT 1""")  # noqa: S608 - as above
    }


def test_every_column_of_a_person_and_of_words_is_emptied_and_all_others_stay(
    pipeline: Pipeline, eraser: Database
) -> None:
    let_consumers_speak(pipeline)
    let_writers_speak(pipeline)
    pipeline.database.run("""
        INSERT INTO call_original (call_id, status) SELECT id, 'Ready' FROM call ON CONFLICT DO NOTHING;
        INSERT INTO service_record_original (service_record_id, status) SELECT id, 'Scheduled' FROM service_record
            ON CONFLICT DO NOTHING;
        INSERT INTO call_feedback_duplicate SELECT * FROM call_feedback;
        INSERT INTO call_recording (call_id, vapi_call_id, state) SELECT call_id, vapi_call_id, 'stored' FROM vapi_call
            ON CONFLICT DO NOTHING
    """)
    put_canaries(pipeline)
    classified = {
        f"{table}.{name}" for table, kinds in COLUMNS.items() for name in kinds if kinds[name] in ERASED_KINDS
    }
    assert columns_with_canaries(pipeline) == classified
    before = pipeline.rows(f"{FIGURES} FROM call WHERE status = 'Completed' ORDER BY id")
    assert before
    for (call_id,) in pipeline.database.run("SELECT id FROM call"):
        assert erase(eraser, call_id) is not None
    with eraser.begin() as transaction:
        for (visit,) in pipeline.database.run("SELECT id FROM service_record"):
            assert erasure.erase_visit(transaction, visit)
    assert columns_with_canaries(pipeline) == set()
    assert pipeline.rows(f"{FIGURES} FROM call WHERE status = 'Completed' ORDER BY id") == before


def test_a_column_that_may_not_be_null_says_that_it_was_erased(pipeline: Pipeline, eraser: Database) -> None:
    call_id = talked_to(pipeline)
    erase(eraser, call_id)
    assert pipeline.call(call_id)["customer_number"] == ERASED
    (feedback,) = pipeline.feedback(call_id)
    assert feedback["content"] == ERASED


def talked_to(pipeline: Pipeline, **values: Any) -> int:  # noqa: ANN401 - any SQL value
    """A call with messages of each kind."""
    call_id = pipeline.make_call(**values)
    pipeline.send_each(*said_of(call_id))
    return call_id


def said_of(call_id: int, vapi_call_id: str = VAPI_ID) -> list[Body]:
    call = outbound(call_id, vapi_call_id)
    return [
        status("in-progress", call, 1),
        final_transcript(call, 1.5, "user", "canary of a transcript"),
        conversation(call, 20, turn("bot", "Hello.", 2), turn("user", "canary of a conversation", 5)),
        message("hang", call, 30),
        status("ended", call, 60, endedReason="customer-ended-call"),
        report(
            call,
            130,
            messages=[turn("user", "canary of a report", 5)],
            analysis={"summary": "canary", "structuredData": {"nps_score": 3, "detractors": "canary waits"}},
        ),
    ]


def row_of(pipeline: Pipeline, vapi_call_id: str) -> list[int]:
    """The rows that a call of Vapi's is an attempt of."""
    found = pipeline.database.run("SELECT call_id FROM vapi_call WHERE vapi_call_id = :id", id=vapi_call_id)
    return [call_id for (call_id,) in found]


def everything(pipeline: Pipeline) -> str:
    """All rows of all tables but the receipts, as text."""
    return json.dumps({table: pipeline.rows(f'SELECT * FROM "{table}"') for table in COLUMNS}, default=str)  # noqa: S608


def test_late_messages_of_every_kind_are_dropped_without_a_receipt(
    pipeline: Pipeline, eraser: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    call_id = talked_to(pipeline)
    erase(eraser, call_id)
    before, receipts = everything(pipeline), len(pipeline.receipts())
    capsys.readouterr()
    for body in said_of(call_id):
        late = body | {"message": body["message"] | {"timestamp": body["message"]["timestamp"] + 1000}}
        assert pipeline.send(late) == []
        assert pipeline.send(body) == [], "a repeat, too"
    assert (everything(pipeline), len(pipeline.receipts())) == (before, receipts)
    assert CANARY not in everything(pipeline)
    assert pipeline.queues.dead_letters == []
    dropped = [line for line in pipeline.log_lines() if line.get("disposition") == "erased"]
    assert len(dropped) == 2 * len(said_of(call_id))
    assert '"RecordErased"' in capsys.readouterr().out


def test_what_asking_and_copying_bring_is_dropped(pipeline: Pipeline, eraser: Database) -> None:
    call_id = talked_to(pipeline)
    erase(eraser, call_id)
    before = everything(pipeline)
    copied = {"type": RECORDING, "call": {"id": VAPI_ID}, "state": "stored", "key": "recordings/one", "bytes": 1}
    asked = envelope(
        "end_of_call_report", said_of(call_id)[-1]["message"], vapi_call_id=VAPI_ID, origin="reconciliation"
    )
    assert pipeline.deliver(INTERNAL[RECORDING], [envelope("status_update", copied, vapi_call_id=VAPI_ID)]) == []
    assert pipeline.deliver("end_of_call_report", [asked]) == []
    assert everything(pipeline) == before


class Queue:
    """The erasure queue, as far as a consumer calls it."""

    def __init__(self, *, is_there: bool = True) -> None:
        self.is_there = is_there
        self.bodies: list[str] = []

    def send_message(self, **message: Any) -> None:  # noqa: ANN401 - as the client has it
        if not self.is_there:
            raise EndpointConnectionError(endpoint_url="nowhere")
        self.bodies.append(message["MessageBody"])


@pytest.mark.parametrize("is_there", [True, False])
def test_a_copy_that_was_made_too_late_is_deleted(pipeline: Pipeline, eraser: Database, is_there: bool) -> None:
    erase(eraser, talked_to(pipeline))
    queue = Queue(is_there=is_there)
    pipeline.services.settings = consumer_settings(erasure_queue_url="erasures-of-tests")
    vars(pipeline.services)["recording_queue"] = queue
    copied = {"type": RECORDING, "call": {"id": VAPI_ID}, "state": "stored", "key": "recordings/one", "bytes": 1}
    body = envelope("status_update", copied, vapi_call_id=VAPI_ID)
    assert pipeline.deliver("status_update", [body]) == ([] if is_there else [0])
    pipeline.keep_recordings(None)
    assert [read_message(one) for one in queue.bodies] == ([Copied(VAPI_ID)] if is_there else [])


def test_a_call_that_goes_on_is_over_and_not_asked_for(pipeline: Pipeline, eraser: Database) -> None:
    call_id = pipeline.make_call()
    pipeline.send_each(*said_of(call_id)[:2])
    erase(eraser, call_id)
    assert pipeline.call(call_id)["status"] == "Ended"
    assert pipeline.facts(call_id)["status"] == "Ended"
    assert pipeline.facts(call_id)["reconciliation"] == "unrecoverable", "and so no sweep asks for it"
    assert pipeline.turns(call_id) == []


def test_an_order_that_nobody_has_dialled_stays_to_be_dialled(pipeline: Pipeline, eraser: Database) -> None:
    call_id = pipeline.make_call()
    erase(eraser, call_id)
    assert pipeline.call(call_id)["status"] == "Ready"


def test_a_new_dial_is_taken_only_once_the_row_has_a_number_again(pipeline: Pipeline, eraser: Database) -> None:
    call_id = talked_to(pipeline)
    erase(eraser, call_id)
    again = said_of(call_id, SECOND_DIAL)
    assert pipeline.send(again[0]) == []
    assert SECOND_DIAL not in pipeline.attempts(call_id)
    pipeline.database.run("UPDATE call SET customer_number = :number WHERE id = :id", number=NEW_NUMBER, id=call_id)
    for body in (again[0], again[-1]):
        assert pipeline.send(body) == []
    assert pipeline.attempts(call_id)[SECOND_DIAL]["reported_at"] is not None
    assert pipeline.call(call_id)["customer_number"] == NEW_NUMBER
    stored = pipeline.attempts(call_id)[VAPI_ID]
    assert pipeline.send(said_of(call_id)[3]) == [], "of the first dial nothing is taken even then"
    assert pipeline.attempts(call_id)[VAPI_ID] == stored


def test_a_message_with_our_id_alone_is_taken_if_it_is_newer_than_the_erasure(
    pipeline: Pipeline, eraser: Database
) -> None:
    call_id = talked_to(pipeline)
    erase(eraser, call_id)
    pipeline.database.run("UPDATE call SET customer_number = :number WHERE id = :id", number=NEW_NUMBER, id=call_id)
    pipeline.send(final_transcript(ours_alone(call_id), 2, "user", "canary that was late"))
    assert pipeline.turns(call_id) == []
    pipeline.database.run("UPDATE erased_call SET erased_at = '2026-01-01'")
    pipeline.send(final_transcript(ours_alone(call_id), 3, "user", "Hello again"))
    assert [turn[-1] for turn in pipeline.turns(call_id)] == ["Hello again"]


def test_a_row_that_was_deleted_is_not_made_again(
    pipeline: Pipeline, eraser: Database, default_organization: str
) -> None:
    assert default_organization == ORGANIZATION
    pipeline.send_each(status("in-progress", inbound(), 1))
    (call_id,) = pipeline.database.run("SELECT id FROM call")[0]
    erase(eraser, call_id)
    pipeline.database.run("DELETE FROM transcript; DELETE FROM call")
    assert pipeline.send(status("ended", inbound(), 60, endedReason="customer-ended-call")) == []
    assert pipeline.send(report(inbound(), 130)) == []
    assert pipeline.count("call") == 0
    assert pipeline.queues.dead_letters == []


def test_an_erased_row_of_ours_is_not_taken_over(pipeline: Pipeline, eraser: Database) -> None:
    pipeline.own("phone-number-1")
    pipeline.send_each(status("in-progress", inbound(), 1))
    (made,) = pipeline.database.run("SELECT id FROM call")[0]
    erase(eraser, made)
    expecting = pipeline.make_call(direction="inbound")
    pipeline.send(status("ended", inbound(assistantOverrides={"variableValues": {"call_id": str(expecting)}}), 60))
    assert pipeline.attempts(expecting) == {}
    assert pipeline.call(made)["customer_number"] == ERASED


def test_a_row_that_was_erased_takes_none_of_ours_over(pipeline: Pipeline, eraser: Database) -> None:
    """A call of Vapi's that has a row of ours names the erased row: that would be a new dial of it."""
    pipeline.own("phone-number-1")
    expecting = pipeline.make_call(direction="inbound")
    erase(eraser, expecting)
    pipeline.send_each(status("in-progress", inbound(SECOND_DIAL), 1))
    (made,) = row_of(pipeline, SECOND_DIAL)
    named = inbound(SECOND_DIAL, assistantOverrides={"variableValues": {"call_id": str(expecting)}})
    assert pipeline.send(status("ended", named, 60)) == []
    assert row_of(pipeline, SECOND_DIAL) == [made]
    assert pipeline.attempts(expecting) == {}


def test_a_batch_that_waited_for_the_erasure_writes_nothing(
    pipeline: Pipeline, eraser: Database, module_database_url: str
) -> None:
    """Its statement began before the tombstone was there; the row, read after the wait, says it."""
    call_id = talked_to(pipeline)
    with eraser.begin() as transaction:
        erasure.erase_call(transaction, call_id, PSEUDONYMS)
        late = threading.Thread(target=pipeline.send, args=(final_transcript(outbound(call_id), 7, "user", CANARY),))
        late.start()
        wait_for_lock(module_database_url, late)
    late.join()
    assert CANARY not in everything(pipeline)


def test_a_row_of_ours_that_is_erased_meanwhile_is_not_taken_over(
    pipeline: Pipeline, eraser: Database, module_database_url: str
) -> None:
    pipeline.own("phone-number-1")
    pipeline.send_each(status("in-progress", inbound(), 1))
    (made,) = row_of(pipeline, VAPI_ID)
    expecting = pipeline.make_call(direction="inbound")
    named = inbound(assistantOverrides={"variableValues": {"call_id": str(expecting)}})
    with eraser.begin() as transaction:
        erasure.erase_call(transaction, made, PSEUDONYMS)
        late = threading.Thread(target=pipeline.send, args=(final_transcript(named, 7, "user", CANARY),))
        late.start()
        wait_for_lock(module_database_url, late)
    late.join()
    assert pipeline.attempts(expecting) == {}
    assert CANARY not in everything(pipeline)


def wait_for_lock(url: str, thread: threading.Thread) -> None:
    """Until somebody waits for a lock; the thread has to go on until then."""
    with connect(url) as watcher:
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        while not watcher.run(waiting)[0][0]:
            assert thread.is_alive()


def test_calls_that_are_erased_while_their_messages_come_keep_no_word(pipeline: Pipeline, eraser: Database) -> None:
    ids = {pipeline.make_call(): f"0197f9d4-aaaa-4000-8000-0000000001{number:02}" for number in range(8)}
    bodies = [body for call_id, vapi_call_id in ids.items() for body in said_of(call_id, vapi_call_id)]
    Random(15).shuffle(bodies)
    returned: list[int] = []

    def deliver() -> None:
        for body in bodies:
            returned.extend(pipeline.send(body))

    sender = threading.Thread(target=deliver)
    sender.start()
    for call_id in ids:
        erase(eraser, call_id)
    sender.join()
    assert returned == []
    assert pipeline.queues.dead_letters == []
    assert CANARY not in everything(pipeline)
    assert {row["customer_number"] for row in pipeline.rows("SELECT customer_number FROM call")} == {ERASED}


def test_other_messages_of_the_batch_are_applied(pipeline: Pipeline, eraser: Database) -> None:
    erased, other = talked_to(pipeline), pipeline.make_call()
    erase(eraser, erased)
    bodies = [status("ended", outbound(erased), 61), status("in-progress", outbound(other, SECOND_DIAL), 1)]
    assert pipeline.send(*bodies) == []
    assert pipeline.call(other)["status"] == "In Progress"


def test_twice_is_as_once(pipeline: Pipeline, eraser: Database) -> None:
    call_id = talked_to(pipeline, service_record_id=pipeline.make_service_record())
    erase(eraser, call_id)
    tombstones = "SELECT pseudonym, call_id FROM erased_call ORDER BY pseudonym"
    once, buried = pipeline.rows("SELECT * FROM call"), pipeline.rows(tombstones)
    erase(eraser, call_id)
    assert (pipeline.rows("SELECT * FROM call"), pipeline.rows(tombstones)) == (once, buried)
    assert {row["pseudonym"] for row in buried} == {PSEUDONYMS.of_call(call_id), PSEUDONYMS.of_vapi_call(VAPI_ID)}


def test_the_reason_stays_though_each_migration_computes_it_anew(pipeline: Pipeline, eraser: Database) -> None:
    call_id = talked_to(pipeline)
    reason = pipeline.call(call_id)["reason_key"]
    assert reason == "wait"
    erase(eraser, call_id)
    with engine().connect() as connection:
        assert give_reasons(connection, connection.commit) == 0
    assert pipeline.call(call_id)["reason_key"] == reason


def test_without_the_key_a_batch_goes_back_to_its_queue(
    pipeline: Pipeline, eraser: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    erase(eraser, talked_to(pipeline))
    monkeypatch.delitem(vars(pipeline.services), "pseudonyms")
    monkeypatch.setattr(pseudonym_key, "pseudonyms", unreadable)
    monkeypatch.setattr(runner, "RESERVE_SECONDS", 29.5)
    before = everything(pipeline)
    assert pipeline.send(status("ended", outbound(None), 61)) == [0]
    assert pipeline.log_lines()[-1]["reason"] == pseudonym_key.UNAVAILABLE
    assert everything(pipeline) == before


def unreadable() -> NoReturn:
    raise Transient(pseudonym_key.UNAVAILABLE)


def test_the_words_of_a_visit_go_with_the_call_that_they_are_from(pipeline: Pipeline, eraser: Database) -> None:
    visit = pipeline.make_service_record()
    call_id = talked_to(pipeline, service_record_id=visit)
    (said,) = pipeline.rows("SELECT feedback, rating, status FROM service_record")
    assert (CANARY in said["feedback"], said["rating"]) == (True, 3)
    erase(eraser, call_id)
    (row,) = pipeline.rows("SELECT customer_name, customer_phone, feedback, rating, status FROM service_record")
    assert row["feedback"] is None
    assert (row["rating"], row["status"]) == (said["rating"], said["status"])
    assert row["customer_name"] == "Testa Placeholder", "the visit is the application's; it goes with its number"


def test_a_number_finds_calls_and_visits_however_it_is_written(pipeline: Pipeline, eraser: Database) -> None:
    visit = pipeline.make_service_record(customer_phone="(202) 555-0101")
    of_visit = pipeline.make_call(service_record_id=visit, customer_number="+13035550102")
    own = pipeline.make_call(customer_number="+1 202-555-0101")
    pipeline.make_call(customer_number="+12025550102")
    pipeline.make_service_record(customer_phone="+12025550102")
    digits = ("12025550101", "2025550101")
    with eraser.connect() as transaction:
        found = erasure.find_number(transaction, ORGANIZATION, digits)
        assert (sorted(found.calls), found.visits) == (sorted([of_visit, own]), (visit,))
        assert erasure.find_number(transaction, None, digits) == found
        assert erasure.find_number(transaction, "00000000-0000-4000-8000-0000000000ff", digits) == erasure.Found()


SPAN: Final = {"from_": "2026-07-01T00:00:00Z", "to": "2026-08-01T00:00:00Z"}
SUMMARIES: Final = (
    ("/feedback/summary", SPAN | {"period": "day", "group": "advisor"}),
    ("/feedback/summary", SPAN | {"group": "campaign"}),
    ("/quality/summary", SPAN),
    ("/follow-ups/summary", SPAN),
)


def test_all_counts_are_the_same_afterwards_and_nobody_reads_a_word(
    pipeline: Pipeline, eraser: Database, module_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = pipeline.insert('"user"', organization_id=ORGANIZATION, name="Kim Example")
    visit = pipeline.make_service_record(service_advisor_id=user)
    call_id = talked_to(pipeline, service_record_id=visit)
    pipeline.send_each(report(outbound(pipeline.make_call(), SECOND_DIAL), 130))
    api = Api(module_database_url, monkeypatch)
    before = [api.get(path, ORGANIZATION, **query).json for path, query in SUMMARIES]
    assert before[0]["total"]["detractors"] == 1
    shown = [f"/calls/{call_id}", f"/calls/{call_id}/transcript", "/calls", "/feedback", "/follow-ups"]
    assert all(CANARY in api.get(path, ORGANIZATION).text for path in shown[:4])
    erase(eraser, call_id)
    with eraser.begin() as transaction:
        erasure.erase_visit(transaction, visit)
    assert [api.get(path, ORGANIZATION, **query).json for path, query in SUMMARIES] == before
    for path in shown:
        assert CANARY not in api.get(path, ORGANIZATION).text
        assert "Testa" not in api.get(f"/calls/{call_id}", ORGANIZATION).text
    assert api.get(f"/calls/{call_id}", ORGANIZATION).json["phone"] == ERASED
    assert api.get("/calls", ORGANIZATION, q="canary").json["items"] == []
    api.close()
