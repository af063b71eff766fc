"""The fixture of tests that look at dead letters in the deployed stack."""

from collections.abc import Iterator

import pytest

from tests.deployed import DeployedStack


@pytest.fixture
def no_dead_letters(deployed: DeployedStack) -> Iterator[None]:
    """Empty the dead-letter queues before and after a test."""
    deployed.empty_dead_letters()
    yield
    deployed.empty_dead_letters()
