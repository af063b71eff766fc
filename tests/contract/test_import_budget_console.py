"""The console's function is the first thing that a reader waits for: it starts with the standard library alone."""

import json

from tests.contract.test_import_budget_verifier import run, seconds_of

DOOR = "import functions.console.app"
FLOOR = "import boto3"
LIMIT = 0.8
ROUNDS = 5
FORBIDDEN = {"alembic", "aws_lambda_powertools", "boto3", "botocore", "jwt", "pg8000", "pydantic", "sqlalchemy"}


def test_the_door_opens_before_an_aws_client_would_be_there() -> None:
    """The minima of interleaved runs: what else the machine does can only add."""
    pairs = [(seconds_of(DOOR), seconds_of(FLOOR)) for _ in range(ROUNDS)]
    door, floor = (min(times) for times in zip(*pairs, strict=True))
    assert door <= LIMIT * floor, f"{door * 1000:.0f} ms against {floor * 1000:.0f} ms"


def test_the_door_imports_the_standard_library_alone() -> None:
    modules = set(json.loads(run(f"import json, sys; {DOOR}; print(json.dumps([*sys.modules]))")))
    assert {name.partition(".")[0] for name in modules} & FORBIDDEN == set()
