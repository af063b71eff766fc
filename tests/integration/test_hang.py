"""`hang`: a stall, or an ending (docs/call-state.md 3)."""

from typing import Any

import pytest

from autopulse.domain.events import CallEventType
from tests.integration.bodies import message, outbound, report, status
from tests.integration.pipeline import RECEIVED_AT, Pipeline, after


@pytest.fixture
def call_id(pipeline: Pipeline) -> int:
    return pipeline.make_call()


def incidents(pipeline: Pipeline) -> list[tuple[int, str, Any]]:
    rows = pipeline.rows("SELECT call_id, kind, occurred_at FROM call_incident ORDER BY occurred_at")
    return [(row["call_id"], row["kind"], row["occurred_at"]) for row in rows]


def test_a_stall_is_an_incident_and_nothing_else(
    pipeline: Pipeline, call_id: int, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline.send_each(status("in-progress", outbound(call_id), 3))
    before, facts = pipeline.call(call_id), pipeline.facts(call_id)
    pipeline.call_events.clear()
    pipeline.send_each(message("hang", outbound(call_id), 40), message("hang", outbound(call_id), 50))
    assert incidents(pipeline) == [(call_id, "stall", after(40)), (call_id, "stall", after(50))]
    assert (pipeline.call(call_id), pipeline.facts(call_id)) == (before, facts)
    assert [call_event.type for call_event in pipeline.call_events] == [CallEventType.CALL_STALLED] * 2
    assert "CallStalled" in capsys.readouterr().out


def test_a_stalled_call_goes_on(pipeline: Pipeline, call_id: int) -> None:
    pipeline.send_each(
        status("in-progress", outbound(call_id), 3),
        message("hang", outbound(call_id), 40),
        status("ended", outbound(call_id), 122.75, endedReason="assistant-ended-call"),
        report(outbound(call_id)),
    )
    call = pipeline.call(call_id)
    assert (call["status"], call["end_time"], call["outcome"]) == ("Completed", after(120.25), "reached")


@pytest.mark.parametrize(
    ("fields", "snapshot", "expected"),
    [
        ({"reason": "user_initiated"}, "ended", ("user_initiated", "unknown")),
        ({"reason": "customer-ended-call"}, "in-progress", ("customer-ended-call", "reached")),
        ({}, "ended", (None, None)),
    ],
)
def test_a_hang_that_says_that_the_call_is_over_ends_it(
    pipeline: Pipeline, call_id: int, fields: dict[str, Any], snapshot: str, expected: tuple[str | None, str | None]
) -> None:
    pipeline.send_each(status("in-progress", outbound(call_id), 3))
    pipeline.send_each(message("hang", outbound(call_id, status=snapshot), 63.5, **fields))
    call = pipeline.call(call_id)
    assert (call["status"], call["end_time"], call["duration_sec"]) == ("Ended", after(63.5), 61)
    assert (call["ended_reason"], call["outcome"]) == expected
    assert incidents(pipeline) == []


def test_the_applications_simple_shape(pipeline: Pipeline) -> None:
    call_id = pipeline.make_call(vapi_call_id="call_123")
    pipeline.send_each(
        {"message": {"type": "hang", "call": {"id": "call_123", "status": "ended"}, "reason": "user_initiated"}}
    )
    call = pipeline.call(call_id)
    assert (call["status"], call["end_time"], call["ended_reason"]) == ("Ended", RECEIVED_AT, "user_initiated")


def test_a_stall_is_recorded_once_however_often_it_comes(pipeline: Pipeline, call_id: int) -> None:
    body = message("hang", outbound(call_id), 40)
    assert pipeline.send(body, body, message("hang", outbound(call_id, name="x"), 40)) == []
    assert pipeline.send(body) == []
    assert incidents(pipeline) == [(call_id, "stall", after(40))]
    assert [receipt["repeats"] for receipt in pipeline.receipts()] == [3]


def test_stalls_and_endings_of_several_calls_in_one_batch(pipeline: Pipeline) -> None:
    one, other = pipeline.make_call(), pipeline.make_call()
    bodies = [
        message("hang", outbound(other, "other", status="ended"), 9),
        message("hang", outbound(one, "one"), 5),
        message("hang", outbound(other, "other"), 7),
    ]
    assert pipeline.send(*bodies) == []
    assert incidents(pipeline) == [(one, "stall", after(5)), (other, "stall", after(7))]
    assert [pipeline.call(id_)["status"] for id_ in (one, other)] == ["Ready", "Ended"]


def test_incidents_go_with_their_call(pipeline: Pipeline, call_id: int) -> None:
    pipeline.send_each(message("hang", outbound(call_id), 40))
    pipeline.database.run("DELETE FROM call WHERE id = :id", id=call_id)
    assert incidents(pipeline) == []
    (receipt,) = pipeline.receipts()
    assert receipt["call_id"] is None
