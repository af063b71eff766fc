"""Fixtures that all tests share: a real Postgres with the migrations' schema, and the deployed local stack.

The URLs are the owner's; the functions under test connect as the roles that the migrations grant privileges to.

The stack is the real template on the emulator, with a directory and ports for the tests; `tests/e2e` and
`tests/browser` share it.

Property tests use the same examples in every run, so that a failure is due to a change and not to chance; `pytest
tests/unit tests/property --hypothesis-profile=deep` searches with new examples for an hour.
"""

import functools
import gc
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import botocore.session
import pytest
from botocore.loaders import create_loader
from hypothesis import HealthCheck, settings

from autopulse.db.migration import upgrade
from autopulse.db.privileges import FunctionsRole
from local import ports, stack
from local.postgres import CALLER, ERASER, FUNCTIONS, READER, WRITER, PostgresServer
from local.processes import find_marked
from local.running import read_stack
from local.stack_paths import PROJECT, StackPaths
from tests.deployed import DeployedStack
from tests.server_directories import server_directory

TEMPLATE = "migrated"
COLLECT_AFTER = 100_000
"""The number of new objects after which the garbage collector runs; Python's default is 700."""
ROLES = (
    FunctionsRole(FUNCTIONS, by_iam=False),
    FunctionsRole(READER, by_iam=False, only_reads=True),
    FunctionsRole(WRITER, by_iam=False, writes_follow_ups=True),
    FunctionsRole(CALLER, by_iam=False, answers_callers=True),
    FunctionsRole(ERASER, by_iam=False, erases=True),
)

settings.register_profile(
    "repeatable",
    derandomize=True,
    max_examples=100,
    # Neither the time of an example nor the share of discarded examples indicates a fault in the code.
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)
settings.register_profile("quick", settings.get_profile("repeatable"), max_examples=10)
settings.register_profile("deep", settings.get_profile("repeatable"), derandomize=False, max_examples=5_000)
settings.load_profile("repeatable")


class _FailuresAtOnce:
    """Prints each failure at once, for those who watch several runs (`local/test.sh`)."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        if report.failed and terminal is not None:
            terminal.ensure_newline()
            terminal.write_line(f"FAILED {report.nodeid}")
            terminal.write_line(report.longreprtext)


def pytest_configure(config: pytest.Config) -> None:
    if "TEST_RUN" in os.environ:
        config.pluginmanager.register(_FailuresAtOnce(config))


def pytest_collection_finish() -> None:
    """Spare the garbage collector what lives as long as the run: every module, every collected test.

    It would search them again and again, which was a fifth of the processor time of the tests.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, 20, 20)


@pytest.fixture(autouse=True, scope="session")
def _descriptions_of_services() -> Iterator[None]:
    """Share boto3's service models between sessions, because each takes a tenth of a second to load.

    moto creates a session for every account in memory.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", functools.cache(create_loader))
        yield


@dataclass(frozen=True)
class DatabaseServer:
    """The tests' Postgres server; tests that restart or kill it use these functions."""

    postgres: PostgresServer
    port: int

    def url(self, database: str) -> str:
        return self.postgres.database_url(database, self.port)

    def create(self, template: str | None = None) -> str:
        """Create a database with a unique name, empty or as a copy of `template`; returns its URL."""
        name = f"test_{uuid.uuid4().hex}"
        self.postgres.create_database(name, self.port, template)
        return self.url(name)

    def drop(self, url: str) -> None:
        self.postgres.drop_database(url.rpartition("/")[2], self.port)


@pytest.fixture(scope="session")
def database_server() -> Iterator[DatabaseServer]:
    with server_directory() as directory:
        # Without autovacuum nothing is written that the tests do not write.
        postgres = PostgresServer(directory, durable=False, settings=("autovacuum=off",))
        server = DatabaseServer(postgres, ports.find_any())
        try:
            server.postgres.start(server.port)
            yield server
        finally:
            server.postgres.remove()


@pytest.fixture(scope="session")
def migrated_template(database_server: DatabaseServer) -> str:
    """Return the name of a database with the newest schema and no rows, to copy."""
    database_server.postgres.create_database(TEMPLATE, database_server.port)
    upgrade(database_server.url(TEMPLATE), *ROLES)
    return TEMPLATE


@pytest.fixture
def database_url(database_server: DatabaseServer, migrated_template: str) -> Iterator[str]:
    """Return the URL of a new database with the newest schema, for one test."""
    url = database_server.create(migrated_template)
    yield url
    database_server.drop(url)


@pytest.fixture(scope="module")
def module_database_url(database_server: DatabaseServer, migrated_template: str) -> Iterator[str]:
    """Return the URL of a new database with the newest schema, for all tests of a module."""
    url = database_server.create(migrated_template)
    yield url
    database_server.drop(url)


@pytest.fixture
def empty_database_url(database_server: DatabaseServer) -> Iterator[str]:
    """Return the URL of a database without tables, for tests of the migrations."""
    url = database_server.create()
    yield url
    database_server.drop(url)


@pytest.fixture(scope="session")
def paths() -> Iterator[StackPaths]:
    # Each run has a stack of its own, so that concurrent runs (`local/test.sh`) do not share one.
    name = f"e2e-{os.environ.get('TEST_RUN', 'main')}"
    paths = StackPaths(PROJECT / ".local" / name, ports.find_any(), ports.find_any(), "", ports.find_any())
    stack.clean(paths)  # an interrupted run may have left files
    yield paths
    stack.down(paths)
    for part in ("emulator", "vapi_api"):
        assert find_marked(str(paths.state / part)) == []
    assert stack.database_server(paths).find() is None
    stack.database_server(paths).remove()  # the logs stay, to find out why a test failed


@pytest.fixture(scope="session")
def _up(paths: StackPaths) -> None:
    stack.up(paths)


@pytest.fixture
def deployed(paths: StackPaths, _up: None) -> DeployedStack:
    # It is read again for each test, because a restart of the emulator changes the stack's URLs.
    deployed = DeployedStack(paths, read_stack(paths))
    deployed.stop_schedules()
    return deployed
