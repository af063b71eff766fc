"""`webhook_event`: a receipt with every effect, and repeats without any (docs/call-state.md 8)."""

import json

import pytest

from tests.integration.bodies import bare_report, message, outbound, report, status
from tests.integration.pipeline import RECEIVED_AT, Pipeline, after, envelope, webhook


@pytest.fixture
def call_id(pipeline: Pipeline) -> int:
    return pipeline.make_call()


def test_repeats_are_counted_and_do_nothing_else(
    pipeline: Pipeline, call_id: int, capsys: pytest.CaptureFixture[str]
) -> None:
    body = report(outbound(call_id))
    pipeline.send_each(body)
    pipeline.database.run("UPDATE call SET status = 'Seen', nps_score = 1 WHERE id = :id", id=call_id)
    pipeline.call_events.clear()
    capsys.readouterr()
    pipeline.send_each(body, body)
    assert pipeline.send(body, body, body) == []
    assert [receipt["repeats"] for receipt in pipeline.receipts()] == [5]
    assert (pipeline.call(call_id)["status"], pipeline.call(call_id)["nps_score"]) == ("Seen", 1)
    assert pipeline.call_events == []
    assert capsys.readouterr().out.count("RecordDuplicate") >= 3


def test_a_repeat_in_the_first_batch_is_applied_once(pipeline: Pipeline, call_id: int) -> None:
    body = status("ended", outbound(call_id), 60)
    assert pipeline.send(body, body, body) == []
    (receipt,) = pipeline.receipts()
    assert (receipt["repeats"], receipt["outcome"], receipt["call_id"]) == (2, "applied", call_id)


def test_a_resend_is_known_by_its_senders_time_not_by_its_bytes(pipeline: Pipeline, call_id: int) -> None:
    first = webhook(report(outbound(call_id), recordingUrl="https://storage.example/1?signature=a"))
    again = webhook(report(outbound(call_id), recordingUrl="https://storage.example/1?signature=b"), after(500))
    assert first.event_id == again.event_id
    assert pipeline.deliver("end_of_call_report", [first.to_json()]) == []
    assert pipeline.deliver("end_of_call_report", [again.to_json()]) == []
    (receipt,) = pipeline.receipts()
    assert (receipt["repeats"], receipt["received_at"]) == (1, RECEIVED_AT)
    assert pipeline.call(call_id)["recording_url"].endswith("=a")


def test_in_a_batch_too_the_first_to_come_counts(pipeline: Pipeline, call_id: int) -> None:
    bodies = [report(outbound(call_id), recordingUrl=f"https://storage.example/{letter}") for letter in "ab"]
    assert pipeline.send(*bodies) == []
    assert pipeline.call(call_id)["recording_url"] == "https://storage.example/a"
    assert [receipt["repeats"] for receipt in pipeline.receipts()] == [1]


def test_an_untimed_report_is_known_by_its_content_without_its_urls(pipeline: Pipeline, call_id: int) -> None:
    for signature in "ab":
        pipeline.send_each(bare_report(outbound(call_id), None, recordingUrl=f"https://storage.example/{signature}"))
    pipeline.send_each(bare_report(outbound(call_id), None, summary="Another."))
    assert sorted(receipt["repeats"] for receipt in pipeline.receipts()) == [0, 1]


def test_a_receipt_says_which_status_was_told(pipeline: Pipeline, call_id: int) -> None:
    pipeline.send_each(
        status("queued", outbound(call_id), 0),
        status("ringing", outbound(call_id), 1),
        status("in-progress", outbound(call_id), 2),
        status("pondering", outbound(call_id), 3),
        message("hang", outbound(call_id), 4),
        message("hang", outbound(call_id), 5, reason="user_initiated"),
        message("autopulse.ping", {}, 6),
        report(outbound(call_id)),
    )
    told = [receipt["status"] for receipt in sorted(pipeline.receipts(), key=lambda receipt: receipt["occurred_at"])]
    assert told == ["Queued", "Ringing", "In Progress", None, None, "Ended", None, "Completed"]


def test_a_refused_record_has_no_receipt(pipeline: Pipeline) -> None:
    assert pipeline.send(status("ended", outbound(999_999), 60)) == [0]
    assert pipeline.receipts() == []


def test_every_kind_has_its_receipt(pipeline: Pipeline, call_id: int) -> None:
    pipeline.send_each(
        status("ended", outbound(call_id), 60),
        report(outbound(call_id)),
        message("hang", outbound(call_id), 30),
        message("transcript", outbound(call_id), 31, role="user", transcriptType="final", transcript="Yes"),
        message("conversation-update", outbound(call_id), 32),
    )
    seen = {(receipt["kind"], receipt["type"], receipt["call_id"]) for receipt in pipeline.receipts()}
    assert seen == {
        ("status_update", "status-update", call_id),
        ("end_of_call_report", "end-of-call-report", call_id),
        ("hang", "hang", call_id),
        ("transcript", "transcript", call_id),
        ("conversation_update", "conversation-update", call_id),
    }


def test_a_record_in_the_wrong_queue_is_invalid(pipeline: Pipeline, call_id: int) -> None:
    body = webhook(report(outbound(call_id))).to_json()
    assert pipeline.deliver("status_update", [body]) == []
    assert [(letter.body, letter.reason, letter.kind) for letter in pipeline.queues.dead_letters] == [
        (body, "InvalidMessage", "status_update")
    ]


def test_the_log_names_the_record_and_none_of_its_content(pipeline: Pipeline, call_id: int) -> None:
    sent = webhook(report(outbound(call_id)))
    assert pipeline.deliver("end_of_call_report", [sent.to_json(), "garbage"]) == []
    settled, failed = pipeline.log_lines()
    assert (settled["event_id"], settled["call_id"], settled["vapi_call_id"]) == (
        sent.event_id,
        call_id,
        sent.vapi_call_id,
    )
    assert (settled["kind"], settled["disposition"], failed["reason"]) == (
        "end_of_call_report",
        "applied",
        "InvalidMessage",
    )
    assert "event_id" not in failed
    for secret in ("Very good", "+1202555", "storage.example", "garbage"):
        assert secret not in pipeline.log.getvalue()


def test_absurd_times_of_receipt_are_invalid_and_of_the_sender_absent(pipeline: Pipeline, call_id: int) -> None:
    content = {"type": "status-update", "status": "ended"}
    good = envelope("status_update", content, call_id=call_id, occurred_at="9999-12-31T23:59:59-12:00")
    bad = json.dumps(json.loads(good) | {"received_at": "0000-00-00T00:00:00Z"})
    assert pipeline.deliver("status_update", [bad, good]) == []
    assert len(pipeline.queues.dead_letters) == 1
    assert pipeline.call(call_id)["end_time"] == RECEIVED_AT
    (receipt,) = pipeline.receipts()
    assert receipt["occurred_at"] is None
