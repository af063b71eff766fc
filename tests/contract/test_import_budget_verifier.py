"""How fast the verifier starts, and what it must never import: its cold start is on the way of every call."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOOR = "import functions.verifier.app"
FLOOR = "import boto3; boto3.client('sqs')"
LIMIT = 1.4
ROUNDS = 7
FORBIDDEN = {"alembic", "fastapi", "pg8000", "pydantic", "requests", "sqlalchemy"}


def run(code: str) -> str:
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'shared'}", "AWS_DEFAULT_REGION": "us-west-2"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stderr == ""
    return done.stdout


def seconds_of(code: str) -> float:
    """Of the processor: what else runs on the machine does not count."""
    return float(run(f"import time; t = time.process_time(); {code}; print(time.process_time() - t)"))


def test_the_door_opens_nearly_as_fast_as_an_sqs_client() -> None:
    """The minima of interleaved runs: what else the machine does can only add."""
    pairs = [(seconds_of(DOOR), seconds_of(FLOOR)) for _ in range(ROUNDS)]
    door, floor = (min(times) for times in zip(*pairs, strict=True))
    assert door <= LIMIT * floor, f"{door * 1000:.0f} ms against {floor * 1000:.0f} ms"


def test_the_door_imports_nothing_of_the_database() -> None:
    modules = set(json.loads(run(f"import json, sys; {DOOR}; print(json.dumps([*sys.modules]))")))
    assert "boto3" in modules
    assert {name.partition(".")[0] for name in modules} & FORBIDDEN == set()


def test_the_door_does_nothing_but_import() -> None:
    assert run(f"{DOOR}; import boto3; print(boto3.DEFAULT_SESSION)") == "None\n"
