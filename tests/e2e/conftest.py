"""The deployed local stack: the real template on the emulator, in a directory and on ports of the tests' own."""

import os
from collections.abc import Iterator

import pytest

from local import ports, stack
from local.place import PROJECT, Place
from local.processes import find_marked
from tests.e2e.deployed import DeployedStack


@pytest.fixture(scope="session")
def place() -> Iterator[Place]:
    # One worker, one stack: the workers of pytest-xdist would meet in it.
    name = f"e2e-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    place = Place(PROJECT / ".local" / name, ports.find_any(), ports.find_any(), "")
    stack.clean(place)  # what an interrupted run left
    yield place
    stack.down(place)
    assert find_marked(str(place.state / "emulator")) == []
    assert stack.database_server(place).find() is None
    stack.database_server(place).remove()  # the logs stay, for who wants to know why a test failed


@pytest.fixture(scope="session")
def _up(place: Place) -> None:
    stack.up(place)


@pytest.fixture
def deployed(place: Place, _up: None) -> DeployedStack:
    # Read anew for each test: one that restarts the emulator gives the stack another URL.
    return DeployedStack(place, stack.read_stack(place))
