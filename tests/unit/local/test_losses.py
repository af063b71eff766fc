"""Which webhooks are withheld: the share that is wanted, of all types, and the same ones by the same seed."""

import functools
from collections import Counter
from datetime import datetime, timezone
from random import Random

import pytest

from local.simulator.expected_rows import truth_of
from local.simulator.losses import Losses, no_losses
from local.simulator.scenario import CallScript, write_script
from local.simulator.simulate import PageRequest, arrange
from local.simulator.webhook_factory import EVERY_TYPE, Body, webhooks

CREATED = datetime(2026, 11, 2, 15, tzinfo=timezone.utc)
SCRIPTS = [write_script(Random(seed), seed + 1, CREATED, outcome="reached", stalls=True) for seed in range(20)]


def _bodies(scripts: list[CallScript] = SCRIPTS) -> list[Body]:
    return [body for script in scripts for body in _bodies_of(script.vapi_call_id)]


@functools.cache
def _bodies_of(vapi_call_id: str) -> list[Body]:
    """Written once: a call's bodies take longer to write than to sieve."""
    (script,) = (script for script in SCRIPTS if script.vapi_call_id == vapi_call_id)
    return [body for _, body in webhooks(script)]


def _types(bodies: list[Body]) -> Counter[str]:
    return Counter(body["message"]["type"] for body in bodies)


def _losses(share: float, seed: str = "1") -> Losses:
    return Losses(share, Random(seed))


@pytest.mark.parametrize("share", [0.1, 0.25, 0.3, 0.5, 0.9])
def test_the_share_is_lost_of_every_type(share: float) -> None:
    losses = _losses(share)
    bodies = _bodies()
    kept = losses.sieve(bodies)
    assert len(kept) + len(losses.lost) == len(bodies)
    lost, sent = _types(losses.lost), _types(bodies)
    assert set(lost) == EVERY_TYPE
    for kind, count in sent.items():
        assert abs(lost[kind] - share * count) <= 1 + share * 10 % 1 * count / 10, kind


def test_of_few_calls_some_reports_are_lost() -> None:
    losses = _losses(0.3)
    losses.sieve(_bodies(SCRIPTS[:10]))
    assert _types(losses.lost)["end-of-call-report"] == 3


@pytest.mark.parametrize(("share", "left"), [(0, 1), (1, 0)])
def test_nothing_and_everything(share: float, left: int) -> None:
    assert len(_losses(share).sieve(_bodies())) == left * len(_bodies())


def test_the_same_seed_loses_the_same() -> None:
    assert _losses(0.3).sieve(_bodies()) == _losses(0.3).sieve(_bodies())
    assert _losses(0.3, "1").sieve(_bodies()) != _losses(0.3, "2").sieve(_bodies())


def test_who_loses_nothing_sends_what_was_sent_before_there_were_losses() -> None:
    wanted = PageRequest(len(SCRIPTS), disorder=True, duplicates=True)
    assert arrange(SCRIPTS, Random(1), wanted) == arrange(SCRIPTS, Random(1), wanted, no_losses())


def test_a_webhook_is_lost_with_its_repetitions() -> None:
    losses = _losses(0.5)
    sent = arrange(SCRIPTS, Random(1), PageRequest(len(SCRIPTS), duplicates=True), losses)
    assert losses.lost
    assert [body for body in losses.lost if body in sent] == []


def test_a_lost_stall_is_in_no_record() -> None:
    script = SCRIPTS[0]
    losses = _losses(1)
    losses.sieve(_bodies([script]))
    (known, other) = losses.known([script, SCRIPTS[1]])
    assert (truth_of(script).stalls, truth_of(known).stalls, truth_of(other).stalls) == (1, 0, 1)


def test_calls_are_asked_for_that_lack_what_a_record_tells() -> None:
    losses = no_losses()
    for script, kind in zip(
        SCRIPTS, ("status-update", "end-of-call-report", "conversation-update", "hang"), strict=False
    ):
        losses.lost.extend(body for _, body in webhooks(script, {kind}))
    assert losses.vapi_call_ids == [script.vapi_call_id for script in SCRIPTS[:2]]


def test_what_was_lost_is_said_by_type() -> None:
    losses = no_losses()
    losses.lost.extend(body for _, body in webhooks(SCRIPTS[0], {"status-update", "end-of-call-report"}))
    assert losses.describe() == "1 end-of-call-report, 2 status-update"
