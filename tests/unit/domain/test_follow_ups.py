"""Which reports call for a follow-up, and what may be done with one."""

import json
from datetime import datetime, timezone
from typing import Any

import pytest

from autopulse.domain.facts import Precedence, ReportFacts
from autopulse.domain.feedback import Feedback
from autopulse.domain.follow_ups import (
    TRANSITIONS,
    FollowUpRules,
    State,
    Trigger,
    asks_for_callback,
    trigger_of,
)

AT = datetime(2026, 7, 1, tzinfo=timezone.utc)


def _report(
    score: int | None = None, data: dict[str, Any] | None = None, action_items: str | None = None
) -> ReportFacts:
    feedback = Feedback("Fine", None, None, action_items, data) if data or action_items else None
    return ReportFacts(Precedence(True, True, True, AT, "event"), nps_score=score, feedback=feedback)


@pytest.mark.parametrize(("score", "expected"), [(0, Trigger.SCORE), (6, Trigger.SCORE), (7, None), (None, None)])
def test_a_score_up_to_the_threshold_opens_one(score: int | None, expected: Trigger | None) -> None:
    assert trigger_of(_report(score), FollowUpRules()) is expected


def test_the_threshold_is_the_stacks() -> None:
    assert trigger_of(_report(3), FollowUpRules(score=2)) is None
    assert trigger_of(_report(0), FollowUpRules(score=-1)) is None


def test_no_report_opens_none() -> None:
    assert trigger_of(None, FollowUpRules()) is None


def test_action_items_open_one_only_if_the_stack_is_told_so() -> None:
    report = _report(9, action_items="Send the invoice.")
    assert trigger_of(report, FollowUpRules()) is None
    assert trigger_of(report, FollowUpRules(action_items=True)) is Trigger.ACTION_ITEM


def test_the_strongest_reason_is_the_trigger() -> None:
    rules, data = FollowUpRules(action_items=True), {"callback_requested": True}
    assert trigger_of(_report(3, data, "Call"), rules) is Trigger.SCORE
    assert trigger_of(_report(9, data, "Call"), rules) is Trigger.CALLBACK_REQUESTED


@pytest.mark.parametrize(
    "data",
    [
        {"callback_requested": True},
        {"Callback requested?": "Yes, tomorrow."},
        {"structuredOutputs": {"1": {"name": "callback_requested", "result": True}}},
        {"structuredOutputs": {"1": {"name": "Answers", "result": {"wants_a_callback": "true"}}}},
        {"structuredOutputs": {"1": {"name": "Answers", "result": json.dumps({"call_back": True})}}},
        {"structuredDataMulti": [{"plan": {"structuredData": {"needs_callback": {"value": True}}}}]},
    ],
)
def test_a_callback_is_asked_for_in_any_shape(data: dict[str, Any]) -> None:
    assert asks_for_callback(data)


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        {"callback_requested": False},
        {"callback_requested": "No"},
        {"callback_requested": ""},
        {"callback_requested": "Yesterday, they did."},
        {"callback_requested": "trueish"},
        {"callback_time": "yes"},
        {"structuredOutputs": {"1": {"name": "callback_requested", "result": None}}},
        {"structuredOutputs": {"1": {"name": "nps_score", "result": True}}},
    ],
)
def test_anything_else_asks_for_none(data: dict[str, Any] | None) -> None:
    assert not asks_for_callback(data)


def test_a_deep_answer_is_not_followed_for_ever() -> None:
    data: dict[str, Any] = {"callback_requested": True}
    for _ in range(5_000):
        data = {"deeper": data}
    assert not asks_for_callback(data)


def test_every_state_has_transitions_and_none_leads_to_itself() -> None:
    assert set(TRANSITIONS) == set(State)
    assert all(state not in others for state, others in TRANSITIONS.items())
    assert TRANSITIONS[State.RESOLVED] == TRANSITIONS[State.DISMISSED] == {State.OPEN}
