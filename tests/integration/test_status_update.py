"""`status-update`, `call.started`, `call.ended`, `call.failed` and `autopulse.ping`."""

from decimal import Decimal
from typing import Any

import pytest

from autopulse.domain.events import CallEventType
from tests.integration.bodies import NUMBER, VAPI_ID, bare_report, message, outbound, status
from tests.integration.pipeline import RECEIVED_AT, Pipeline, after, envelope, webhook


def test_the_applications_simple_shape(pipeline: Pipeline) -> None:
    call_id = pipeline.make_call()
    simple = {
        "message": {
            "timestamp": 1752195615957,
            "type": "status-update",
            "status": "in-progress",
            "call": {
                "id": VAPI_ID,
                "status": "queued",
                "assistantId": "assistant-1",
                "assistantOverrides": {"variableValues": {"customer_name": "Testa", "call_id": str(call_id)}},
                "customer": {"number": NUMBER, "name": "Testa"},
            },
        }
    }
    pipeline.send_each(simple)
    call = pipeline.call(call_id)
    assert (call["status"], call["vapi_call_id"]) == ("In Progress", VAPI_ID)
    assert call["start_time"].timestamp() == 1752195615.957
    assert (call["end_time"], call["outcome"], call["cost"]) == (None, None, None)
    assert call["updated_at"] is not None


def test_a_call_goes_from_status_to_status(pipeline: Pipeline) -> None:
    call_id = pipeline.make_call()
    seen = []
    for at, word in enumerate(["scheduled", "queued", "ringing", "in-progress", "forwarding"]):
        pipeline.send_each(status(word, outbound(call_id), at))
        seen.append(pipeline.call(call_id)["status"])
    assert seen == ["Scheduled", "Queued", "Ringing", "In Progress", "Forwarding"]
    pipeline.send_each(status("ended", outbound(call_id), 60, endedReason="customer-ended-call"))
    call = pipeline.call(call_id)
    assert (call["status"], call["ended_reason"], call["outcome"]) == ("Ended", "customer-ended-call", "reached")
    assert (call["start_time"], call["end_time"], call["duration_sec"]) == (after(3), after(60), 57)


def test_late_and_early_statuses_do_not_move_a_call_back(pipeline: Pipeline) -> None:
    call_id = pipeline.make_call()
    pipeline.send_each(
        status("ended", outbound(call_id), 60),
        status("in-progress", outbound(call_id), 3),
        status("ringing", outbound(call_id), 2),
        status("in-progress", outbound(call_id), 70),
    )
    call = pipeline.call(call_id)
    assert (call["status"], call["start_time"], call["end_time"]) == ("Ended", after(3), after(60))


def test_the_earliest_start_and_end_count(pipeline: Pipeline) -> None:
    call_id = pipeline.make_call()
    pipeline.send_each(
        status("in-progress", outbound(call_id), 10),
        status("in-progress", outbound(call_id), 5),
        status("in-progress", outbound(call_id), 20),
        status("ended", outbound(call_id), 60, endedReason="voicemail"),
        status("ended", outbound(call_id), 50),
        status("ended", outbound(call_id), 55, endedReason="customer-busy"),
    )
    call = pipeline.call(call_id)
    assert (call["start_time"], call["end_time"], call["duration_sec"]) == (after(5), after(50), 45)
    assert (call["ended_reason"], call["outcome"]) == ("customer-busy", "busy")


@pytest.mark.parametrize(
    ("type_", "fields", "expected"),
    [
        ("call.started", {}, ("In Progress", None, None)),
        ("call.ended", {"endedReason": "voicemail"}, ("Ended", "voicemail", "voicemail")),
        ("call.ended", {}, ("Ended", None, None)),
        ("call.failed", {}, ("Ended", "call.failed", "failed")),
        ("call.failed", {"endedReason": "no-answer"}, ("Ended", "no-answer", "no_answer")),
        ("status-update", {"status": "busy"}, ("Ended", "busy", "busy")),
        ("status-update", {"status": "no_answer"}, ("Ended", "no-answer", "no_answer")),
        ("status-update", {"status": "canceled"}, ("Ended", "canceled", "cancelled")),
        ("status-update", {"status": "Completed"}, ("Ended", None, None)),
    ],
)
def test_other_words_for_a_state(
    pipeline: Pipeline, type_: str, fields: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    call_id = pipeline.make_call()
    pipeline.send_each(message(type_, outbound(call_id), 5, **fields))
    call = pipeline.call(call_id)
    assert (call["status"], call["ended_reason"], call["outcome"]) == expected


def test_without_a_sender_time_facts_have_the_receipts(pipeline: Pipeline) -> None:
    call_id = pipeline.make_call()
    pipeline.send_each(status("in-progress", outbound(call_id)), status("ended", outbound(call_id)))
    call, facts = pipeline.call(call_id), pipeline.facts(call_id)
    assert (call["start_time"], call["end_time"], call["duration_sec"]) == (RECEIVED_AT, RECEIVED_AT, 0)
    assert (facts["status"], facts["status_at"]) == ("Ended", None)


def test_an_unknown_word_is_counted_and_changes_no_state(
    pipeline: Pipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    call_id = pipeline.make_call(vapi_call_id=VAPI_ID)
    before = pipeline.call(call_id)
    pipeline.send_each(status("levitating", outbound(call_id), 5))
    assert pipeline.call(call_id) == before
    facts = pipeline.facts(call_id)
    assert (facts["created_at"], facts["first_at"], facts["status"], facts["reported_columns"]) == (
        after(-20),
        after(5),
        None,
        [],
    )
    assert [(receipt["outcome"], receipt["call_id"]) for receipt in pipeline.receipts()] == [("ignored", call_id)]
    assert '"what":"status","service":"autopulse-test","ValueUnknown":[1' in capsys.readouterr().out
    assert pipeline.call_events == []


def test_an_unknown_word_still_links_the_ids(pipeline: Pipeline) -> None:
    call_id = pipeline.make_call()
    pipeline.send_each(status("levitating", outbound(call_id), 5), status("ringing", outbound(None), 6))
    assert pipeline.call(call_id)["status"] == "Ringing"


def test_what_the_application_prepared_stands_until_the_first_fact_for_it(pipeline: Pipeline) -> None:
    written = {"start_time": after(1), "end_time": after(9), "duration_sec": 8}
    others = {"call_reason": "Follow-up", "feedback_summary": "To ask.", "recording_url": "https://app.example/r"}
    call_id = pipeline.make_call(**written, **others, status="Queued")
    pipeline.send_each(status("ringing", outbound(call_id), 2))
    call = pipeline.call(call_id)
    assert {name: call[name] for name in written | others} == written | others
    assert call["status"] == "Ringing"
    pipeline.send_each(status("in-progress", outbound(call_id), 3))
    call = pipeline.call(call_id)
    assert (call["start_time"], call["end_time"], call["duration_sec"]) == (after(3), after(9), 8)
    pipeline.send_each(status("ended", outbound(call_id), 63.5))
    call = pipeline.call(call_id)
    assert (call["start_time"], call["end_time"], call["duration_sec"]) == (after(3), after(63.5), 61)
    assert {name: call[name] for name in others} == others
    assert call["status"] == "Ended"
    pipeline.send_each(bare_report(outbound(call_id)))
    call = pipeline.call(call_id)
    assert (call["status"], call["call_reason"]) == ("Completed", "Follow-up")
    assert (call["feedback_summary"], call["recording_url"]) == (None, None)


def test_a_ping_leaves_a_receipt_and_nothing_else(pipeline: Pipeline) -> None:
    pipeline.send_each({"message": {"type": "autopulse.ping", "id": "monitor-1", "timestamp": 1783731600000}})
    (receipt,) = pipeline.receipts()
    assert (receipt["type"], receipt["kind"], receipt["outcome"]) == ("autopulse.ping", "status_update", "applied")
    assert (receipt["call_id"], receipt["vapi_call_id"], receipt["occurred_at"]) == (None, None, after(0))
    assert pipeline.count("call") == 0


def test_absurd_values_count_as_not_given(pipeline: Pipeline) -> None:
    call_id = pipeline.make_call()
    fields = {"endedReason": ["no", "text"], "status": "ended"}
    body = message("status-update", outbound(call_id, createdAt=1e300, customer=5, type=7), None, **fields)
    body["message"]["timestamp"] = 1e300
    pipeline.send_each(body)
    call = pipeline.call(call_id)
    assert (call["status"], call["end_time"], call["ended_reason"]) == ("Ended", RECEIVED_AT, None)
    (receipt,) = pipeline.receipts()
    assert receipt["occurred_at"] is None


def test_what_postgres_and_its_driver_cannot_take_is_cleaned(pipeline: Pipeline) -> None:
    call_id = pipeline.make_call()
    dirty = {"type": "status-update", "status": "ended", "endedReason": "voice\x00mail\ud800", "call": {"id": "x"}}
    assert (
        pipeline.deliver(
            "status_update", [envelope("status_update", dirty, call_id=call_id, vapi_call_id="a\x00\udfff")]
        )
        == []
    )
    call = pipeline.call(call_id)
    assert (call["ended_reason"], call["vapi_call_id"]) == ("voicemail\ufffd", "a\ufffd")


def test_watchers_are_told_what_changed(pipeline: Pipeline) -> None:
    call_id = pipeline.make_call()
    pipeline.send_each(status("in-progress", outbound(call_id), 3), status("ringing", outbound(call_id), 2))
    (call_event,) = pipeline.call_events
    assert (call_event.type, call_event.call_id, call_event.vapi_call_id) == (
        CallEventType.CALL_STATUS_CHANGED,
        call_id,
        VAPI_ID,
    )
    assert call_event.changed == {"status": "In Progress", "previous": "Ready"}


def test_statuses_of_a_batch_are_folded(pipeline: Pipeline) -> None:
    calls = [pipeline.make_call() for _ in range(3)]
    bodies = [
        status(word, outbound(call_id, f"vapi-{call_id}"), at)
        for at, word in [(60, "ended"), (3, "in-progress"), (2, "ringing")]
        for call_id in calls
    ]
    assert pipeline.send(*bodies) == []
    rows = pipeline.rows("SELECT status, start_time, duration_sec FROM call")
    assert rows == [{"status": "Ended", "start_time": after(3), "duration_sec": 57}] * 3
    assert pipeline.count("webhook_event") == 9


def test_the_money_of_a_call_is_not_a_status(pipeline: Pipeline) -> None:
    call_id = pipeline.make_call(cost=Decimal("1.5"))
    pipeline.send_each(status("ended", outbound(call_id), 60))
    assert pipeline.call(call_id)["cost"] == Decimal("1.500000")


def test_what_the_verifier_makes_is_what_the_consumer_reads(pipeline: Pipeline) -> None:
    call_id = pipeline.make_call()
    sent = webhook(status("ended", outbound(call_id), 60, endedReason="voicemail", artifact={"messages": ["x"]}))
    assert sent.message.keys() == {"type", "status", "endedReason", "call"}
    assert pipeline.deliver("status_update", [sent.to_json()]) == []
    (receipt,) = pipeline.receipts()
    assert (receipt["event_id"], receipt["call_id"], receipt["repeats"]) == (sent.event_id, call_id, 0)
    assert (receipt["vapi_call_id"], receipt["occurred_at"], receipt["received_at"]) == (
        VAPI_ID,
        after(60),
        RECEIVED_AT,
    )
    assert receipt["processed_at"] is not None
