"""The table of figures per kind is measured in a process of its own: stand-ins take the place of AWS in it."""

import json
import os
import subprocess
import sys

from autopulse.vapi.routes import KINDS
from tests.contract.stack import ROOT
from tests.server_directories import parent_of_servers


def test_every_kind_is_measured_and_a_batch_of_ten_takes_as_many_statements_as_one_record() -> None:
    own = {"PYTHONPATH": str(ROOT / "shared"), "AWS_DEFAULT_REGION": "us-east-1", "TMPDIR": str(parent_of_servers())}
    environment = os.environ | own
    command = [sys.executable, "-m", "tests.benchmarks.kinds", "10"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout.splitlines()[-1])
    assert [one["kind"] for one in figures] == list(KINDS)
    for one in figures:
        assert one["statements"]["1"] == one["statements"]["10"] > 0, one["kind"]
        assert one["milliseconds"]["10"] > 0
        assert one["sent_bytes"] > one["queued_bytes"] > 0
    assert {one["kind"]: one["per_call"] for one in figures}["conversation_update"] == 40
    assert {one["kind"]: one["events_per_call"] for one in figures}["end_of_call_report"] > 0
