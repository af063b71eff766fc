"""Messages that are made of what Vapi answered when it was asked, and what our own functions say of asking."""

import json
from datetime import datetime
from typing import Any

import pytest

from autopulse.vapi.envelope import RECONCILIATION, Envelope, envelope_from
from autopulse.vapi.routes import INTERNAL, kind_of
from tests.integration.bodies import VAPI_ID, Body, iso, message, outbound, report, status
from tests.integration.orders import FIRST_CALL, snapshot
from tests.integration.pipeline import ORGANIZATION, RECEIVED_AT, Pipeline, webhook


def asked(body: Body, received_at: datetime = RECEIVED_AT) -> Envelope:
    said = body["message"]
    kind = INTERNAL.get(said["type"]) or kind_of(said)
    assert kind is not None
    return envelope_from(kind, said, received_at, origin=RECONCILIATION)


def result(word: str, call: Body, at: float = 500) -> Envelope:
    return asked(message("autopulse.reconciliation", call, at, result=word))


def deliver(pipeline: Pipeline, *envelopes: Envelope) -> None:
    for envelope in envelopes:
        assert pipeline.deliver(envelope.kind, [envelope.to_json()]) == []
    assert pipeline.queues.dead_letters == []


def by_id(vapi_call_id: str = VAPI_ID) -> Body:
    """`message.call` of what our functions say."""
    return {"id": vapi_call_id}


def metrics(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Name -> (value, kind), of what the consumers have measured since this was asked last."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    names = ("CallReconciled", "CallUnrecoverable", "StatusUnknown")
    return {name: (sum(line[name]), line.get("kind")) for line in lines for name in names if name in line}


def test_receipts_and_the_report_know_where_they_are_from(pipeline: Pipeline) -> None:
    call = outbound(pipeline.make_call())
    deliver(pipeline, webhook(status("in-progress", call, 1)), asked(report(call, 60)))
    assert [receipt["origin"] for receipt in pipeline.receipts()] == ["webhook", "reconciliation"]
    (facts,) = pipeline.rows("SELECT report_origin FROM vapi_call")
    assert facts == {"report_origin": "reconciliation"}


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize(("asked_at", "origin"), [(59, "webhook"), (61, "reconciliation")])
def test_the_origin_is_that_of_the_report_that_counts(
    pipeline: Pipeline, first: int, asked_at: float, origin: str
) -> None:
    call = outbound(pipeline.make_call())
    both = [webhook(report(call, 60)), asked(report(call, asked_at))]
    deliver(pipeline, both[first], both[1 - first], both[first])
    assert pipeline.row("SELECT report_origin FROM vapi_call") == {"report_origin": origin}


def test_the_same_report_from_both_origins_ends_in_equal_rows(pipeline: Pipeline) -> None:
    ends = []
    for order in (1, -1):
        pipeline.clear()
        call = outbound(pipeline.make_call(id=FIRST_CALL))
        both = [webhook(report(call, 60)), asked(report(call, 60))][::order]
        deliver(pipeline, *both, *both)
        ends.append(snapshot(pipeline.database))
    assert ends[0] == ends[1]


def test_reports_of_before_count_as_webhooks_and_are_not_written_anew(pipeline: Pipeline) -> None:
    call = outbound(pipeline.make_call())
    deliver(pipeline, webhook(status("in-progress", call, 1)), webhook(report(call, 60)))
    pipeline.database.run("UPDATE vapi_call SET report_origin = NULL")
    version = pipeline.row("SELECT xmin::text FROM vapi_call")
    deliver(pipeline, webhook(report(call, 59)))
    assert pipeline.row("SELECT xmin::text FROM vapi_call") == version
    deliver(pipeline, asked(report(call, 61)))
    assert pipeline.row("SELECT report_origin FROM vapi_call") == {"report_origin": "reconciliation"}


@pytest.mark.parametrize("word", ["missing", "unrecoverable"])
def test_a_result_that_stays_marks_the_attempt_and_nothing_else(pipeline: Pipeline, word: str) -> None:
    call_id = pipeline.make_call()
    deliver(pipeline, webhook(status("in-progress", outbound(call_id), 1)))
    before, row = pipeline.facts(call_id), pipeline.call(call_id)
    deliver(pipeline, result(word, by_id()), result(word, by_id()))
    assert pipeline.facts(call_id) == before | {"reconciliation": word}
    assert pipeline.call(call_id) == row
    receipt = pipeline.receipts()[-1]
    assert (receipt["type"], receipt["outcome"], receipt["repeats"]) == ("autopulse.reconciliation", "applied", 1)


def test_of_two_marks_the_greater_stays(pipeline: Pipeline) -> None:
    call_id = pipeline.make_call()
    deliver(pipeline, webhook(status("in-progress", outbound(call_id), 1)))
    deliver(pipeline, result("unrecoverable", by_id(), 500), result("missing", by_id(), 501))
    assert pipeline.facts(call_id)["reconciliation"] == "unrecoverable"


def test_a_call_that_the_application_has_linked_is_marked_and_stays_as_it_wrote_it(pipeline: Pipeline) -> None:
    call_id = pipeline.make_call(vapi_call_id=VAPI_ID, status="Scheduled")
    deliver(pipeline, result("missing", by_id()))
    assert pipeline.facts(call_id)["reconciliation"] == "missing"
    assert pipeline.facts(call_id)["first_at"] is None
    assert pipeline.call(call_id)["status"] == "Scheduled"


def test_what_the_application_has_finished_is_not_hidden_by_a_mark(pipeline: Pipeline) -> None:
    written = {"status": "Missed", "start_time": iso(1), "end_time": iso(2)}
    call_id = pipeline.make_call(vapi_call_id=VAPI_ID, **written)
    row = pipeline.call(call_id)
    deliver(pipeline, result("missing", by_id()))
    shown = pipeline.call(call_id)
    assert {name: shown[name] for name in ("status", "start_time", "end_time")} == {
        name: row[name] for name in ("status", "start_time", "end_time")
    }


def test_a_call_that_was_not_found_this_time_leaves_its_receipt_alone(pipeline: Pipeline) -> None:
    call_id = pipeline.make_call(vapi_call_id=VAPI_ID)
    deliver(pipeline, result("not_found", by_id()))
    assert pipeline.count("vapi_call") == 0
    (receipt,) = pipeline.receipts()
    assert (receipt["call_id"], receipt["outcome"]) == (call_id, "ignored")


@pytest.mark.usefixtures("default_organization")
@pytest.mark.parametrize("word", ["missing", "not_found", "unrecoverable", "invented"])
def test_a_result_makes_no_call_and_no_dead_letter(pipeline: Pipeline, word: str) -> None:
    deliver(pipeline, result(word, {"id": VAPI_ID, "type": "inboundPhoneCall", "createdAt": iso(0)}))
    assert (pipeline.count("call"), pipeline.receipts()) == (0, [])


def test_a_result_that_was_not_found_links_no_ids(pipeline: Pipeline) -> None:
    call_id = pipeline.make_call()
    deliver(pipeline, result("not_found", outbound(call_id)))
    assert pipeline.count("vapi_call") == 0
    assert pipeline.send(status("in-progress", outbound(None), 1)) == [0]


@pytest.mark.usefixtures("default_organization")
def test_an_outbound_call_that_was_asked_for_gets_its_row_at_once(pipeline: Pipeline) -> None:
    deliver(pipeline, asked(report(outbound(None), 60)))
    assert pipeline.row("SELECT status, organization_id::text FROM call") == {
        "status": "Completed",
        "organization_id": ORGANIZATION,
    }


def test_an_unknown_call_that_was_asked_for_is_ignored_and_can_be_asked_for_again(pipeline: Pipeline) -> None:
    envelope = asked(report(outbound(None), 60))
    deliver(pipeline, envelope, envelope)
    assert pipeline.receipts() == []
    assert {line["disposition"] for line in pipeline.log_lines()} == {"ignored"}
    pipeline.own("phone-number-1")
    deliver(pipeline, envelope)
    assert pipeline.row("SELECT status FROM call") == {"status": "Completed"}


def test_what_asking_brought_is_counted_once_for_each_call(
    pipeline: Pipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    call = outbound(pipeline.make_call())
    deliver(pipeline, webhook(status("in-progress", call, 1)))
    assert metrics(capsys) == {}
    deliver(pipeline, asked(status("ended", call, 50)))
    assert metrics(capsys) == {"CallReconciled": (1, "status_update")}
    deliver(pipeline, asked(report(call, 60)))
    assert metrics(capsys) == {"CallReconciled": (1, "end_of_call_report")}
    deliver(pipeline, asked(report(call, 60)), asked(report(call, 61)))
    assert metrics(capsys) == {}, "a later report is none that was lost"
    deliver(pipeline, result("missing", by_id()), result("not_found", by_id()))
    assert metrics(capsys) == {"CallUnrecoverable": (1, None)}
