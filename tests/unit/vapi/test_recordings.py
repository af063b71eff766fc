import pytest

from autopulse.vapi.recordings import is_playable, is_private

ACCOUNT = "0123456789abcdef.r2.cloudflarestorage.com"


@pytest.mark.parametrize(
    "url",
    [
        f"https://{ACCOUNT}/a-bucket/one-mono.wav",
        f"https://a-bucket.{ACCOUNT}/one-mono.wav",
        f"HTTPS://{ACCOUNT.upper()}./a-bucket/one-mono.wav?download=1",
        f"https://{ACCOUNT}:443/a-bucket/one-mono.wav?X-Amz-Date=20261102T150000Z&X-Amz-Signature=",
        "https://storage.vapi.ai/one-mono.wav",
    ],
)
def test_a_bare_address_in_vapi_s_storage_is_private(url: str) -> None:
    assert is_private(url)


@pytest.mark.parametrize(
    "url",
    [
        f"https://{ACCOUNT}/a-bucket/one-mono.wav?X-Amz-Expires=1800&X-Amz-Signature=ab",
        f"https://a-bucket.{ACCOUNT}/one-mono.wav?x-amz-signature=ab",
        "https://recordings.example.com/one.wav",
        f"https://recordings.example.com/{ACCOUNT}/one.wav",
        f"https://{ACCOUNT}.example.com/one.wav",
        "https://r2.cloudflarestorage.com.example.com/one.wav",
        "https://pub-0123456789abcdef.r2.dev/one.wav",
        *("", "recording.mp3", "http://[", "//"),
    ],
)
def test_others_are_not(url: str) -> None:
    assert not is_private(url)


@pytest.mark.parametrize(
    ("url", "playable"),
    [("https://recordings.example.com/1.wav", True), ("http://x/y", True), ("//x/y", False), ("ftp://x/y", False)],
)
def test_only_the_web_is_playable(url: str, playable: bool) -> None:
    assert is_playable(url) is playable
