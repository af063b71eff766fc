"""What a call costs is measured by playing it, in a process of its own: stand-ins take the place of AWS in it."""

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from local.cost.__main__ import read_measured
from local.cost.measure import Measured
from tests.contract.stack import ROOT

if TYPE_CHECKING:
    from pathlib import Path

CALLS = 2


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    file: Path = tmp_path_factory.mktemp("cost") / "measured.json"
    command = [sys.executable, "-m", "local.cost", "--measure", "--calls", str(CALLS), "--file", str(file)]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "shared"), "AWS_DEFAULT_REGION": "us-east-1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 1, done.stderr  # the documents show other figures than these
    assert "Older tables in architecture.md, cost.md" in done.stdout
    return read_measured(file)


@pytest.mark.parametrize("sort", ["any", "long"])
def test_every_record_is_an_invocation_when_it_comes_alone(measured: Measured, sort: str) -> None:
    functions = measured.alone[sort].functions
    consumed = sum(figures.per_call for name, figures in functions.items() if name not in {"verifier", "broadcaster"})
    assert functions["verifier"].per_call == pytest.approx(consumed)


def test_ten_records_share_an_invocation(measured: Measured) -> None:
    alone, batched = measured.alone["long"].functions, measured.batched["long"].functions
    assert alone["conversation_update"].per_call == 40
    assert batched["conversation_update"].per_call == 4
    assert batched["verifier"].per_call == alone["verifier"].per_call == 83


def test_everything_that_is_billed_was_seen(measured: Measured) -> None:
    for played in (*measured.alone.values(), *measured.batched.values()):
        assert played.notices_per_call >= played.put_events_per_call > 0
        assert 200 < played.notice_bytes < 2_000
        assert 200 < played.push_bytes < 2_000
        assert played.wal_bytes_per_call > played.stored_bytes_per_call * 0.1
        assert all(figures.milliseconds > 0 for figures in played.functions.values())
        assert all(figures.log_bytes > 100 for figures in played.functions.values())
    assert measured.series > 10
    assert measured.alone["long"].stored_bytes_per_call + measured.batched["long"].stored_bytes_per_call > 0
