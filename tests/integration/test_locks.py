"""Check what a batch locks and writes: in an order in which nobody waits in a circle, and no more than it has to."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final

import pytest
from pg8000.native import Connection

from autopulse.consumers import end_of_call_report, services
from autopulse.consumers.batch import apply_batch
from autopulse.consumers.consumer import Record, World
from autopulse.db.engine import engine
from autopulse.db.failures import Fault, diagnose
from autopulse.errors import AutoPulseError
from autopulse.vapi.messages import read_envelope
from local.database import connect
from tests.harness import PSEUDONYMS
from tests.integration.bodies import (
    VAPI_ID,
    Body,
    conversation,
    final_transcript,
    inbound,
    iso,
    message,
    outbound,
    report,
    status,
    turn,
)
from tests.integration.pipeline import ORGANIZATION, OTHER_ORGANIZATION, Pipeline, after, webhook

TURNS: Final = [turn("bot", "Hello.", 6), turn("user", "Yes?", 8)]


@pytest.fixture
def application(module_database_url: str) -> Iterator[Connection]:
    """A connection of the application's, which does not wait for long."""
    with connect(module_database_url) as connection:
        connection.run("SET lock_timeout = '5s'")
        yield connection


@pytest.fixture
def failures(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return why transactions of batches failed."""
    seen: list[str] = []

    def note(error: Exception) -> tuple[Fault, AutoPulseError]:
        fault, ours = diagnose(error)
        seen.append(ours.detail)
        return fault, ours

    monkeypatch.setattr(services, "diagnose", note)
    return seen


@contextmanager
def waiting(pipeline: Pipeline, connection: Connection, *bodies: Body) -> Iterator[Future[list[int]]]:
    """While the block runs, a batch waits for a lock that `connection` has; afterwards it has to succeed."""
    with ThreadPoolExecutor(1) as pool:
        batch = pool.submit(pipeline.send, *bodies)
        wait_until_blocked(pipeline, connection, batch)
        yield batch
        assert batch.result() == []
    assert pipeline.queues.dead_letters == []


def wait_until_blocked(pipeline: Pipeline, connection: Connection, batch: Future[list[int]]) -> None:
    pid = connection.run("SELECT pg_backend_pid()")[0][0]
    blocked = "SELECT count(*) FROM pg_stat_activity WHERE :pid = ANY (pg_blocking_pids(pid))"
    while pipeline.database.run(blocked, pid=pid) == [[0]]:
        assert not batch.done(), "it did not wait"


# In which order


def _linked(pipeline: Pipeline, service_record: int) -> Body:
    return outbound(pipeline.make_call(service_record_id=service_record))


def _reported(pipeline: Pipeline, service_record: int) -> Body:
    call = _linked(pipeline, service_record)
    pipeline.send_each(report(call))
    return call


def _reported_in_a_row_of_ours(pipeline: Pipeline, service_record: int) -> Body:
    pipeline.own("phone-number-1")
    pipeline.send_each(report(inbound()))
    call_id = pipeline.make_call(service_record_id=service_record, direction="inbound")
    return inbound() | {"metadata": {"call_id": call_id}}


def _finished_by_the_application(pipeline: Pipeline, service_record: int) -> Body:
    return outbound(pipeline.make_call(service_record_id=service_record, status="Completed", nps_score=9))


BATCHES: Final[dict[str, tuple[Callable[[Pipeline, int], Body], Callable[[Body], Body]]]] = {
    "a report": (_linked, report),
    "another report": (_reported, lambda call: report(call, 140)),
    "a status after the report": (_reported, lambda call: status("ended", call, 60, endedReason="customer-busy")),
    "a conversation after the report": (_reported, lambda call: conversation(call, 10, *TURNS)),
    "a takeover after the report": (_reported_in_a_row_of_ours, lambda call: status("ringing", call, 1)),
    "the first of a finished call": (_finished_by_the_application, lambda call: status("ringing", call, 1)),
}


@pytest.mark.parametrize("sort", BATCHES)
def test_service_records_are_locked_before_calls(
    pipeline: Pipeline, application: Connection, failures: list[str], sort: str
) -> None:
    """The application writes a service record and then its call, in one transaction."""
    prepare, make = BATCHES[sort]
    service_record = pipeline.make_service_record()
    body = make(prepare(pipeline, service_record))
    application.run("BEGIN")
    application.run("UPDATE service_record SET vehicle_info = 'A car' WHERE id = :id", id=service_record)
    with waiting(pipeline, application, body):
        application.run("UPDATE call SET agent_id = NULL WHERE service_record_id = :id", id=service_record)
        application.run("COMMIT")
    assert failures == []


def test_a_service_record_that_is_needed_only_after_a_wait_is_locked_before_the_calls_too(
    pipeline: Pipeline, application: Connection, module_database_url: str, failures: list[str]
) -> None:
    """While a status waits for its call, another batch brings the report."""
    service_record = pipeline.make_service_record()
    call = outbound(pipeline.make_call(service_record_id=service_record))
    pipeline.send_each(status("ringing", call, 1))
    with connect(module_database_url) as reporting:
        reporting.run("BEGIN")
        reporting.run("SELECT id FROM call FOR NO KEY UPDATE")
        application.run("BEGIN")
        application.run("UPDATE service_record SET vehicle_info = 'A car'")
        body = status("ended", call, 60, endedReason="customer-busy")
        with waiting(pipeline, reporting, body) as batch:
            reporting.run("UPDATE vapi_call SET reported_at = now(), reported_timed = true, report_event_id = 'report'")
            reporting.run("COMMIT")
            wait_until_blocked(pipeline, application, batch)
            application.run("UPDATE call SET agent_id = NULL")
            application.run("COMMIT")
    assert failures == []
    assert pipeline.service_record(service_record)["status"] == "Missed"


def test_a_batch_that_needs_no_service_record_does_not_wait_for_it(pipeline: Pipeline, application: Connection) -> None:
    service_record = pipeline.make_service_record()
    application.run("BEGIN")
    application.run("UPDATE service_record SET vehicle_info = 'A car' WHERE id = :id", id=service_record)
    pipeline.send_each(status("ended", outbound(pipeline.make_call(service_record_id=service_record)), 60))
    application.run("COMMIT")


def test_rows_that_refer_to_what_a_batch_has_locked_and_written_do_not_wait(
    pipeline: Pipeline, application: Connection
) -> None:
    service_record = pipeline.make_service_record()
    call_id = pipeline.make_call(service_record_id=service_record)
    envelope = read_envelope(webhook(report(outbound(call_id))).to_json())
    record = Record(envelope, end_of_call_report.CONSUMER.read(envelope.message))
    application.run("SET lock_timeout = '100ms'")
    with engine().connect() as transaction:
        assert apply_batch(transaction, end_of_call_report.CONSUMER, [record], World(PSEUDONYMS)).refused == {}
        application.run(
            "INSERT INTO transcript (call_id, role, content, timestamp) VALUES (:id, 'human', 'Written.', now())",
            id=call_id,
        )
        application.run(
            "INSERT INTO call (organization_id, service_record_id, customer_number, status)"
            " VALUES (:organization, :service_record, '+12025550101', 'Ready')",
            organization=ORGANIZATION,
            service_record=service_record,
        )
        transaction.commit()
    assert pipeline.call(call_id)["status"] == "Completed"
    assert pipeline.service_record(service_record)["status"] == "Completed"


# How much


VERSIONS: Final = """
    SELECT (SELECT json_agg(json_build_array(id, xmin::text, ctid::text, updated_at) ORDER BY id) FROM call),
        (SELECT json_agg(json_build_array(id, xmin::text, ctid::text) ORDER BY id) FROM call_feedback),
        (SELECT json_agg(json_build_array(id, xmin::text, ctid::text) ORDER BY id) FROM service_record),
        (SELECT json_agg(json_build_array(id, xmin::text, ctid::text) ORDER BY id) FROM transcript)
"""


def versions(pipeline: Pipeline) -> Any:  # noqa: ANN401 - rows
    return pipeline.database.run(VERSIONS)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda call: status("ringing", call, 1), id="an earlier status"),
        pytest.param(lambda call: status("in-progress", call, 9), id="a later start"),
        pytest.param(lambda call: status("ended", call, 70), id="a later end"),
        pytest.param(lambda call: status("levitating", call, 70), id="an unknown word"),
        pytest.param(lambda call: message("hang", call, 30), id="a stall"),
        pytest.param(lambda call: final_transcript(call, 20, "user", "Yes?"), id="a turn that the lists have"),
        pytest.param(lambda call: conversation(call, 11, *TURNS), id="a list that the report's replaced"),
        pytest.param(lambda call: report(call, 100, messages=TURNS), id="an earlier report"),
        pytest.param(
            lambda call: status("ringing", call | {"id": "earlier", "createdAt": iso(-90)}, 1),
            id="an attempt that is not shown",
        ),
    ],
)
def test_a_row_of_which_nothing_changes_is_not_written(pipeline: Pipeline, make: Callable[[Body], Body]) -> None:
    call = outbound(pipeline.make_call(service_record_id=pipeline.make_service_record()))
    pipeline.send_each(
        status("in-progress", call, 5),
        conversation(call, 10, *TURNS),
        status("ended", call, 60, endedReason="customer-ended-call"),
        report(call, 130, messages=TURNS),
    )
    before = versions(pipeline)
    pipeline.send_each(make(call))
    assert versions(pipeline) == before


@pytest.mark.parametrize("sort", ["conversation", "stall", "turn"])
def test_before_the_report_too_only_what_people_see_is_written(pipeline: Pipeline, sort: str) -> None:
    call = outbound(pipeline.make_call())
    pipeline.send_each(status("in-progress", call, 5))
    (before, *_) = pipeline.database.run(VERSIONS)[0]
    bodies = {
        "conversation": conversation(call, 10, *TURNS),
        "stall": message("hang", call, 30),
        "turn": final_transcript(call, 20, "user", "Yes?"),
    }
    pipeline.send_each(bodies[sort])
    (now, *_) = pipeline.database.run(VERSIONS)[0]
    assert now == before


# After a wait


def test_what_another_batch_told_meanwhile_of_a_row_that_we_made_counts(
    pipeline: Pipeline, application: Connection
) -> None:
    pipeline.add_other_organization()
    pipeline.own("assistant-1")
    pipeline.own("number-of-other", OTHER_ORGANIZATION)
    call = inbound(phoneNumberId=None)
    pipeline.send_each(status("ringing", call, 1))
    application.run("BEGIN")
    application.run("SELECT id FROM call FOR UPDATE")
    with waiting(pipeline, application, status("in-progress", call, 5)):
        application.run("UPDATE vapi_call SET phone_number_id = 'number-of-other'")
        application.run("UPDATE call SET organization_id = :id", id=OTHER_ORGANIZATION)
        application.run("COMMIT")
    row = pipeline.row("SELECT organization_id::text AS owner, status FROM call")
    assert row == {"owner": OTHER_ORGANIZATION, "status": "In Progress"}


def test_an_attempt_that_another_batch_told_of_meanwhile_counts(pipeline: Pipeline, application: Connection) -> None:
    call_id = pipeline.make_call()
    pipeline.send_each(status("ended", outbound(call_id, "first"), 60, endedReason="customer-busy"))
    application.run("BEGIN")
    application.run("SELECT id FROM call FOR UPDATE")
    with waiting(pipeline, application, status("ended", outbound(call_id, "second"), 50, endedReason="voicemail")):
        application.run("UPDATE vapi_call SET created_at = :at, first_at = :at", at=after(500))
        application.run("COMMIT")
    assert pipeline.call(call_id)["vapi_call_id"] == "first"


def test_a_call_that_is_taken_over_meanwhile_is_found_in_its_new_row(
    pipeline: Pipeline, application: Connection
) -> None:
    pipeline.own("phone-number-1")
    pipeline.send_each(status("ringing", inbound(), 1))
    call_id = pipeline.make_call(direction="inbound")
    application.run("BEGIN")
    application.run("SELECT id FROM call FOR UPDATE")
    with waiting(pipeline, application, status("in-progress", inbound(), 5)):
        application.run("UPDATE vapi_call SET call_id = :id, made_call = false", id=call_id)
        application.run("UPDATE webhook_event SET call_id = :id", id=call_id)
        application.run("DELETE FROM call WHERE id <> :id", id=call_id)
        application.run("COMMIT")
    row = pipeline.row("SELECT id, status, vapi_call_id FROM call")
    assert row == {"id": call_id, "status": "In Progress", "vapi_call_id": VAPI_ID}
