from datetime import datetime, timezone

import pytest

from autopulse.api.recording import expiry_of, is_playable

BASE = "https://recordings.example.com/a/b.wav"


@pytest.mark.parametrize(
    "query",
    [
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20261102T150000Z&X-Amz-Expires=3600&X-Amz-Signature=ab",
        "x-amz-expires=3600&x-amz-date=20261102T150000Z",
        "X-Goog-Date=20261102T150000Z&X-Goog-Expires=3600",
    ],
)
def test_a_presigned_url_ends_when_its_parameters_say(query: str) -> None:
    assert expiry_of(f"{BASE}?{query}") == datetime(2026, 11, 2, 16, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "X-Amz-Date=20261102T150000Z",
        "X-Amz-Expires=3600",
        "X-Amz-Date=yesterday&X-Amz-Expires=3600",
        "X-Amz-Date=20261102T150000Z&X-Amz-Expires=soon",
        "X-Amz-Date=20261102T150000Z&X-Amz-Expires=99999999999999999999",
        "X-Amz-Date=20261102T150000Z&X-Amz-Expires=" + "9" * 5000,
        "Expires=1",
    ],
)
def test_other_urls_do_not_say(query: str) -> None:
    assert expiry_of(f"{BASE}?{query}") is None


@pytest.mark.parametrize(
    ("url", "playable"), [(BASE, True), ("http://x/y", True), ("//x/y", False), ("ftp://x/y", False)]
)
def test_only_the_web_is_playable(url: str, playable: bool) -> None:
    assert is_playable(url) is playable
