"""A record of Vapi's, once it is a message, leads to the facts that its report leads to (docs/call-state.md)."""

import json
import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from autopulse.domain.answers import answer_names
from autopulse.json_coercion import read_time
from autopulse.reconciliation.records import ending_envelope, envelope_of, read_record, summarize
from autopulse.vapi.call_ids import find_call_id
from autopulse.vapi.envelope import Envelope, believe_all
from tests.integration.bodies import VAPI_ID, Body, bare_report, inbound, iso, outbound, report, status, web
from tests.integration.orders import FIRST_CALL, Rows, snapshot
from tests.integration.pipeline import ORGANIZATION, RECEIVED_AT, Pipeline, after, webhook
from tests.unit.reconciliation.canaries import record_with_canaries

LATER = RECEIVED_AT + timedelta(hours=1)
"""When Vapi is asked: its records are final by then."""
ORIGINS = {"origin", "report_origin"}
"""Columns that say whether Vapi was asked."""


def record_of(body: Body) -> dict[str, Any]:
    """The record that Vapi has of the call of a report, as docs and recordings of its API show it."""
    message = body["message"]
    call = message.get("call") or {}
    own = {name: value for name, value in message.items() if name not in {"type", "call", "timestamp"}}
    told = read_time(message.get("timestamp"))
    updated = {} if told is None else {"updatedAt": told.isoformat(timespec="milliseconds").replace("+00:00", "Z")}
    return {**call, **own, "status": "ended", **updated}


def envelope_from_record(record: Mapping[str, Any], now: datetime = LATER) -> Envelope:
    envelope = envelope_of(read_record(json.loads(json.dumps(record))), now, believe_all)
    assert envelope is not None
    return envelope


def deliver(pipeline: Pipeline, *envelopes: Envelope) -> None:
    """Each alone and in this order; an outbound call that nobody knows has waited long enough."""
    for one in envelopes:
        assert pipeline.deliver(one.kind, [one.to_json()], receive_count=11) == []
    assert pipeline.queues.dead_letters == []


def _recorded() -> dict[str, Body]:
    folder = os.environ.get("VAPI_PAYLOADS")
    paths = sorted(Path(folder).rglob("*.json")) if folder else []
    bodies = {path.name: json.loads(path.read_bytes()) for path in paths}
    reports = {
        name: body for name, body in bodies.items() if body.get("message", {}).get("type") == "end-of-call-report"
    }
    return {name: body for name, body in reports.items() if body["message"].get("call", {}).get("id")}


REPORTS: dict[str, Body] = {
    "outbound": report(outbound(FIRST_CALL)),
    "inbound": report(inbound()),
    "web": report(web()),
    "nothing": bare_report(outbound(FIRST_CALL)),
    "words in a text": report(outbound(FIRST_CALL), messages=None, artifact={}),
    "costs in parts": report(
        outbound(FIRST_CALL), cost=None, costBreakdown=None, costs=[{"cost": 0.1}, {"cost": 0.05}]
    ),
    **_recorded(),
}


def rows_of(pipeline: Pipeline, call_id: int | None, envelope: Envelope) -> dict[str, list[dict[str, Any]]]:
    """What an envelope leads to, but for the id and the origin of its event."""
    pipeline.clear()
    pipeline.place(ORGANIZATION)
    try:
        if call_id is not None:
            pipeline.make_call(id=call_id)
        deliver(pipeline, envelope)
        return _compared(snapshot(pipeline.database), envelope.event_id)
    finally:
        pipeline.place("")


def _compared(rows: Rows, event_id: str) -> dict[str, list[dict[str, Any]]]:
    return {
        table: [
            {name: value for name, value in json.loads(row.replace(event_id, "event")).items() if name not in ORIGINS}
            for row in of_table
        ]
        for table, of_table in rows.items()
    }


@pytest.mark.parametrize("name", REPORTS)
def test_a_record_gives_the_same_facts_as_the_report_of_its_call(pipeline: Pipeline, name: str) -> None:
    body = REPORTS[name]
    call_id = find_call_id(body["message"])
    record = read_record(record_of(body))
    assert record.told_at is not None
    told = body["message"] | {"timestamp": record.told_at.timestamp() * 1000}  # reports of 2024 have none
    reported = rows_of(pipeline, call_id, webhook({"message": told}, LATER))
    asked = rows_of(pipeline, call_id, envelope_from_record(record.fields))
    assert asked == reported
    assert reported["vapi_call"], "the report was applied"


# What is about whom


def test_our_id_is_found_wherever_a_webhook_may_have_it(pipeline: Pipeline) -> None:
    call_id = pipeline.make_call()
    record = record_of(report(outbound(None))) | {"metadata": {"call_id": str(call_id)}}
    deliver(pipeline, envelope_from_record(record))
    assert pipeline.call(call_id)["nps_score"] == 9


def test_a_record_without_our_id_is_about_the_call_that_vapi_s_id_is_linked_to(pipeline: Pipeline) -> None:
    call_id = pipeline.make_call()
    deliver(pipeline, webhook(status("in-progress", outbound(call_id), 5)))
    deliver(pipeline, envelope_from_record(record_of(report(outbound(None)))))
    call = pipeline.call(call_id)
    assert (call["status"], call["nps_score"]) == ("Completed", 9)


def test_a_web_call_is_not_believed_what_it_says_of_our_ids(pipeline: Pipeline, default_organization: str) -> None:
    call_id = pipeline.make_call(organization_id=default_organization)
    call = web() | {"assistantOverrides": {"variableValues": {"call_id": str(call_id)}}}
    deliver(pipeline, envelope_from_record(record_of(report(call))))
    assert pipeline.call(call_id)["status"] == "Ready"
    assert pipeline.count("call") == 2


# The same again, and more


def test_asked_twice_nothing_changes_though_addresses_are_signed_anew(pipeline: Pipeline) -> None:
    call_id = pipeline.make_call()
    record = record_of(report(outbound(call_id)))
    first = envelope_from_record(record)
    signed = {"presignedMonoUrl": "https://storage.example/x?signature=2", "presignedUrlsExpiresAt": iso(9000)}
    again = envelope_from_record(
        record | {"artifact": record["artifact"] | signed, "recordingUrl": "https://storage.example/y"},
        LATER + timedelta(hours=3),
    )
    assert again.event_id == first.event_id
    deliver(pipeline, first)
    rows = snapshot(pipeline.database)
    deliver(pipeline, again)
    assert snapshot(pipeline.database) == rows


@pytest.mark.parametrize("later", [0, 60])
def test_a_later_asking_that_brings_answers_is_applied(pipeline: Pipeline, later: int) -> None:
    """Whether or not Vapi has touched `updatedAt`, and in either order."""
    call_id = pipeline.make_call()
    bare = record_of(report(outbound(call_id), analysis=None))
    full = record_of(report(outbound(call_id))) | {"updatedAt": iso(130 + later)}
    for order in ([bare, full], [full, bare]):
        pipeline.clear()
        pipeline.make_call(id=call_id)
        deliver(pipeline, *map(envelope_from_record, order))
        assert pipeline.call(call_id)["nps_score"] == 9
        assert pipeline.count("webhook_event") == 2


REAL = 131.5
"""The sender's time of the real report, a second and a half after the record's."""


def test_the_report_and_the_record_end_in_equal_rows_in_any_order(pipeline: Pipeline) -> None:
    call_id = pipeline.make_call()
    real, asked = webhook(report(outbound(call_id), REAL)), envelope_from_record(record_of(report(outbound(call_id))))
    ends = []
    for order in ([real, asked], [asked, real], [real, asked, real, asked], [asked, asked, real]):
        pipeline.clear()
        pipeline.make_call(id=call_id)
        deliver(pipeline, *order)
        rows = dict(snapshot(pipeline.database))
        ends.append(rows)
    assert ends[1:] == ends[:-1]


# States before the end


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("scheduled", "Scheduled"),
        ("queued", "Queued"),
        ("ringing", "Ringing"),
        ("in-progress", "In Progress"),
        ("forwarding", "Forwarding"),
    ],
)
def test_a_call_that_has_not_ended_gives_its_status(pipeline: Pipeline, word: str, expected: str) -> None:
    call_id = pipeline.make_call()
    record = {**outbound(call_id), "status": word, "updatedAt": iso(10), "startedAt": iso(5)}
    envelope = envelope_from_record(record)
    assert (envelope.kind, envelope.message["type"], envelope.occurred_at) == (
        "status_update",
        "status-update",
        after(10),
    )
    deliver(pipeline, envelope)
    assert pipeline.call(call_id)["status"] == expected


def test_a_call_that_has_just_ended_is_over_before_its_report_is_there(pipeline: Pipeline) -> None:
    call_id = pipeline.make_call()
    record = {**outbound(call_id), "status": "ended", "endedAt": iso(20), "updatedAt": iso(21)}
    record |= {"endedReason": "customer-did-not-answer", "artifact": {}}
    deliver(pipeline, envelope_from_record(record, after(30)))
    call = pipeline.call(call_id)
    assert (call["status"], call["outcome"]) == ("Ended", "no_answer")
    deliver(pipeline, envelope_from_record(record, after(20) + timedelta(minutes=10)))
    assert pipeline.call(call_id)["status"] == "Completed"


def test_a_call_that_vapi_could_not_delete_is_told_like_any_other(pipeline: Pipeline) -> None:
    call_id = pipeline.make_call()
    deliver(pipeline, envelope_from_record(record_of(report(outbound(call_id))) | {"status": "deletion-failed"}))
    assert pipeline.call(call_id)["nps_score"] == 9


@pytest.mark.parametrize("word", ["not-found", "deletion-failed", "levitating"])
def test_another_status_says_nothing(word: str) -> None:
    record = read_record({**outbound(7), "status": word})
    assert envelope_of(record, LATER, believe_all) is None


def test_a_call_that_nobody_reports_is_over_when_it_must_be(pipeline: Pipeline) -> None:
    call_id = pipeline.make_call()
    deliver(pipeline, webhook(status("in-progress", outbound(call_id), 5)))
    ends_by = after(12 * 3600)
    deliver(pipeline, ending_envelope(VAPI_ID, ends_by, ends_by + timedelta(hours=1)))
    call = pipeline.call(call_id)
    assert (call["status"], call["end_time"], call["ended_reason"]) == ("Ended", ends_by, None)


# Summaries


def test_a_summary_says_what_is_stored_of_the_same_record(pipeline: Pipeline) -> None:
    call_id = pipeline.make_call()
    record = read_record(record_of(report(outbound(call_id))))
    deliver(pipeline, envelope_from_record(record.fields))
    summary = summarize(record, LATER, answer_names(""), believe_all)
    call = pipeline.call(call_id)
    assert (summary.vapi_call_id, summary.call_id) == (call["vapi_call_id"], call["id"])
    assert (summary.nps_score, summary.ended_reason) == (call["nps_score"], call["ended_reason"])
    assert (summary.has_turns, summary.has_answers) == (True, True)
    assert (summary.status, summary.type) == ("Ended", "outboundPhoneCall")
    assert (summary.created_at, summary.ended_at, summary.updated_at) == (after(-20), after(120.25), after(130))


def test_nothing_of_a_record_gets_into_the_database_that_does_not_belong_there(pipeline: Pipeline) -> None:
    call_id = pipeline.make_call()
    record = record_with_canaries(call_id)
    assert "CANARY" in json.dumps(record)
    ended = read_time(record["endedAt"])
    assert ended is not None
    deliver(pipeline, envelope_from_record(record, ended + timedelta(hours=1)))
    assert pipeline.call(call_id)["nps_score"] == 9
    assert "CANARY" not in json.dumps(snapshot(pipeline.database))
    assert "CANARY" not in pipeline.log.getvalue()
