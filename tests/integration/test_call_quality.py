"""`call_quality`: how the call of an attempt ran, as the report that counts says (docs/call-state.md 3)."""

from collections.abc import Mapping
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any, Final

import pytest

from autopulse.operations import unlink
from tests.integration.bodies import (
    ANALYSED,
    VAPI_ID,
    Body,
    bare_report,
    inbound,
    iso,
    ours_alone,
    outbound,
    report,
    status,
)
from tests.integration.orders import FIRST_CALL, end_in_equal_rows
from tests.integration.pipeline import Pipeline

OTHER_ID: Final = "0197f9d4-bbbb-4000-8000-000000000002"
TOLD: Final[Body] = {
    "artifact": {
        "performanceMetrics": {
            "turnLatencies": [{"turnLatency": 900, "modelLatency": 400}, {"turnLatency": 1500}],
            "turnLatencyAverage": 1200,
            "numUserInterrupted": 2,
        },
        "transfers": [{"destination": {"type": "number", "number": "+12025550177"}, "status": "no-answer"}],
        "structuredOutputs": {"1": {"name": "nps_score", "result": 9}, "2": {"name": "mood", "result": None}},
        "skippedStructuredOutputs": {"3": {"name": "feedback", "unmetCondition": {"type": "minMessages"}}},
        "assistantActivations": [{"assistantName": "Piper", "assistantId": "assistant-1", "assistantVersion": "3"}],
    },
    "costs": [{"type": "vapi", "cost": 0.05}, {"type": "model", "cost": 0.01}, {"type": "model", "cost": 0.02}],
    "cost": 0.08,
    "compliance": {"recordingConsent": {"type": "verbal", "grantedAt": iso(10)}},
    "campaignId": "campaign-1",
    "endedMessage": "The line was busy.",
}


def quality(pipeline: Pipeline, call_id: int) -> list[dict[str, Any]]:
    """The rows of a call, without what they do not tell."""
    rows = pipeline.rows("SELECT * FROM call_quality WHERE call_id = :id ORDER BY vapi_call_id", id=call_id)
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


def told(pipeline: Pipeline) -> list[tuple[int, str, int | None]]:
    """The rows: call, attempt and median."""
    rows = pipeline.rows("SELECT * FROM call_quality ORDER BY call_id, vapi_call_id")
    return [(row["call_id"], row["vapi_call_id"], row["turn_latency_median_ms"]) for row in rows]


def slow(milliseconds: int, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON value
    """Fields of a report of which every turn took so long."""
    return {"artifact": {"performanceMetrics": {"turnLatencies": [{"turnLatency": milliseconds}]}}, **more}


@pytest.fixture
def call_id(pipeline: Pipeline) -> int:
    return pipeline.make_call()


def test_what_a_report_tells_is_stored(pipeline: Pipeline, call_id: int) -> None:
    pipeline.send_each(report(outbound(call_id), **TOLD))
    (row,) = quality(pipeline, call_id)
    assert row == {
        "call_id": call_id,
        "vapi_call_id": VAPI_ID,
        "report_event_id": pipeline.facts(call_id)["report_event_id"],
        "turn_latency_median_ms": 1200,
        "turn_latency_average_ms": 1200,
        "user_interruptions": 2,
        "cost": Decimal("0.080000"),
        "cost_vapi": Decimal("0.050000"),
        "cost_model": Decimal("0.030000"),
        "assistant_id": "assistant-1",
        "assistant_name": "Piper",
        "assistant_version": "3",
        "vapi_campaign_id": "campaign-1",
        "success_evaluation": "Good",
        "consent_type": "verbal",
        "consent_granted_at": datetime(2026, 7, 11, 1, 0, 10, tzinfo=timezone.utc),
        "ended_message": "The line was busy.",
        "outputs_expected": 2,
        "outputs_lost": 1,
        "turn_latencies": [[900, 400, None, None, None], [1500, None, None, None, None]],
        "details": {
            "lost_answers": ["mood"],
            "skipped_answers": [{"name": "feedback", "condition": "minMessages", "limit": None, "reasons": []}],
            "transfers": [{"to": "number", "assistant_name": None, "mode": None, "status": "no-answer"}],
            "activations": [{"assistant_id": "assistant-1", "assistant_name": "Piper", "assistant_version": "3"}],
        },
    }


def test_only_a_report_that_counts_is_told_of(pipeline: Pipeline, call_id: int) -> None:
    """The later and emptier one changes nothing, and a fuller one takes the whole row."""
    pipeline.send_each(report(outbound(call_id), 130, **TOLD))
    before = quality(pipeline, call_id)
    pipeline.send_each(bare_report(outbound(call_id), 200, **slow(9000)))
    assert quality(pipeline, call_id) == before
    pipeline.send_each(report(outbound(call_id), 300, **slow(700), cost=None, costBreakdown=None))
    (row,) = quality(pipeline, call_id)
    assert row["turn_latency_median_ms"] == 700
    assert row.keys().isdisjoint({"cost", "cost_vapi", "consent_type", "ended_message", "user_interruptions"})


def test_any_order_of_reports_ends_in_equal_rows(pipeline: Pipeline) -> None:
    call = outbound(FIRST_CALL)
    bodies = [
        status("in-progress", call, 5),
        report(call, 130, **slow(500)),
        report(call, 140, **TOLD),
        bare_report(call, 150, **slow(9000)),
        status("ended", call, 122, endedReason="customer-ended-call"),
        report(outbound(FIRST_CALL, OTHER_ID), 500, **slow(300)),
    ]
    end_in_equal_rows(pipeline, lambda: pipeline.make_call(id=FIRST_CALL), bodies)
    assert told(pipeline) == [(FIRST_CALL, VAPI_ID, 1200), (FIRST_CALL, OTHER_ID, 300)]


@pytest.mark.parametrize("without_id_is_fuller", [True, False])
def test_an_attempt_without_an_id_hands_over_what_it_has_told(pipeline: Pipeline, without_id_is_fuller: bool) -> None:
    """Until a message has Vapi's id, the attempt has none; then both are one, and one report counts."""
    fuller = {"analysis": {"structuredData": ANALYSED}}
    one, other = (fuller, {}) if without_id_is_fuller else ({}, fuller)

    def prepare() -> None:
        pipeline.make_call(id=FIRST_CALL)

    prepare()
    bodies = [
        bare_report(ours_alone(FIRST_CALL), 130, **slow(400), **one),
        bare_report(outbound(FIRST_CALL), 131, **slow(600), **other),
    ]
    pipeline.send_each(bodies[0])
    assert told(pipeline) == [(FIRST_CALL, "", 400)]
    end_in_equal_rows(pipeline, prepare, bodies)
    assert told(pipeline) == [(FIRST_CALL, VAPI_ID, 400 if without_id_is_fuller else 600)]


def test_a_status_that_brings_the_id_moves_what_was_told(pipeline: Pipeline, call_id: int) -> None:
    pipeline.send_each(report(ours_alone(call_id), **TOLD), status("ended", outbound(call_id), 122))
    assert told(pipeline) == [(call_id, VAPI_ID, 1200)]


def test_a_takeover_moves_it_and_leaves_nothing(pipeline: Pipeline) -> None:
    pipeline.own("phone-number-1")
    pipeline.send_each(report(inbound(), **TOLD))
    call_id = pipeline.make_call(direction="inbound")
    named = inbound() | {"assistantOverrides": {"variableValues": {"call_id": str(call_id)}}}
    pipeline.send_each(status("ended", named, 122))
    assert pipeline.count("call") == 1
    assert told(pipeline) == [(call_id, VAPI_ID, 1200)]


def test_the_end_of_a_link_deletes_it_and_no_other(pipeline: Pipeline, call_id: int) -> None:
    pipeline.send_each(report(outbound(call_id), **TOLD), report(outbound(call_id, OTHER_ID), 500, **slow(300)))
    assert "error" not in unlink.handler({"call_id": call_id, "vapi_call_id": OTHER_ID, "unlink": True})
    assert told(pipeline) == [(call_id, VAPI_ID, 1200)]


def test_it_goes_with_its_call(pipeline: Pipeline, call_id: int) -> None:
    pipeline.send_each(report(outbound(call_id), **TOLD))
    pipeline.database.run("DELETE FROM transcript; DELETE FROM call")
    assert pipeline.count("call_quality") == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"cost": 10**9, "costs": [{"type": "vapi", "cost": 999_999.9999999}]},
        {"artifact": {"performanceMetrics": {"turnLatencies": [{"turnLatency": 10**8}], "numUserInterrupted": 10**8}}},
        {"endedMessage": "x" * 10**6, "assistantVersion": "y" * 10**6, "campaignId": "z" * 10**6},
        {"compliance": {"recordingConsent": {"type": "\x00", "grantedAt": "9998-01-01"}}, "endedMessage": "\ud800"},
        {"artifact": {"transfers": [{"status": "\x00\ud800"}], "scorecards": [{"score": 1e300}]}},
    ],
    ids=["dollars", "milliseconds", "long texts", "texts that nobody can store", "lists"],
)
def test_nothing_that_a_report_may_hold_is_a_dead_letter(
    pipeline: Pipeline, call_id: int, fields: Mapping[str, Any]
) -> None:
    pipeline.send_each(report(outbound(call_id), **fields))
    assert pipeline.count("call_quality") == 1
    assert pipeline.call(call_id)["nps_score"] == 9, "a bad field costs that field only"
