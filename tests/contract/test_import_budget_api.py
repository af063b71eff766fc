"""Check what the read API and its authorizer import, and that they do nothing before they are asked."""

from tests.contract.test_import_budget_verifier import modules_of, run

HANDLER = "import functions.api.app"
LIBRARIES = (
    "import sqlalchemy, pg8000, pydantic;"
    " from aws_lambda_powertools.event_handler import APIGatewayRestResolver;"
    " from aws_lambda_powertools.event_handler.openapi import params;"
    " from aws_lambda_powertools import Logger, Metrics"
)
AUTHORIZER = "import functions.authorizer.app"
AUTHORIZER_LIBRARIES = (
    "import jwt, cryptography.hazmat.primitives.asymmetric.rsa; from aws_lambda_powertools import Logger, Metrics"
)
OF_OUR_OWN = 1.2
"""Modules beside those of the libraries, as a ratio."""


def test_the_api_imports_few_modules_beside_those_of_its_libraries() -> None:
    modules = modules_of(HANDLER)
    assert len(modules) <= OF_OUR_OWN * len(modules_of(LIBRARIES))
    assert {name for name in modules if name.startswith("sqlalchemy.orm")} == set()


def test_the_authorizer_imports_few_modules_beside_those_of_its_libraries() -> None:
    assert len(modules_of(AUTHORIZER)) <= OF_OUR_OWN * len(modules_of(AUTHORIZER_LIBRARIES))


def test_the_authorizer_imports_nothing_of_the_database_and_no_boto3() -> None:
    modules = modules_of(AUTHORIZER)
    assert {name.partition(".")[0] for name in modules} & {"sqlalchemy", "pg8000", "pydantic", "boto3"} == set()


def test_the_api_connects_to_nothing_before_it_is_asked() -> None:
    assert run(f"{HANDLER}; print(vars(functions.api.app.SERVICES))") == "{}\n"
    assert "boto3" not in modules_of(HANDLER)
