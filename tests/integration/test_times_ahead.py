"""A time more than an hour after the receipt of what tells it was never a time: it wins and sorts nothing."""

from typing import Any, Final

import pytest

from tests.integration.bodies import (
    ANALYSED,
    VAPI_ID,
    Body,
    bare_report,
    conversation,
    final_transcript,
    iso,
    outbound,
    report,
    status,
    turn,
)
from tests.integration.pipeline import RECEIVED_AT, Pipeline

SECONDS: Final = [3_700, 86_400 * 400, 250_000_000_000]
"""After the tests' beginning: an hour and something, another year, the year 9948."""
BARELY: Final = 3_600
"""Half a minute less than an hour after the receipt."""

pytestmark = pytest.mark.parametrize("far", SECONDS)


def milliseconds(body: Body, at: float) -> Body:
    """The body, sent at a time of the tests' clock that may be beyond `datetime`."""
    return {"message": {**body["message"], "timestamp": 1_783_731_600_000 + at * 1000}}


def test_a_status_of_then_does_not_stand_against_a_later_one(pipeline: Pipeline, far: float) -> None:
    call_id = pipeline.make_call()
    pipeline.send_each(
        milliseconds(status("forwarding", outbound(call_id)), far), status("ringing", outbound(call_id), 2)
    )
    facts = pipeline.facts(call_id)
    assert (pipeline.call(call_id)["status"], facts["status_at"], facts["first_at"]) == (
        "Ringing",
        facts["first_at"],
        facts["status_at"],
    )
    assert facts["first_at"] < RECEIVED_AT


@pytest.mark.parametrize("order", [1, -1])
def test_a_report_of_then_does_not_stand_against_a_timed_one(pipeline: Pipeline, far: float, order: int) -> None:
    call_id = pipeline.make_call()
    forged = milliseconds(report(outbound(call_id), analysis={"structuredData": ANALYSED | {"nps_score": 0}}), far)
    pipeline.send_each(*[forged, report(outbound(call_id), 130)][::order])
    assert pipeline.call(call_id)["nps_score"] == 9
    assert pipeline.facts(call_id)["reported_at"].year == 2026


def test_turns_of_a_message_of_then_have_the_time_of_its_receipt(pipeline: Pipeline, far: float) -> None:
    call_id = pipeline.make_call()
    pipeline.send_each(milliseconds(final_transcript(outbound(call_id), None, "user", "Hello?"), far))
    (said,) = pipeline.rows("SELECT timestamp FROM transcript")
    assert said["timestamp"] == RECEIVED_AT


def test_a_conversation_of_then_gives_way_to_a_later_one(pipeline: Pipeline, far: float) -> None:
    call_id = pipeline.make_call()
    said = {"role": "user", "message": "Never said."}
    pipeline.send_each(
        milliseconds(conversation(outbound(call_id), None, said), far),
        conversation(outbound(call_id), 60, turn("user", "Hello?", 2), turn("bot", "Hello.", 3)),
    )
    assert "Hello?" in [content for _, _, _, content in pipeline.turns(call_id)]


def test_an_attempt_that_was_created_then_is_not_the_one_that_is_shown(pipeline: Pipeline, far: float) -> None:
    call_id = pipeline.make_call()
    pipeline.send_each(
        status("in-progress", outbound(call_id, "a", createdAt=iso(-20)), 1),
        status("ended", outbound(call_id, "a", createdAt=iso(-20)), 20),
        status("in-progress", outbound(call_id, "b", createdAt=1_783_731_600_000 + far * 1000), -30),
    )
    assert pipeline.attempts(call_id)["b"]["created_at"] is None
    assert pipeline.call(call_id)["vapi_call_id"] == "a", "b began before a did"


@pytest.mark.parametrize(("field", "column"), [("startedAt", "start_time"), ("endedAt", "end_time")])
def test_a_report_does_not_let_a_call_begin_or_end_then(
    pipeline: Pipeline, far: float, field: str, column: str
) -> None:
    call_id = pipeline.make_call()
    pipeline.send_each(
        status("in-progress", outbound(call_id), 1),
        status("ended", outbound(call_id), 90),
        report(outbound(call_id), **{field: 1_783_731_600_000 + far * 1000}),
    )
    told = pipeline.call(call_id)[column]
    assert told is not None
    assert told.year == 2026
    assert told.minute < 5


@pytest.mark.parametrize("with_start", [True, False])
def test_no_turn_has_a_time_of_then(pipeline: Pipeline, far: float, with_start: bool) -> None:
    call_id = pipeline.make_call()
    items: list[dict[str, Any]] = [
        {"role": "bot", "message": "Hello.", "time": 1_783_731_600_000 + far * 1000},
        {"role": "user", "message": "Yes?", "secondsFromStart": far},
        {"role": "bot", "message": "Bye.", "time": 1_783_731_600_000 + far * 1000, "secondsFromStart": 9},
    ]
    start = {"startedAt": iso(0)} if with_start else {}
    pipeline.send_each(bare_report(outbound(call_id), 130, messages=items, **start))
    times = [row["timestamp"] for row in pipeline.rows("SELECT timestamp FROM transcript ORDER BY sequence")]
    assert len(times) == 3
    assert max(times).year == 2026
    assert max(times).minute < 5
    (segment,) = pipeline.facts(call_id)["segments"]
    assert segment[1] is None or segment[1] < RECEIVED_AT.timestamp(), "the list's key"


def test_a_clock_that_is_a_little_ahead_is_believed(pipeline: Pipeline, far: float) -> None:
    assert far > BARELY
    call_id = pipeline.make_call()
    pipeline.send_each(milliseconds(status("ringing", outbound(call_id, VAPI_ID, createdAt=iso(BARELY))), BARELY))
    facts = pipeline.facts(call_id)
    assert facts["first_at"] == facts["created_at"]
    assert (facts["first_at"] - RECEIVED_AT).total_seconds() == BARELY - 30
