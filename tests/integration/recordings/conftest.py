from collections.abc import Iterator

import pytest

from tests.integration.recordings.storage import Storage, serve


@pytest.fixture
def storage() -> Iterator[Storage]:
    with serve() as one:
        yield one
