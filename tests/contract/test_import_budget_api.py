"""How fast the read API starts, and that it does nothing before it is asked."""

from tests.contract.test_import_budget_verifier import run, seconds_of

DOOR = "import functions.api.app"
FLOOR = (
    "import sqlalchemy.orm, pg8000, pydantic;"
    " from aws_lambda_powertools.event_handler import APIGatewayRestResolver;"
    " from aws_lambda_powertools.event_handler.openapi import params;"
    " from aws_lambda_powertools import Logger, Metrics"
)
AUTHORIZER = "import functions.authorizer.app"
AUTHORIZER_FLOOR = (
    "import jwt, cryptography.hazmat.primitives.asymmetric.rsa; from aws_lambda_powertools import Logger, Metrics"
)
LIMIT = 1.4
ROUNDS = 5


def _ratio(door: str, floor: str) -> tuple[float, str]:
    """The minima of interleaved runs: what else the machine does can only add."""
    pairs = [(seconds_of(door), seconds_of(floor)) for _ in range(ROUNDS)]
    fastest, least = (min(times) for times in zip(*pairs, strict=True))
    return fastest / least, f"{fastest * 1000:.0f} ms against {least * 1000:.0f} ms"


def test_the_api_opens_nearly_as_fast_as_its_libraries() -> None:
    ratio, figures = _ratio(DOOR, FLOOR)
    assert ratio <= LIMIT, figures


def test_the_authorizer_opens_nearly_as_fast_as_its_libraries() -> None:
    ratio, figures = _ratio(AUTHORIZER, AUTHORIZER_FLOOR)
    assert ratio <= LIMIT, figures


def test_the_authorizer_imports_nothing_of_the_database_and_no_boto3() -> None:
    modules = set(run(f"import sys; {AUTHORIZER}; print(*sys.modules)").split())
    assert {name.partition(".")[0] for name in modules} & {"sqlalchemy", "pg8000", "pydantic", "boto3"} == set()


def test_the_api_connects_to_nothing_before_it_is_asked() -> None:
    engine = "from autopulse.db.reading.connection import reading_engine"
    assert run(f"{DOOR}; {engine}; print(reading_engine.cache_info().currsize)") == "0\n"
    assert "boto3" not in run(f"import sys; {DOOR}; print(*sys.modules)").split()
