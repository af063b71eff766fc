from collections.abc import Iterator

import pytest

from tests.integration.api.client import Api


@pytest.fixture(scope="module")
def module_api(module_database_url: str) -> Iterator[Api]:
    with pytest.MonkeyPatch.context() as patch:
        api = Api(module_database_url, patch)
        yield api
        api.close()


@pytest.fixture
def api(module_api: Api) -> Api:
    module_api.clear()
    return module_api
