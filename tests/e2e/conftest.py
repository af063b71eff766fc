"""The fixture of tests that look at dead letters in the deployed stack."""

from collections.abc import Iterator

import pytest

from tests.deployed import DeployedStack


@pytest.fixture
def no_dead_letters(deployed: DeployedStack) -> Iterator[None]:
    """Let a test begin with empty dead-letter queues, and leave none of its own behind."""
    deployed.empty_dead_letters()
    yield
    deployed.empty_dead_letters()
