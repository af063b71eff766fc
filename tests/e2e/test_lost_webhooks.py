"""Webhooks are withheld, and the sweep brings back what they said, by asking the stand-in for Vapi's API."""

from collections.abc import Iterator
from random import Random

import pytest

from local.run import show_a_lost_report
from local.simulator.expected_rows import compare
from local.simulator.live_calls import Program, simulate_live
from local.simulator.losses import Losses
from local.simulator.reconciliation import ask_for, bring_back, remember, sweep, wait_until_repaired
from local.simulator.simulate import PageRequest, arrange, place_calls, post_all, simulate, wait_until_received
from local.simulator.webhook_factory import CANARY, ESSENTIAL_TYPES, webhooks
from local.vapi_api.control import Control
from tests.deployed import DeployedStack, wait_for

pytestmark = pytest.mark.usefixtures("no_dead_letters")


@pytest.fixture
def control(deployed: DeployedStack) -> Iterator[Control]:
    control = Control(deployed.stack["vapi_api_url"], deployed.stack["vapi_api_key"])
    control.clear_requests()
    yield control
    control.clear_faults()


def test_a_third_of_all_webhooks_is_withheld_and_all_calls_end_as_they_happened(
    deployed: DeployedStack, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = PageRequest(6, seed=20261130, disorder=True, duplicates=True, types=ESSENTIAL_TYPES, lose=0.3)
    assert simulate(deployed.stack, wanted) == 0
    printed = capsys.readouterr().out
    assert "webhooks were withheld" in printed
    assert "0 calls are not as they happened" not in printed
    assert "calls repaired" in printed
    assert "All stored, all 6 calls as they happened" in printed
    wait_for(lambda: deployed.waiting() == 0, "all queues empty")
    assert not any(deployed.dead_letters().values())


def test_calls_that_were_never_announced_come_back_and_stay(deployed: DeployedStack, control: Control) -> None:
    """Not one webhook arrives; asked for twice nothing changes, and the webhooks that come late change nothing."""
    random = Random(20261131)
    scripts = [
        place_calls(deployed.database_url, random, 1, outcome=each)[0] for each in ("reached", "busy", "voicemail")
    ]
    remember(deployed.stack, scripts)
    losses = Losses(1, Random(1))
    assert arrange(scripts, random, PageRequest(len(scripts), types=ESSENTIAL_TYPES), losses) == []
    known = losses.known(scripts)
    assert bring_back(deployed.stack, known, losses) == []
    uncopied = (
        "SELECT FROM call WHERE id = ANY(:ids) AND recording_url IS NOT NULL"
        " AND NOT EXISTS (SELECT FROM call_recording WHERE call_id = call.id)"
    )
    wait_for(lambda: not deployed.rows(uncopied, ids=[one.call_id for one in scripts]), "the copies of recordings")
    before = deployed.count_rows()
    asked = [one for one in control.requests()["api"] if not one["target"].endswith("-recording")]
    assert {request["target"] for request in asked} >= {f"/call/{script.vapi_call_id}" for script in scripts}
    assert {request["at_once"] for request in asked} == {1}
    assert ask_for(deployed.stack, losses.vapi_call_ids) == len(scripts)
    wait_for(lambda: len(control.requests()["api"]) >= len(asked) + len(scripts), "everything asked for again")
    wait_for(lambda: deployed.waiting() == 0, "all queues empty")
    assert deployed.count_rows() == before
    late = [body for script in scripts for _, body in webhooks(script, ESSENTIAL_TYPES)]
    assert wait_until_received(deployed.database_url, post_all(deployed.stack, late)) == []
    assert list(compare(deployed.database_url, scripts)) == []


def test_a_scheduled_sweep_finds_a_lost_report_by_itself(deployed: DeployedStack) -> None:
    script = place_calls(deployed.database_url, Random(20261134), 1, outcome="reached", stalls=False)[0]
    remember(deployed.stack, [script])
    without_report = [body for _, body in webhooks(script, {"status-update"})]
    assert wait_until_received(deployed.database_url, post_all(deployed.stack, without_report)) == []
    assert list(compare(deployed.database_url, [script])) != []
    assert sweep(deployed.stack, {})["no_report"] >= 1
    assert wait_until_repaired(deployed.database_url, [script], 1) == []


def test_nothing_of_a_record_that_is_not_read_stays(deployed: DeployedStack) -> None:
    """A record has prompts, keys and monitor addresses, all of which are canaries."""
    script = place_calls(deployed.database_url, Random(20261132), 1, outcome="reached")[0]
    remember(deployed.stack, [script])
    losses = Losses(1, Random(1))
    arrange([script], Random(1), PageRequest(1, types=ESSENTIAL_TYPES), losses)
    assert bring_back(deployed.stack, losses.known([script]), losses) == []
    assert [line for line in deployed.log_lines() if CANARY in line] == []
    rows = deployed.rows("SELECT v::text AS facts, c::text AS row FROM vapi_call v JOIN call c ON c.id = v.call_id")
    assert [row for row in rows if CANARY in row["facts"] + row["row"]] == []


def test_live_calls_lose_webhooks_too(deployed: DeployedStack, capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate_live(deployed.stack, Program(2, seed=20261133, speed=60, lose=0.5)) == 0
    assert "webhooks were withheld" in capsys.readouterr().out


def test_make_run_shows_a_lost_report_that_returns(deployed: DeployedStack, capsys: pytest.CaptureFixture[str]) -> None:
    show_a_lost_report(deployed.stack)
    (line,) = capsys.readouterr().out.split("\n\n")[-1].strip().splitlines()
    assert line.startswith("Lost report: call ")
    assert "stayed Ended" in line
    assert ": Completed after" in line
