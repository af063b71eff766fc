"""How a call ran, read from reports: a bad field costs that field only (docs/call-state.md 3)."""

import json
from dataclasses import replace
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autopulse.domain.bounds import (
    ELLIPSIS,
    MAX_ENDED_MESSAGE_CHARACTERS,
    MAX_INTERRUPTIONS,
    MAX_LATENCY_MILLISECONDS,
    MAX_PARTS,
    MAX_TURN_LATENCIES,
)
from autopulse.domain.quality import COST_TYPES, Latencies, Quality
from autopulse.vapi.messages import ReportMessage
from autopulse.vapi.quality import read_quality
from autopulse.vapi.redaction import apply_allow_list
from tests.unit.vapi import samples

RECEIVED_AT: Final = datetime(2026, 7, 11, 1, 1, tzinfo=timezone.utc)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def read(**fields: Any) -> Quality:  # noqa: ANN401 - any JSON value
    """What is read of a report that has not been slimmed: another writer's may be as it likes."""
    content = {"type": "end-of-call-report", **fields}
    return read_quality(content, ReportMessage.model_validate(content), RECEIVED_AT)


def slimmed(**fields: Any) -> Quality:  # noqa: ANN401 - any JSON value
    return read(**apply_allow_list("end_of_call_report", {"type": "end-of-call-report", **fields}))


def artifact(**fields: Any) -> Quality:  # noqa: ANN401 - any JSON value
    return read(artifact=fields)


def test_a_report_of_2026() -> None:
    quality = slimmed(**samples.report(2)["message"])
    assert quality == Quality(
        turn_latencies=(Latencies(turn=1200, model=500), Latencies(turn=900)),
        turn_latency_median=1050,
        averages=Latencies(turn=1050),
        user_interruptions=1,
        cost=Decimal("0.123400"),
        costs={"model": Decimal("0.100000"), "vapi": Decimal("0.023400")},
        assistant_id="a5515ced-0000-4000-8000-000000000001",
        assistant_name="Piper",
        assistant_version="7",
        vapi_campaign_id="ca3ba190-0000-4000-8000-000000000003",
        success_evaluation="Good",
        consent_type="verbal",
        consent_granted_at=datetime(2025, 7, 11, 1, 0, 20, tzinfo=timezone.utc),
        ended_message="The carrier refused [redacted] <[redacted]>.",
        outputs_expected=1,
        outputs_lost=0,
        details={
            "skipped_answers": [{"name": "feedback", "condition": "minMessages", "limit": 4, "reasons": []}],
            "transfers": [{"to": "number", "assistant_name": None, "mode": "warm-transfer", "status": "no-answer"}],
            "scorecards": [{"name": "Manners", "score": 8, "percent": 80}],
            "activations": [
                {
                    "assistant_id": "a5515ced-0000-4000-8000-000000000001",
                    "assistant_name": "Piper",
                    "assistant_version": "7",
                }
            ],
        },
    )


def test_a_report_that_says_nothing_of_it() -> None:
    assert read() == Quality()
    assert slimmed(artifact={"messages": []}, call={"id": "call_123"}) == Quality()
    assert slimmed(artifact={"performanceMetrics": {}, "transfers": []}, costs=[], costBreakdown={}) == Quality()


# Latencies


@pytest.mark.parametrize(
    ("given", "latency"),
    [
        (0, 0),
        (812.5, 813),
        ("640", 640),
        (MAX_LATENCY_MILLISECONDS, MAX_LATENCY_MILLISECONDS),
        (MAX_LATENCY_MILLISECONDS + 1, None),
        (-1, None),
        (True, None),
        (float("nan"), None),
        (float("inf"), None),
        ("fast", None),
        ([812], None),
    ],
    ids=repr,
)
def test_a_latency(given: object, latency: int | None) -> None:
    quality = artifact(performanceMetrics={"turnLatencies": [{"turnLatency": given}], "voiceLatencyAverage": given})
    assert [one.turn for one in quality.turn_latencies] == [latency]
    assert quality.averages.voice == latency
    assert quality.turn_latency_median == latency


@pytest.mark.parametrize(
    ("turns", "middle"), [([5], 5), ([5, 9, 700], 9), ([700, 5, 9, 10], 10), ([None, 8, "x"], 8), ([], None)]
)
def test_the_median_is_of_the_turns_that_have_a_latency(turns: list[object], middle: int | None) -> None:
    metrics = {"turnLatencies": [{"turnLatency": turn} for turn in turns], "turnLatencyAverage": 4000}
    assert artifact(performanceMetrics=metrics).turn_latency_median == middle


def test_each_turn_keeps_its_place() -> None:
    """The nth is of the assistant's nth answer."""
    metrics = {"turnLatencies": [{"turnLatency": 5}, {}, "x", {"modelLatency": 7}]}
    assert artifact(performanceMetrics=metrics).turn_latencies == (
        Latencies(5),
        Latencies(),
        Latencies(),
        Latencies(model=7),
    )


def test_of_a_very_long_call_the_first_turns_count() -> None:
    metrics = {"turnLatencies": [{"turnLatency": 100}] * MAX_TURN_LATENCIES + [{"turnLatency": 9000}] * 2000}
    quality = artifact(performanceMetrics=metrics)
    assert (len(quality.turn_latencies), quality.turn_latency_median) == (MAX_TURN_LATENCIES, 100)


@pytest.mark.parametrize(("given", "count"), [(3, 3), ("2", 2), (MAX_INTERRUPTIONS + 1, None), (-1, None), ({}, None)])
def test_interruptions(given: object, count: int | None) -> None:
    quality = artifact(performanceMetrics={"numUserInterrupted": given, "numAssistantInterrupted": 1})
    assert (quality.user_interruptions, quality.assistant_interruptions) == (count, 1)


# Costs


def test_costs_are_added_up_by_type() -> None:
    parts = [
        *({"type": type_, "cost": 0.01} for type_ in ("transport", "transcriber", "model", "voice", "vapi")),
        *({"type": "analysis", "analysisType": kind, "cost": "0.0002"} for kind in ("summary", "structuredData")),
        {"type": "voicemail-detection", "cost": 0.001},
        {"type": "knowledge-base", "cost": 0},
        {"type": "something-new", "cost": 0.5},
        {"cost": 0.25},
        {"type": "vapi", "cost": "much"},
        "nothing",
    ]
    costs = read(costs=parts, costBreakdown={"llm": 99}).costs
    assert costs == {
        **dict.fromkeys(("transport", "transcriber", "model", "voice", "vapi"), Decimal("0.01")),
        "analysis": Decimal("0.0004"),
        "voicemail_detection": Decimal("0.001"),
        "knowledge_base": 0,
        "other": Decimal("0.75"),
    }
    assert costs.keys() <= set(COST_TYPES)


@pytest.mark.parametrize("parts", [None, [], [{"type": "model"}], "x", [{"type": "model", "cost": 10**6}]], ids=str)
def test_without_parts_that_cost_anything_the_breakdown_counts(parts: object) -> None:
    breakdown = {
        "transport": 0.01,
        "stt": 0.02,
        "llm": 0.03,
        "tts": 0.04,
        "vapi": 0.05,
        "chat": 0.06,
        "voicemailDetectionCost": 0.07,
        "knowledgeBaseCost": 0.08,
        "analysisCostBreakdown": {"summary": 0.001, "structuredOutput": 0.002, "successEvaluation": None},
        "total": 99,
    }
    costs = slimmed(costs=parts, costBreakdown=breakdown).costs
    assert {name: float(cost) for name, cost in costs.items()} == {
        "transport": 0.01,
        "transcriber": 0.02,
        "model": 0.03,
        "voice": 0.04,
        "vapi": 0.05,
        "other": 0.06,
        "voicemail_detection": 0.07,
        "knowledge_base": 0.08,
        "analysis": 0.003,
    }


# Assistants


@pytest.mark.parametrize(
    ("fields", "known"),
    [
        ({"call": {"assistantId": "a-1"}}, ("a-1", None, None)),
        ({"assistant": {"id": "a-2", "name": "Piper"}, "call": {"assistantId": "a-1"}}, ("a-2", "Piper", None)),
        ({"assistant": {"id": "a-2"}, "assistantVersion": 4}, ("a-2", None, "4")),
        (
            {
                "assistant": {"id": "last", "name": "Last"},
                "assistantVersion": "9",
                "artifact": {
                    "assistantActivations": [
                        {"assistantId": "first", "assistantName": "First", "assistantVersion": "2"},
                        {"assistantId": "last", "assistantVersion": "9"},
                    ]
                },
            },
            ("first", "First", "2"),
        ),
        (
            {"artifact": {"assistantActivations": [{}, "x", {"assistantName": "First"}]}, "assistant": {"id": "last"}},
            (None, "First", None),
        ),
        (
            {"artifact": {"assistantActivations": [{"assistantName": "First"}]}, "assistantVersion": "9"},
            (None, None, "9"),
        ),
    ],
)
def test_the_assistant_that_began_and_its_version(fields: dict[str, Any], known: tuple[str | None, ...]) -> None:
    quality = slimmed(**fields)
    assert (quality.assistant_id, quality.assistant_name, quality.assistant_version) == known


# Answers


@pytest.mark.parametrize(
    ("outputs", "expected", "lost"),
    [
        ({"1": {"name": "score", "result": 9}, "2": {"name": "feedback", "result": None}}, 2, ["feedback"]),
        ({"1": {"name": "feedback"}}, 1, ["feedback"]),
        ([{"id": "1", "name": "feedback", "result": None}], 1, ["feedback"]),
        ({"1": {"name": "feedback", "result": False}, "2": {"name": "score", "result": ""}}, 2, []),
        ({"1": {"name": "Odette", "nps_score": 9}}, 1, []),  # answers directly below the id
        ({"1": {"nps_score": 9}}, 1, []),
        ({"1": {"name": "feedback", "value": "Fine."}}, 1, []),
        ({"1": None, "2": "x"}, 0, []),
        ("x", 0, []),
    ],
)
def test_an_output_without_a_result_is_an_answer_lost(outputs: object, expected: int, lost: list[str]) -> None:
    quality = slimmed(artifact={"structuredOutputs": outputs})
    assert (quality.outputs_expected, quality.outputs_lost) == (expected, len(lost))
    assert quality.details.get("lost_answers", []) == lost


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ({"type": "minMessages", "minMessages": 4}, ("minMessages", 4, [])),
        ("minMessages", ("minMessages", None, [])),
        ({"type": "endedReason", "notOneOf": ["voicemail"]}, ("endedReason", None, ["voicemail"])),
        (None, (None, None, [])),
        (["x"], (None, None, [])),
        ({"type": 7, "minMessages": "many"}, (None, None, [])),
    ],
)
def test_a_skipped_output_has_the_condition_that_was_not_met(condition: object, told: tuple[object, ...]) -> None:
    skipped = {"1": {"name": "feedback", "unmetCondition": condition}, "2": {"unmetCondition": condition}, "3": 5}
    (answer,) = slimmed(artifact={"skippedStructuredOutputs": skipped}).details["skipped_answers"]
    assert (answer["name"], answer["condition"], answer["limit"], answer["reasons"]) == ("feedback", *told)


@pytest.mark.parametrize(
    ("given", "kept"),
    [("Good", "Good"), (True, "true"), (8, "8"), (" ", None), ({}, None), ("x" * 500, "x" * 199 + ELLIPSIS)],
)
def test_the_success_evaluation_is_a_text(given: object, kept: str | None) -> None:
    assert read(analysis={"successEvaluation": given}).success_evaluation == kept


# Consent and the end


@pytest.mark.parametrize(
    ("granted_at", "is_granted"), [("2026-07-11T01:00:20Z", True), ("2026-07-12T01:00:00Z", False), (None, False)]
)
def test_consent_without_a_time_that_has_been_is_not_granted(granted_at: str | None, is_granted: bool) -> None:
    quality = read(compliance={"recordingConsent": {"type": "verbal", "grantedAt": granted_at}})
    assert (quality.consent_type, quality.consent_granted_at is not None) == ("verbal", is_granted)


def test_an_ended_message_has_a_bound() -> None:
    kept = read(endedMessage="No route. " * 500).ended_message
    assert kept is not None
    assert (len(kept), kept[-1]) == (MAX_ENDED_MESSAGE_CHARACTERS, ELLIPSIS)


def test_lists_have_bounds() -> None:
    quality = artifact(
        transfers=[{"status": "busy"}] * 500,
        skippedStructuredOutputs=[{"name": "feedback"}] * 500,
        structuredOutputs=[{"name": "feedback", "result": None}] * 500,
        scorecards=[{"score": 1}] * 500,
        assistantActivations=[{"assistantName": "Piper"}] * 500,
    )
    assert {name: len(items) for name, items in quality.details.items()} == dict.fromkeys(
        ("lost_answers", "skipped_answers", "transfers", "scorecards", "activations"), MAX_PARTS
    )
    assert quality.outputs_lost == 500


FIELDS: Final = (
    *("artifact", "analysis", "compliance", "assistant", "assistantVersion", "campaignId", "endedMessage"),
    *("costs", "costBreakdown", "call"),
)
ARTIFACT_FIELDS: Final = (
    *("performanceMetrics", "transfers", "skippedStructuredOutputs", "scorecards", "assistantActivations"),
    "structuredOutputs",
)


@given(
    st.dictionaries(st.sampled_from(FIELDS), JSON)
    | st.builds(lambda given: {"artifact": given}, st.dictionaries(st.sampled_from(ARTIFACT_FIELDS), JSON))
)
def test_nothing_that_a_report_may_hold_is_an_error(fields: dict[str, Any]) -> None:
    read(**fields)
    quality = slimmed(**fields)
    assert len(json.dumps(dict(quality.details), allow_nan=False)) < 200_000


LABELS: Final = ("endedMessage", "campaignId", "assistantVersion")
"""Fields that are as good with any text as with another."""


@pytest.mark.parametrize("bad", [None, [], "x", 5, True, {"a": {}}], ids=repr)
@pytest.mark.parametrize("name", [*FIELDS, *ARTIFACT_FIELDS])
def test_a_bad_field_costs_that_field_only(name: str, bad: object) -> None:
    message = samples.report(2)["message"]
    holder = message["artifact"] if name in ARTIFACT_FIELDS else message
    spoilt, without = holder | {name: bad}, {key: value for key, value in holder.items() if key != name}
    if name in LABELS and isinstance(bad, str | int):
        return
    if name in ARTIFACT_FIELDS:
        spoilt, without = (message | {"artifact": artifact} for artifact in (spoilt, without))
    expected = slimmed(**without)
    if name == "structuredOutputs" and bad == {"a": {}}:
        expected = replace(expected, outputs_expected=1)
    assert slimmed(**spoilt) == expected
