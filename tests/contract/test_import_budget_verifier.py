"""Check what the verifier imports: its cold start is on the way of every call.

`make bench` says what it costs in time.
"""

import functools
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HANDLER = "import functions.verifier.app"
CLIENT = "import boto3; boto3.client('sqs')"
FORBIDDEN = {"alembic", "boto3", "fastapi", "pg8000", "pydantic", "requests", "s3transfer", "sqlalchemy"}
FORBIDDEN_OF_BOTOCORE = {"args", "client", "docs", "endpoint_provider", "paginate", "session", "signers", "waiter"}
"""What a client is built of, and a call does not need."""
OF_OUR_OWN = 1.1
"""Modules beside those of botocore's parts and of Powertools' logger and metrics, as a ratio."""


def run(code: str) -> str:
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'shared'}", "AWS_DEFAULT_REGION": "us-west-2"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stderr == ""
    return done.stdout


@functools.cache
def modules_of(code: str) -> frozenset[str]:
    """Return what is imported when the code has run; several tests ask about the same code."""
    return frozenset(json.loads(run(f"import json, sys\n{code}\nprint(json.dumps([*sys.modules]))")))


def test_the_verifier_imports_nothing_of_the_database_and_no_boto3() -> None:
    assert {name.partition(".")[0] for name in modules_of(HANDLER)} & FORBIDDEN == set()


def test_the_verifier_imports_what_a_call_needs_of_botocore_and_no_client() -> None:
    modules = modules_of(HANDLER)
    assert {"botocore.auth", "botocore.httpsession"} <= modules
    assert {f"botocore.{name}" for name in FORBIDDEN_OF_BOTOCORE} & modules == set()


def test_the_verifier_imports_less_than_an_sqs_client_and_few_modules_of_its_own() -> None:
    libraries = (
        "import botocore.auth, botocore.credentials, botocore.httpsession\n"
        "from aws_lambda_powertools import Logger\nfrom aws_lambda_powertools.metrics import EphemeralMetrics"
    )
    modules = modules_of(HANDLER)
    assert len(modules) < len(modules_of(CLIENT))
    assert len(modules) <= OF_OUR_OWN * len(modules_of(libraries))


def test_the_verifier_does_nothing_but_import() -> None:
    kept = "from autopulse import aws; from functions.verifier.app import SERVICES"
    assert run(f"{HANDLER}; {kept}; print(aws.credentials.cache_info().currsize, vars(SERVICES))") == "0 {}\n"
