"""Check what keeps the console alive on a developer's machine: live calls, and `make run` around them."""

import os
import signal
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from random import Random
from typing import TYPE_CHECKING, Final

import pytest

from local.simulator.live_calls import Player, Program, Sender, WallClock, make_player, play, simulate_live
from local.stack_paths import PROJECT, LocalStackError
from tests.deployed import DeployedStack, wait_for

if TYPE_CHECKING:
    from local.simulator.scenario import CallScript

SPEED: Final = 30
START_SECONDS: Final = 120


class _Interrupted:
    """Time that passes at once where somebody waits, until somebody presses Ctrl-C after a while."""

    def __init__(self, seconds: float) -> None:
        self._now = datetime.now(timezone.utc) - timedelta(minutes=10)
        self._ends = self._now + timedelta(seconds=seconds)

    def now(self) -> datetime:
        return self._now

    def wait_until(self, moment: datetime) -> None:
        self._now = max(self._now, min(moment, self._ends))
        if moment > self._ends:
            raise KeyboardInterrupt


def test_live_calls_are_stored_as_they_happened(deployed: DeployedStack, capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate_live(deployed.stack, Program(2, seed=11, speed=SPEED)) == 0
    printed = capsys.readouterr().out
    assert "SEED=11" in printed
    assert printed.count("ended:") == 2
    assert "All stored, all 2 calls" in printed


def test_interrupting_the_simulator_ends_its_calls(deployed: DeployedStack) -> None:
    placed: list[CallScript] = []
    sender = Sender(deployed.stack)
    player = make_player(deployed.stack, Program(speed=3), Random(3), sender, lambda script, _: placed.append(script))
    player.clock = _Interrupted(8)
    play(deployed.stack, player, sender)
    sender.close()
    ids = [script.call_id for script in placed]
    rows = deployed.rows("SELECT status, outcome FROM call WHERE id = ANY(:ids)", ids=ids)
    assert rows
    assert {row["status"] for row in rows} == {"Completed"}
    assert "cancelled" in {row["outcome"] for row in rows}


def test_a_stack_that_is_gone_is_said(deployed: DeployedStack) -> None:
    sender = Sender({**deployed.stack, "webhook_url": f"{deployed.stack['webhook_url']}/nowhere"})
    player = Player(Program(3, speed=SPEED), Random(1), WallClock(), lambda draft: draft, sender.post)
    with pytest.raises(LocalStackError, match="does not take webhooks"):
        play(deployed.stack, player, sender)
    sender.close()


def test_make_run_ends_with_the_link_and_calls_and_leaves_a_stack_that_was_up(deployed: DeployedStack) -> None:
    paths, before = deployed.paths, _calls_under_way(deployed)
    environment = os.environ | {"LOCAL_DIR": str(paths.state), "PYTHONPATH": "shared", "PYTHONUNBUFFERED": "1"}
    log = paths.state / "run.log"
    with log.open("w") as output:
        running = subprocess.Popen(
            [sys.executable, "-m", "local", "run"], cwd=PROJECT, env=environment, stdout=output, stderr=output
        )
    try:
        wait_for(lambda: "Running" in log.read_text() or running.poll() is not None, "the end", START_SECONDS)
        wait_for(lambda: _calls_under_way(deployed) > before, "a live call")
    finally:
        running.send_signal(signal.SIGINT)
        status = running.wait(60)
    printed = log.read_text()
    assert status == 0, printed
    assert "Traceback" not in printed
    order = [
        "calls of the last weeks",
        "A simulated call",
        "transcript",
        "Webhook",
        "make link",
        "Hanging up",
        "stays up",
    ]
    assert [part for part in order if part in printed] == order
    assert sorted(order, key=printed.index) == order
    assert "#token=" not in printed
    assert _calls_under_way(deployed) == before


def _calls_under_way(deployed: DeployedStack) -> int:
    return int(deployed.rows("SELECT count(*) AS n FROM call WHERE status <> 'Completed'")[0]["n"])
