"""How fast a consumer starts, and what it must not import: a burst of calls starts many of them at once."""

import json
import os
import statistics
import subprocess
import sys

import pytest

from autopulse.consumers.registry import REGISTRY
from tests.contract.stack import ROOT

FLOOR = "import sqlalchemy.orm, pg8000; from pydantic import BaseModel"
LIMIT = 1.4
ROUNDS = 5
MORE_ROUNDS = 15
FORBIDDEN = {"alembic", "boto3", "requests"}
"""boto3 is 0.2 s that only a connection, a notice or a failure needs: it is imported when one comes."""
DOORS = {kind: f"import functions.{kind}.app" for kind in REGISTRY}


def _run(code: str) -> str:
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'shared'}"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stderr == ""
    return done.stdout


def _seconds_of(code: str) -> float:
    """Processor time of the import: what else the machine does counts little in it."""
    return float(_run(f"import time; t = time.process_time(); {code}; print(time.process_time() - t)"))


def _ratio(door: str, rounds: int) -> float:
    """The median of interleaved pairs."""
    return statistics.median(_seconds_of(door) / _seconds_of(FLOOR) for _ in range(rounds))


def test_the_heaviest_door_opens_nearly_as_fast_as_what_it_cannot_do_without() -> None:
    door = DOORS["end_of_call_report"]
    _run(f"{door}; {FLOOR}")  # compiles what is not yet compiled
    ratio = _ratio(door, ROUNDS)
    if ratio > LIMIT:  # a busy machine has one more chance
        ratio = _ratio(door, MORE_ROUNDS)
    assert ratio <= LIMIT


@pytest.mark.parametrize("kind", DOORS)
def test_a_door_imports_nothing_that_it_may_never_need(kind: str) -> None:
    modules = json.loads(_run(f"import json, sys; {DOORS[kind]}; print(json.dumps([*sys.modules]))"))
    packages = {name.partition(".")[0] for name in modules}
    assert packages & FORBIDDEN == set()
    assert {name for name in modules if name.startswith("botocore.")} == set()  # Powertools imports the bare package
    assert {"sqlalchemy", "pg8000", "pydantic"} <= packages


def test_a_door_connects_to_nothing_when_it_is_imported() -> None:
    code = f"""
import socket
def refuse(*arguments): raise AssertionError("a socket")
socket.socket.connect = refuse
{"; ".join(DOORS.values())}
from autopulse.db.engine import engine
from autopulse.consumers import clients
print(engine.cache_info().currsize, clients.sqs.cache_info().currsize)
"""
    assert _run(code) == "0 0\n"
