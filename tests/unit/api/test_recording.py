from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest

from autopulse import settings
from autopulse.api.recording import offer_recording
from autopulse.errors import Problem
from autopulse.vapi.recordings import expiry_of

BASE = "https://recordings.example.com/a/b.wav"
PRIVATE = "https://0123456789abcdef.r2.cloudflarestorage.com/a-bucket/one-mono.wav"
NOW = datetime(2026, 11, 2, 15, 30, tzinfo=timezone.utc)
BEFORE, AFTER = NOW - timedelta(microseconds=1), NOW + timedelta(microseconds=1)
SIGNED = f"{BASE}?X-Amz-Date=20261102T150000Z&X-Amz-Expires="


@pytest.fixture(autouse=True)
def _hosts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("RECORDING_HOSTS", "recordings.example.com *.r2.cloudflarestorage.com")
    settings.recording_hosts.cache_clear()
    yield
    settings.recording_hosts.cache_clear()


@pytest.mark.parametrize(
    "query",
    [
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20261102T150000Z&X-Amz-Expires=3600&X-Amz-Signature=ab",
        "x-amz-expires=3600&x-amz-date=20261102T150000Z",
        "X-Goog-Date=20261102T150000Z&X-Goog-Expires=3600",
        "AWSAccessKeyId=example&Expires=1793635200&Signature=ab",
        "Expires=1793635200&Signature=ab&Key-Pair-Id=example",
        "sv=2026-02-06&se=2026-11-02T16%3A00%3A00Z&sp=r&sig=ab",
    ],
)
def test_a_presigned_url_ends_when_its_parameters_say(query: str) -> None:
    assert expiry_of(f"{BASE}?{query}") == datetime(2026, 11, 2, 16, tzinfo=timezone.utc)
    assert expiry_of(f"{BASE}?{query}", NOW) == datetime(2026, 11, 2, 16, tzinfo=timezone.utc)


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
        *(
            "Expires=1793635200",
            "Expires=soon&Signature=ab",
            "Expires=1&Signature=ab",
            "se=2026-11-02T16:00:00Z",
            "sig=ab",
        ),
        "token=ab",
    ],
)
def test_other_urls_do_not_say(query: str) -> None:
    assert expiry_of(f"{BASE}?{query}") is None
    assert expiry_of(f"{BASE}?{query}", NOW) == NOW


@pytest.mark.parametrize(
    ("url", "told", "expires_at"),
    [
        (BASE, None, None),
        (BASE, AFTER, AFTER),
        (f"{SIGNED}1801", None, datetime(2026, 11, 2, 15, 30, 1, tzinfo=timezone.utc)),
        (f"{SIGNED}1801", BEFORE, datetime(2026, 11, 2, 15, 30, 1, tzinfo=timezone.utc)),
        (f"{PRIVATE}?X-Amz-Signature=ab", AFTER, AFTER),
    ],
)
def test_a_recording_is_offered_until_it_ends(url: str, told: datetime | None, expires_at: datetime | None) -> None:
    offered = offer_recording(url, told, NOW)
    assert (offered.url, offered.expires_at) == (url, expires_at)


@pytest.mark.parametrize(
    ("url", "told", "status", "code"),
    [
        *((None, None, 404, "recording_missing"), (None, BEFORE, 404, "recording_missing")),
        *(
            (BASE.replace("https", "http"), None, 404, "recording_missing"),
            (" " + BASE, None, 404, "recording_missing"),
        ),
        *(("", None, 404, "recording_missing"), ("recording.mp3", AFTER, 404, "recording_missing")),
        *(
            (url, None, 404, "recording_elsewhere")
            for url in ("https://other.example.com/a.wav", "https://x.recordings.example.com/a")
        ),
        *((PRIVATE, None, 404, "recording_private"), (PRIVATE, BEFORE, 404, "recording_private")),
        *((BASE, NOW, 410, "recording_expired"), (BASE, BEFORE, 410, "recording_expired")),
        *((f"{BASE}?token=ab", BEFORE, 410, "recording_expired"), (f"{SIGNED}1800", AFTER, 410, "recording_expired")),
    ],
)
def test_what_cannot_be_played_is_not_offered(url: str | None, told: datetime | None, status: int, code: str) -> None:
    with pytest.raises(Problem) as problem:
        offer_recording(url, told, NOW)
    assert (problem.value.status, problem.value.reason) == (status, code)
    assert "http" not in problem.value.detail


@pytest.mark.parametrize(
    "hosts",
    [
        "*",
        "*.com",
        "https://a.example.com",
        "a.example.com;script-src",
        "A.example.com",
        "a.example.com,b.example.com",
        "'self'",
    ],
)
def test_a_host_that_is_none_is_refused(hosts: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECORDING_HOSTS", f"recordings.example.com {hosts}")
    settings.recording_hosts.cache_clear()
    with pytest.raises(settings.SettingInvalid, match="RECORDING_HOSTS"):
        settings.recording_hosts()
