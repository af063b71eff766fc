from collections.abc import Iterator

import pytest

from tests.golden.loop import Loop


@pytest.fixture(scope="module")
def loop(module_database_url: str) -> Iterator[Loop]:
    with pytest.MonkeyPatch.context() as patch:
        loop = Loop(module_database_url, patch)
        yield loop
        loop.close()
