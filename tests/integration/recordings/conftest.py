from collections.abc import Iterator

import pytest

from tests.integration.recordings.storage import Storage, serving


@pytest.fixture
def storage() -> Iterator[Storage]:
    with serving() as one:
        yield one
