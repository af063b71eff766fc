"""Databases as the application has them."""

from collections.abc import Iterator
from typing import Final

import pytest

from tests.conftest import DatabaseServer
from tests.integration.migrations import application

TEMPLATE: Final = "application"


@pytest.fixture(scope="session")
def application_template(database_server: DatabaseServer) -> str:
    """Return the name of a database as the application has it, to copy."""
    database_server.postgres.create_database(TEMPLATE, database_server.port)
    application.create(database_server.url(TEMPLATE))
    return TEMPLATE


@pytest.fixture
def application_url(database_server: DatabaseServer, application_template: str) -> Iterator[str]:
    url = database_server.create(application_template)
    yield url
    database_server.drop(url)


def next_to_write(url: str) -> object:
    """Return the number of the server's next transaction that writes; if it stays the same, nothing was written.

    This takes a hundredth of the time of two dumps. The tests' server has no autovacuum, whose transactions count too.
    """
    return application.run(url, "SELECT pg_snapshot_xmax(pg_current_snapshot())")
