import json
from datetime import datetime, timezone
from random import Random

import pytest

from autopulse.domain.outcome import Outcome, outcome_of
from autopulse.vapi.ended_reasons import family_of
from autopulse.vapi.envelope import envelope_from
from autopulse.vapi.routes import kind_of
from local.simulator.expected_rows import truth_of
from local.simulator.scenario import CONNECTED, DECLINED, ENDED_REASONS, CallScript, write_script
from local.simulator.webhook_factory import CANARY, ESSENTIAL_TYPES, EVERY_TYPE, Body, size, webhooks

CREATED = datetime(2026, 11, 2, 15, tzinfo=timezone.utc)
OUTCOMES = sorted(ENDED_REASONS)


def _script(seed: int = 1, outcome: str | None = None, *, stalls: bool | None = None) -> CallScript:
    random = Random(seed)
    return write_script(random, 15, CREATED, outcome=outcome, stalls=stalls)


def _bodies(script: CallScript) -> list[Body]:
    return [body for _, body in webhooks(script)]


def test_the_same_seed_makes_the_same_webhooks() -> None:
    assert webhooks(_script(7)) == webhooks(_script(7))
    assert webhooks(_script(7)) != webhooks(_script(8))


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_call_begins_in_progress_if_answered_and_ends_with_its_report(outcome: str) -> None:
    messages = [body["message"] for body in _bodies(_script(outcome=outcome))]
    assert (messages[0].get("status") == "in-progress") == (outcome in CONNECTED)
    assert [message["type"] for message in messages[-2:]] == ["status-update", "end-of-call-report"]
    assert {message["endedReason"] for message in messages[-2:]} <= set(ENDED_REASONS[outcome])


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_the_invented_reasons_mean_their_outcome(outcome: str) -> None:
    human = any(turn.role == "user" for turn in _script(outcome=outcome).turns)
    families = {family_of(reason) for reason in ENDED_REASONS[outcome]}
    outcomes = {outcome_of(family, reported=True, scored=False, human=human) for family in families}
    assert outcomes == {Outcome(outcome)}


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_delays_grow_and_agree_with_the_senders_times(outcome: str) -> None:
    posts = webhooks(_script(outcome=outcome))
    delays = [delay for delay, _ in posts]
    assert delays == sorted(delays)
    assert delays[0] > 0
    assert all(body["message"]["timestamp"] == round((CREATED.timestamp() + delay) * 1000) for delay, body in posts)


def test_a_stall_is_one_hang_in_the_middle_of_the_call() -> None:
    types = [body["message"]["type"] for body in _bodies(_script(outcome="reached", stalls=True))]
    assert types.count("hang") == 1
    assert types.index("hang") < types.index("end-of-call-report") - 3
    assert "hang" not in [body["message"]["type"] for body in _bodies(_script(outcome="reached", stalls=False))]


def test_only_the_wanted_types_are_made() -> None:
    script = _script(outcome="reached", stalls=True)
    assert {body["message"]["type"] for _, body in webhooks(script, ESSENTIAL_TYPES)} == ESSENTIAL_TYPES
    assert {body["message"]["type"] for body in _bodies(script)} == EVERY_TYPE


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_bodies_are_as_large_as_recorded_ones(outcome: str) -> None:
    for body in _bodies(_script(outcome=outcome)):
        low, high = (28_000, 60_000) if body["message"]["type"] == "end-of-call-report" else (18_000, 45_000)
        assert low < size(body) < high


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_every_body_has_secrets_and_no_envelope_has_any(outcome: str) -> None:
    for body in _bodies(_script(outcome=outcome)):
        assert CANARY in json.dumps(body)
        kind = kind_of(body["message"])
        if kind:
            assert CANARY not in envelope_from(kind, body["message"], CREATED, None).to_json()


def test_the_truth_of_a_call_follows_from_its_script() -> None:
    script = _script(outcome="reached", stalls=True)
    truth = truth_of(script)
    assert (truth.status, truth.outcome, truth.record_status, truth.stalls) == ("Completed", "reached", "Completed", 1)
    assert len(truth.turns) == len(script.turns)
    assert script.feedback is not None
    assert (truth.nps_score, truth.feedback) == (script.feedback.score, (script.feedback.overall,))


@pytest.mark.parametrize("outcome", ["busy", "no_answer"])
def test_a_call_that_nobody_answered_has_no_start_no_turn_and_no_feedback(outcome: str) -> None:
    truth = truth_of(_script(outcome=outcome))
    assert (truth.start_time, truth.duration_sec, truth.turns, truth.feedback) == (None, None, (), ())
    assert truth.record_status == "Missed"


def test_somebody_who_has_no_time_is_reached_and_gives_no_score() -> None:
    script = _script(outcome=DECLINED)
    truth = truth_of(script)
    assert (truth.outcome, truth.nps_score, truth.stalls) == ("reached", None, 0)
    assert truth.feedback == ("The customer had no time and asked for another call.",)
    assert [turn.role for turn in script.turns] == ["bot", "user", "bot"]
