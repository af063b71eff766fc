import pytest

from autopulse.vapi.recordings import is_at, is_playable, is_private

HOSTS = ("recordings.example.com", "*.storage.example.com")
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
def test_a_bare_address_in_vapi_s_storage_is_private_and_not_playable(url: str) -> None:
    assert is_private(url)
    assert not is_playable(url)


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
    "url",
    [
        "https://recordings.example.com/1.wav",
        "HTTPS://Recordings.Example.com:443/1.wav?a=b%20c#d",
        "https://recordings.example.com",
        "https://recordings.example.com?a",
        "https://recordings.example.com/caf\u00e9.wav",
    ],
)
def test_an_https_address_is_playable(url: str) -> None:
    assert is_playable(url)
    assert is_at(url, HOSTS)


@pytest.mark.parametrize(
    "url",
    [
        *("http://recordings.example.com/1.wav", "//recordings.example.com/1.wav", "ftp://recordings.example.com/y"),
        *("https:recordings.example.com/1.wav", "https:///recordings.example.com/1.wav", "https://", "https:///"),
        "https://user@recordings.example.com/1.wav",
        "https://user:password@recordings.example.com/1.wav",
        "https://recordings.example.com@storage.example.com/1.wav",
        "https://recordings.example.com:8443/1.wav",
        "https://recordings.example.com:/1.wav",
        "https://storage.example.com\\.recordings.example.com/1.wav",
        "https://recordings.example.com\\@storage.example.com/1.wav",
        "https://[::1]/1.wav",
        *(
            f"https://recordings.example.com/{odd}.wav"
            for odd in ("\r\n", "\t", "\x00", " ", "\u2028", "\u202e", "\x85")
        ),
        *(f"{blank}https://recordings.example.com/1.wav" for blank in (" ", "\n", "\ufeff")),
        *("javascript:alert(1)", "data:audio/wav;base64,", "blob:https://recordings.example.com/1", "", "1.wav"),
    ],
)
def test_anything_else_is_not(url: str) -> None:
    assert not is_playable(url)
    assert not is_at(url, HOSTS)


@pytest.mark.parametrize(
    ("url", "there"),
    [
        ("https://a.storage.example.com/1", True),
        ("https://a.b.storage.example.com/1", True),
        ("https://storage.example.com/1", False),
        ("https://evilstorage.example.com/1", False),
        ("https://a.storage.example.com.evil.example/1", False),
        ("https://recordings.example.com.evil.example/1", False),
        ("https://a.recordings.example.com/1", False),
        ("https://recordings.example.com./1", False),
        ("https://169.254.169.254/1", False),
    ],
)
def test_a_host_counts_if_it_is_named_or_lies_below_a_named_one(url: str, there: bool) -> None:
    assert is_playable(url)
    assert is_at(url, HOSTS) is there
    assert not is_at(url, ())
