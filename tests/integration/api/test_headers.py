"""Check what every answer of the read API says besides: nobody keeps it, and it is what it says."""

import pytest

from tests.integration.api.client import Api


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/calls", {}, 200),
        ("/calls.csv", {}, 200),
        ("/feedback/summary", {}, 200),
        ("/openapi.json", {}, 200),
        ("/calls", {"surprise": 1}, 400),
        ("/calls", {"limit": "many"}, 400),
        ("/calls/1/recording", {}, 404),
        ("/nowhere", {}, 404),
    ],
)
def test_no_answer_is_kept_or_guessed_at(api: Api, path: str, query: dict[str, object], status: int) -> None:
    answer = api.get(path, **query)
    assert answer.status == status
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
