"""Check how fast a consumer starts, and what it must not import: a burst of calls starts many of them at once."""

import pytest

from autopulse.consumers.registry import REGISTRY
from tests.contract.test_import_budget_verifier import modules_of, run

LIBRARIES = "import sqlalchemy, pg8000; from pydantic import BaseModel; from aws_lambda_powertools import Logger"
OF_OUR_OWN = 1.2
"""Modules beside those of the libraries, as a ratio."""
FORBIDDEN = {"alembic", "boto3", "requests", "statistics"}
HANDLERS = {kind: f"import functions.{kind}.app" for kind in REGISTRY}


@pytest.mark.parametrize("kind", HANDLERS)
def test_a_consumer_imports_few_modules_beside_those_of_its_libraries(kind: str) -> None:
    assert len(modules_of(HANDLERS[kind])) <= OF_OUR_OWN * len(modules_of(LIBRARIES))


@pytest.mark.parametrize("kind", HANDLERS)
def test_a_consumer_imports_nothing_that_it_may_never_need(kind: str) -> None:
    modules = modules_of(HANDLERS[kind])
    packages = {name.partition(".")[0] for name in modules}
    assert packages & FORBIDDEN == set()
    assert {name for name in modules if name.startswith("botocore.")} == set()  # Powertools imports the bare package
    assert {name for name in modules if name.startswith("sqlalchemy.orm")} == set()
    assert {"sqlalchemy", "pg8000", "pydantic"} <= packages


def test_a_consumer_imports_nothing_that_reads_webhooks_for_the_verifier() -> None:
    modules = modules_of(HANDLERS["end_of_call_report"])
    assert {"autopulse.vapi.redaction", "autopulse.vapi.masking", "autopulse.vapi.signature"} & modules == set()


@pytest.mark.parametrize("kind", HANDLERS)
def test_the_garbage_collector_hardly_runs_while_a_consumer_is_imported(kind: str) -> None:
    code = f"""
import gc
def collections(): return sum(generation["collections"] for generation in gc.get_stats())
before = collections()
{HANDLERS[kind]}
print(collections() - before)
"""
    assert int(run(code)) <= 5


def test_a_consumer_connects_to_nothing_when_it_is_imported() -> None:
    code = f"""
import socket
def refuse(*arguments): raise AssertionError("a socket")
socket.socket.connect = refuse
{"; ".join(HANDLERS.values())}
from autopulse.db.engine import engine
from autopulse.consumers import clients
print(engine.cache_info().currsize, clients.sqs.cache_info().currsize)
"""
    assert run(code) == "0 0\n"
