"""The console's function is the first thing that a reader waits for: it starts with the standard library alone."""

from tests.contract.test_import_budget_verifier import modules_of

FORBIDDEN = {"alembic", "aws_lambda_powertools", "boto3", "botocore", "jwt", "pg8000", "pydantic", "sqlalchemy"}


def test_the_console_imports_the_standard_library_alone() -> None:
    modules = modules_of("import functions.console.app")
    assert {name.partition(".")[0] for name in modules} & FORBIDDEN == set()
