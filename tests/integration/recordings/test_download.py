"""What is fetched of a recording, from where, and how much of it."""

import hashlib
import socket
from collections.abc import Callable
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler
from typing import Final
from urllib.parse import urlsplit

import pytest

from autopulse.errors import CopyFailed
from autopulse.recordings import download
from autopulse.recordings.download import Source, may_be_read, open_recording
from autopulse.recordings.requests import CopyRequest
from tests.integration.recordings.storage import ASKED, KEY, SIGNED, VAPI_CALL_ID, Said, Storage, wav

HOSTS: Final = ("*.r2.cloudflarestorage.com", "recordings.example.com")
AUDIO: Final = {"content-type": "audio/wav"}
ASKING: Final = CopyRequest(VAPI_CALL_ID)
API: Final = "https://api.vapi.ai"


def source(storage: Storage, key: str = KEY) -> Source:
    return Source(storage.url, key, HOSTS)


def fetch(storage: Storage, request: CopyRequest = ASKING, key: str = KEY) -> tuple[bytes, str, str]:
    """(what was read, its type, its digest)."""
    with open_recording(request, source(storage, key)) as body:
        parts = []
        while part := body.read(50_000):
            parts.append(part)
        assert body.bytes == sum(map(len, parts))
        return b"".join(parts), body.content_type, body.sha256


def failure(storage: Storage, request: CopyRequest = ASKING, key: str = KEY) -> CopyFailed:
    with pytest.raises(CopyFailed) as caught:
        fetch(storage, request, key)
    return caught.value


def test_a_recording_is_asked_for_by_the_call_s_id_and_read_where_the_api_says(storage: Storage) -> None:
    storage.keep(Said(headers={"content-type": "Audio/WAV; codec=1"}, body=wav()))
    assert fetch(storage) == (wav(), "audio/wav", hashlib.sha256(wav()).hexdigest())
    assert storage.paths == [ASKED, SIGNED]


def test_the_key_goes_to_the_api_and_nowhere_else(storage: Storage) -> None:
    storage.keep(Said(headers=AUDIO, body=wav()))
    fetch(storage)
    assert [request.authorization for request in storage.requests] == [f"Bearer {KEY}", None]


@pytest.mark.parametrize("id_", ["../assistant", "a/b", "0197f9d4-0000-4000-8000-00000000beef?x", "one"])
def test_an_id_that_is_no_uuid_goes_into_no_path(storage: Storage, id_: str) -> None:
    failed = failure(storage, CopyRequest(id_))
    assert (failed.reason, failed.is_final) == (CopyFailed.NO_SOURCE, True)
    assert storage.requests == []


def test_without_a_key_the_report_s_own_url_is_asked(storage: Storage) -> None:
    storage.keep(Said(headers=AUDIO, body=wav()))
    read, *_ = fetch(storage, CopyRequest("one", f"{storage.url}{SIGNED}"), key="")
    assert read == wav()
    assert storage.paths == [SIGNED]


def test_with_a_key_the_url_of_a_message_is_not_asked(storage: Storage) -> None:
    storage.keep(Said(headers=AUDIO, body=wav()))
    fetch(storage, CopyRequest(VAPI_CALL_ID, f"{storage.url}/elsewhere"))
    assert storage.paths == [ASKED, SIGNED]


def test_without_a_key_and_without_a_url_there_is_nothing_to_ask(storage: Storage) -> None:
    assert failure(storage, key="").reason == CopyFailed.NO_SOURCE


def test_an_api_that_gives_the_recording_itself_is_read(storage: Storage) -> None:
    storage.say(ASKED, Said(headers=AUDIO, body=wav()))
    assert fetch(storage)[0] == wav()


# Where it may lead


INSIDE: Final = (
    *("http://169.254.169.254/latest/meta-data/", "https://169.254.169.254/", "http://10.0.0.1/", "https://10.0.0.1/"),
    *(
        "https://[::1]/",
        "http://[::1]/",
        "https://[::ffff:169.254.169.254]/",
        "https://2852039166/",
        "https://0xa9fea9fe/",
    ),
    *("https://0251.0376.0251.0376/", "https://127.0.0.1/", "https://localhost/", "http://localhost:1/", "https://0/"),
)
ELSEWHERE: Final = (
    *("https://evil.example/one.wav", "http://a.r2.cloudflarestorage.com/one.wav", "ftp://a.r2.cloudflarestorage.com/"),
    *("https://r2.cloudflarestorage.com/one.wav", "https://a.r2.cloudflarestorage.com.evil.example/one.wav"),
    *("https://evilr2.cloudflarestorage.com/", "https://a.r2.cloudflarestorage.com./one.wav"),
    *("https://user@a.r2.cloudflarestorage.com/", "https://user:secret@a.r2.cloudflarestorage.com/"),
    *("https://a.r2.cloudflarestorage.com@evil.example/", "https://evil.example#@a.r2.cloudflarestorage.com/"),
    *("https://evil.example\\@a.r2.cloudflarestorage.com/", "https://evil.example\\.r2.cloudflarestorage.com/"),
    *(
        "https://a.r2.cloudflarestorage.com:8443/",
        "https://a.r2.cloudflarestorage.com:22/",
        "https://a.r2.cloudflarestorage.com:/",
    ),
    *(
        " https://a.r2.cloudflarestorage.com/",
        "https://a.r2.cloudflarestorage.com/\r\nx",
        "//evil.example/",
        "file:///etc/passwd",
    ),
    *("https://", "https:///one.wav", "https://[", "", "gopher://a.r2.cloudflarestorage.com/"),
)


@pytest.mark.parametrize("url", [*INSIDE, *ELSEWHERE])
def test_no_other_address_may_be_read(url: str) -> None:
    assert not may_be_read(url, HOSTS, urlsplit(API))


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.1", "a.127"])
def test_an_ip_address_is_not_read_even_if_it_is_listed(host: str) -> None:
    assert not may_be_read(f"https://{host}/one.wav", (host,), urlsplit(API))


@pytest.mark.parametrize(
    "url",
    [
        "https://hipaa-recordings.0123456789abcdef.r2.cloudflarestorage.com/one-mono.wav?X-Amz-Signature=ab",
        "HTTPS://A.R2.CloudFlareStorage.COM:443/one.wav",
        "https://recordings.example.com",
    ],
)
def test_listed_hosts_may_be_read(url: str) -> None:
    assert may_be_read(url, HOSTS, urlsplit(API))


@pytest.mark.parametrize("api", ["http://127.0.0.1:8083", "http://localhost:8083"])
def test_a_stand_in_on_loopback_may_have_its_storage_beside_it(api: str) -> None:
    host = api.rpartition(":")[0]
    for url in (f"{api}/storage/one.wav", f"{host}:8084/storage/one.wav"):
        assert may_be_read(url, HOSTS, urlsplit(api))
        assert not may_be_read(url, HOSTS, urlsplit(API))
    others = (
        f"{host}/",
        f"{host}:80/",
        f"{host}:22/",
        "http://127.0.0.2:8083/",
        "http://[::1]:8083/",
        "http://0:8083/",
    )
    user = api.replace("http://", "http://user@")
    for url in (*others, user, f"{host}:x/", f"{host}:99999/", *INSIDE, *ELSEWHERE):
        assert not may_be_read(url, HOSTS, urlsplit(api)), url


@pytest.mark.parametrize("url", [url for url in (*INSIDE, *ELSEWHERE) if not url.startswith(" ")])
@pytest.mark.parametrize("status", [302, 307])
def test_a_redirect_elsewhere_is_not_followed(
    storage: Storage, url: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    location = url.replace("\r\n", "\x0b")
    storage.say(ASKED, Storage.redirect(location or "%", status))
    connected: list[object] = []
    connect = socket.create_connection

    def create_connection(address: tuple[str, int], *rest: object, **more: object) -> socket.socket:
        connected.append(address[1])
        return connect(address, *rest, **more)  # type: ignore[arg-type] # passed on as it came

    monkeypatch.setattr(socket, "create_connection", create_connection)
    assert failure(storage).reason in {CopyFailed.REDIRECT_REFUSED, CopyFailed.NOT_FOUND}
    assert set(connected) == {urlsplit(storage.url).port}


@pytest.mark.parametrize("url", [*INSIDE, *ELSEWHERE])
def test_the_url_of_a_report_is_held_to_the_same_list(storage: Storage, url: str) -> None:
    assert failure(storage, CopyRequest(VAPI_CALL_ID, url), key="").reason == CopyFailed.REDIRECT_REFUSED
    assert storage.requests == []


def test_a_second_redirect_is_an_error(storage: Storage) -> None:
    storage.keep(Storage.redirect(f"{storage.url}/third"))
    assert failure(storage).reason == CopyFailed.REDIRECT_REFUSED
    assert storage.paths == [ASKED, SIGNED]


def test_a_listed_name_that_leads_inside_is_not_asked(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if somebody's name server said so; the API is not on loopback here."""
    monkeypatch.setattr(download, "connection_to", lambda _: HTTPConnection(storage.url.removeprefix("http://")))
    with (
        pytest.raises(CopyFailed) as caught,
        open_recording(CopyRequest("one", "https://recordings.example.com/one.wav"), Source(API, "", HOSTS)),
    ):
        pass
    assert caught.value.reason == CopyFailed.REDIRECT_REFUSED
    assert storage.requests == []


def test_plain_http_is_spoken_to_loopback_alone() -> None:
    with (
        pytest.raises(CopyFailed, match=CopyFailed.REDIRECT_REFUSED),
        open_recording(ASKING, Source("http://api.example.com", KEY, HOSTS)),
    ):
        pass


# What the two answer


@pytest.mark.parametrize(
    ("status", "reason", "is_final"),
    [
        *((404, CopyFailed.NOT_FOUND, False), (410, CopyFailed.NOT_FOUND, False), (400, CopyFailed.NOT_FOUND, True)),
        *((401, CopyFailed.UNAUTHORIZED, False), (403, CopyFailed.UNAUTHORIZED, False)),
        *((429, CopyFailed.THROTTLED, False), (500, CopyFailed.UNAVAILABLE, False)),
        *(
            (503, CopyFailed.UNAVAILABLE, False),
            (418, CopyFailed.UNEXPECTED, False),
            (204, CopyFailed.UNEXPECTED, False),
        ),
    ],
)
def test_what_the_api_answers_says_why(storage: Storage, status: int, reason: str, is_final: bool) -> None:
    storage.say(ASKED, Said(status))
    failed = failure(storage)
    assert (failed.reason, failed.is_final) == (reason, is_final)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        *((404, CopyFailed.NOT_FOUND), (400, CopyFailed.EXPIRED), (403, CopyFailed.EXPIRED), (401, CopyFailed.EXPIRED)),
        *((429, CopyFailed.THROTTLED), (500, CopyFailed.UNAVAILABLE), (206, CopyFailed.UNEXPECTED)),
    ],
)
def test_what_the_storage_answers_says_why(storage: Storage, status: int, reason: str) -> None:
    storage.keep(Said(status, AUDIO, wav()))
    assert failure(storage).reason == reason


@pytest.mark.parametrize(
    ("given", "seconds"), [("7", 7), ("1e9", 3600), ("-1", 0), ("nan", 0), ("inf", 0), ("Wed, 21 Oct 2026", 0), ("", 0)]
)
def test_a_wait_that_is_asked_for_is_kept_within_bounds(storage: Storage, given: str, seconds: float) -> None:
    storage.say(ASKED, Said(429, {"retry-after": given}))
    assert failure(storage).retry_after == seconds


def test_an_api_that_is_not_there_is_unavailable(storage: Storage) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        storage.url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        assert failure(storage).reason == CopyFailed.UNAVAILABLE


@pytest.mark.parametrize(
    "headers",
    [
        *({}, {"content-type": "text/html"}, {"content-type": "application/xml"}, {"content-type": "audio"}),
        *({"content-type": "audio/"}, {"content-type": "video/mp4"}, {"content-type": "xaudio/wav"}),
        *({"content-type": "audio/wav\t\x7f"}, AUDIO | {"content-encoding": "gzip"}),
    ],
)
def test_what_is_no_audio_is_not_taken(storage: Storage, headers: dict[str, str]) -> None:
    storage.keep(Said(headers=headers, body=wav()))
    assert failure(storage).reason == CopyFailed.NO_AUDIO


@pytest.mark.parametrize(
    "body",
    [
        b"<!DOCTYPE html><title>Sign in</title>",
        b'\xef\xbb\xbf\r\n<?xml version="1.0"?><Error/>',
        *(b'{"message": "Not Found", "statusCode": 404}', b"expired"),
    ],
    ids=["html", "xml", "json", "a word"],
)
@pytest.mark.parametrize("has_length", [True, False])
def test_a_text_is_no_audio_whatever_it_is_called(storage: Storage, body: bytes, has_length: bool) -> None:
    headers = AUDIO if has_length else AUDIO | {"transfer-encoding": "chunked"}
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
    storage.keep(Said(headers=headers, body=body if has_length else chunks, has_length=has_length))
    assert failure(storage).reason == CopyFailed.NO_AUDIO


@pytest.mark.parametrize(
    "beginning",
    [
        b"ID3\x04\x00\x00\x00\x00\x00#TSSE\x00",
        b"\xff\xfb\x90d\x00\x0f\xf0\x00\x00i\x00\x00\x00\x08\x00\x00",
        b"OggS\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00AA",
        b"fLaC\x00\x00\x00\x22\x10\x00\x10\x00\x00\x00\x00\x00",
        b"\x00\x00\x00 ftypM4A \x00\x00\x02\x00",
        b"RIFF  !\x0aWAVEfmt ",
    ],
    ids=["mp3 with tags", "mp3", "ogg", "flac", "mp4", "wav with a length of printable bytes"],
)
def test_audio_of_every_kind_is_taken(storage: Storage, beginning: bytes) -> None:
    storage.keep(Said(headers={"content-type": "audio/mpeg"}, body=beginning + bytes(100)))
    assert fetch(storage)[0] == beginning + bytes(100)


def test_nothing_is_no_audio(storage: Storage) -> None:
    storage.keep(Said(headers=AUDIO))
    assert failure(storage).reason == CopyFailed.NO_AUDIO


# How much of it


def test_a_body_that_says_that_it_is_too_large_is_not_read(storage: Storage) -> None:
    written: list[int] = []

    def two_gigabytes(handler: BaseHTTPRequestHandler) -> None:
        written.append(handler.wfile.write(bytes(1000)))

    storage.keep(Said(headers=AUDIO | {"content-length": str(2_000_000_000)}, body=two_gigabytes))
    failed = failure(storage)
    assert (failed.reason, failed.is_final) == (CopyFailed.TOO_LARGE, True)


def test_a_length_of_thousands_of_digits_is_no_length(storage: Storage) -> None:
    storage.keep(Said(headers=AUDIO | {"content-length": "9" * 5_000}, body=wav(), has_length=False))
    assert fetch(storage)[0] == wav()


def _endless(storage: Storage) -> Callable[[BaseHTTPRequestHandler], None]:
    def write(handler: BaseHTTPRequestHandler) -> None:
        try:
            while not storage.over.is_set():
                handler.wfile.write(bytes(65_536))
        except OSError:
            return

    return write


def _endless_chunks(storage: Storage) -> Callable[[BaseHTTPRequestHandler], None]:
    def write(handler: BaseHTTPRequestHandler) -> None:
        try:
            while not storage.over.is_set():
                handler.wfile.write(b"10000\r\n" + bytes(65_536) + b"\r\n")
        except OSError:
            return

    return write


@pytest.mark.parametrize(
    ("headers", "endless"),
    [({}, _endless), ({"transfer-encoding": "chunked"}, _endless_chunks)],
    ids=["bare", "chunks"],
)
def test_a_body_without_an_end_is_read_no_further_than_the_limit(
    storage: Storage,
    headers: dict[str, str],
    endless: Callable[[Storage], Callable[[BaseHTTPRequestHandler], None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(download, "MAX_BYTES", 1_000_000)
    storage.keep(Said(headers=AUDIO | headers, body=endless(storage)))
    with open_recording(ASKING, source(storage)) as body, pytest.raises(CopyFailed) as caught:
        body.read()
    assert body.bytes <= 1_000_000 + download.READ_BYTES
    assert (caught.value.reason, caught.value.is_final) == (CopyFailed.TOO_LARGE, True)


def test_a_body_of_just_the_limit_is_read(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "MAX_BYTES", 64_044)
    storage.keep(Said(headers=AUDIO, body=wav()))
    assert len(fetch(storage)[0]) == 64_044


def test_a_body_in_chunks_and_one_that_says_its_length_itself_are_read(storage: Storage) -> None:
    def chunks(handler: BaseHTTPRequestHandler) -> None:
        whole = wav()
        for start in range(0, len(whole), 10_000):
            part = whole[start : start + 10_000]
            handler.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
        handler.wfile.write(b"0\r\n\r\n")

    storage.keep(
        Said(headers=AUDIO | {"transfer-encoding": "chunked"}, body=chunks),
        Said(headers=AUDIO, body=wav(), has_length=False),
    )
    assert fetch(storage)[0] == fetch(storage)[0] == wav()


def _half(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(wav()[:30_000])


def _half_of_a_chunk(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"fa2c\r\n" + wav()[:30_000])


def _chunks_without_an_end(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"2710\r\n" + wav()[:10_000] + b"\r\n")


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"content-length": "64044"}, _half),
        ({"transfer-encoding": "chunked"}, _half_of_a_chunk),
        ({"transfer-encoding": "chunked"}, _chunks_without_an_end),
        ({}, _half),
        ({}, lambda handler: handler.wfile.write(b"ID3" + bytes(30_000))),
    ],
    ids=["length", "chunk", "chunks", "wav", "unknown end"],
)
def test_a_body_that_breaks_off_is_an_error(
    storage: Storage, headers: dict[str, str], body: Callable[[BaseHTTPRequestHandler], None]
) -> None:
    storage.keep(Said(headers=AUDIO | headers, body=body))
    assert failure(storage).reason == CopyFailed.BROKEN_OFF


# How long


def test_a_server_that_says_nothing_is_slow(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "QUIET_SECONDS", 0.1)

    def wait(_: BaseHTTPRequestHandler) -> None:
        storage.over.wait()

    storage.keep(Said(headers=AUDIO | {"content-length": "10"}, body=wait))
    assert failure(storage).reason == CopyFailed.SLOW


def test_a_server_that_drips_is_slow_in_the_end(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes in time; all of them together do not."""
    monkeypatch.setattr(download, "LONGEST_SECONDS", 0.3)

    def drip(handler: BaseHTTPRequestHandler) -> None:
        try:
            while not storage.over.wait(0.01):
                handler.wfile.write(b"\0")
        except OSError:
            return

    storage.keep(Said(headers=AUDIO | {"content-length": "1000000"}, body=drip))
    assert failure(storage).reason == CopyFailed.SLOW


def test_a_server_that_drips_headers_is_slow_too(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "LONGEST_SECONDS", 0.3)

    def drip(handler: BaseHTTPRequestHandler) -> None:
        try:
            while not storage.over.wait(0.01):
                handler.wfile.write(b"x")
        except OSError:
            return

    monkeypatch.setattr(
        BaseHTTPRequestHandler, "end_headers", lambda self: self.flush_headers() if self.path == SIGNED else _end(self)
    )
    storage.keep(Said(headers=AUDIO, body=drip))
    assert failure(storage).reason == CopyFailed.SLOW


_END: Final = BaseHTTPRequestHandler.end_headers


def _end(handler: BaseHTTPRequestHandler) -> None:
    _END(handler)
