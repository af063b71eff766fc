"""The consumers on a database of the module, emptied before each test."""

from collections.abc import Iterator

import pytest

from local.postgres import FUNCTIONS
from tests.integration.pipeline import ORGANIZATION, Pipeline


@pytest.fixture(scope="module")
def module_functions_url(module_database_url: str) -> str:
    """Return the module's database, with the functions' privileges."""
    return module_database_url.replace("//autopulse:", f"//{FUNCTIONS}:")


@pytest.fixture(scope="module")
def module_pipeline(module_database_url: str) -> Iterator[Pipeline]:
    with pytest.MonkeyPatch.context() as patch:
        pipeline = Pipeline(module_database_url, patch)
        yield pipeline
        pipeline.close()


@pytest.fixture
def pipeline(module_pipeline: Pipeline) -> Pipeline:
    module_pipeline.clear()
    return module_pipeline


@pytest.fixture
def default_organization(pipeline: Pipeline) -> Iterator[str]:
    """Assign calls without a known organization to a default one."""
    pipeline.place(ORGANIZATION)
    yield ORGANIZATION
    pipeline.place("")
