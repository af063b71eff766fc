"""Fixtures that all tests share: a real Postgres with the migrations' schema, and the deployed local stack.

The URLs are the owner's; the functions under test connect as the roles that the migrations admit.

The stack is the real template on the emulator, in a directory and on ports of the tests' own; `tests/e2e` and
`tests/browser` use the same one.

Property tests try the same examples in every run, so that a test fails for what was changed and not by chance;
`pytest tests/unit tests/property --hypothesis-profile=deep` searches with new ones, for an hour.
"""

import functools
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import botocore.session
import pytest
from botocore.loaders import create_loader
from hypothesis import HealthCheck, settings

from autopulse.db.migration import upgrade
from autopulse.db.privileges import FunctionsRole
from local import ports, stack
from local.postgres import CALLER, ERASER, FUNCTIONS, READER, WRITER, PostgresServer
from local.processes import find_marked
from local.stack_paths import PROJECT, StackPaths
from tests.deployed import DeployedStack

TEMPLATE = "migrated"
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
    # Neither the time that an example takes nor the share of examples that are thrown away says that the code is wrong.
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)
settings.register_profile("quick", settings.get_profile("repeatable"), max_examples=10)
settings.register_profile("deep", settings.get_profile("repeatable"), derandomize=False, max_examples=5_000)
settings.load_profile("repeatable")


class _FailuresAtOnce:
    """Prints a failure when it happens, as those want it who watch several runs at once (`local/test.sh`)."""

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


@pytest.fixture(autouse=True, scope="session")
def _descriptions_of_services() -> Iterator[None]:
    """Let boto3's sessions share what they read: a description of a service takes each a tenth of a second.

    moto begins a session for every account in memory.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", functools.cache(create_loader))
        yield


@dataclass(frozen=True)
class DatabaseServer:
    """The tests' server; tests that restart or kill it use these."""

    postgres: PostgresServer
    port: int

    def url(self, database: str) -> str:
        return self.postgres.database_url(database, self.port)

    def create(self, template: str | None = None) -> str:
        """Create a database of its own name, empty or a copy of `template`; its URL."""
        name = f"test_{uuid.uuid4().hex}"
        self.postgres.create_database(name, self.port, template)
        return self.url(name)

    def drop(self, url: str) -> None:
        self.postgres.drop_database(url.rpartition("/")[2], self.port)


@pytest.fixture(scope="session")
def database_server() -> Iterator[DatabaseServer]:
    # Not pytest's own temporary directory: that is closed to the user who runs the server when the tests run as root.
    directory = Path(tempfile.mkdtemp(prefix="autopulse-test-postgres-"))
    directory.chmod(0o755)
    server = DatabaseServer(PostgresServer(directory, durable=False), ports.find_any())
    try:
        server.postgres.start(server.port)
        yield server
    finally:
        server.postgres.remove()
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def migrated_template(database_server: DatabaseServer) -> str:
    """Name of a database with the newest schema and no rows, to copy."""
    database_server.postgres.create_database(TEMPLATE, database_server.port)
    upgrade(database_server.url(TEMPLATE), *ROLES)
    return TEMPLATE


@pytest.fixture
def database_url(database_server: DatabaseServer, migrated_template: str) -> Iterator[str]:
    """A fresh database with the newest schema, for one test."""
    url = database_server.create(migrated_template)
    yield url
    database_server.drop(url)


@pytest.fixture(scope="module")
def module_database_url(database_server: DatabaseServer, migrated_template: str) -> Iterator[str]:
    """A fresh database with the newest schema, for all tests of a module."""
    url = database_server.create(migrated_template)
    yield url
    database_server.drop(url)


@pytest.fixture
def empty_database_url(database_server: DatabaseServer) -> Iterator[str]:
    """A database without any table, for tests of the migrations."""
    url = database_server.create()
    yield url
    database_server.drop(url)


@pytest.fixture(scope="session")
def paths() -> Iterator[StackPaths]:
    # One run, one stack: others at the same time (`local/test.sh`) would meet in it.
    name = f"e2e-{os.environ.get('TEST_RUN', 'main')}"
    paths = StackPaths(PROJECT / ".local" / name, ports.find_any(), ports.find_any(), "", ports.find_any())
    stack.clean(paths)  # what an interrupted run left
    yield paths
    stack.down(paths)
    for part in ("emulator", "vapi_api"):
        assert find_marked(str(paths.state / part)) == []
    assert stack.database_server(paths).find() is None
    stack.database_server(paths).remove()  # the logs stay, for who wants to know why a test failed


@pytest.fixture(scope="session")
def _up(paths: StackPaths) -> None:
    stack.up(paths)


@pytest.fixture
def deployed(paths: StackPaths, _up: None) -> DeployedStack:
    # Read anew for each test: one that restarts the emulator gives the stack another URL.
    deployed = DeployedStack(paths, stack.read_stack(paths))
    deployed.stop_schedules()
    return deployed
