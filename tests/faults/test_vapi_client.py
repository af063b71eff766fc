"""Whatever Vapi's API answers, asking it ends in time and within bounds, in a record or in an error with its reason."""

import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from autopulse.errors import (
    Transient,
    VapiCallUnknown,
    VapiFailed,
    VapiForgot,
    VapiNotConfigured,
    VapiThrottled,
    VapiUnauthorized,
    VapiUnavailable,
    VapiUnreadable,
)
from autopulse.reconciliation import client as client_module
from autopulse.reconciliation.client import ApiKey, VapiClient, checked_url, read_retry_after
from local.serving import serving

KEY = "key-of-nobody-0123456789"
ID = "019b0000-0000-7000-8000-00000000000a"
RECORD = {"id": ID, "status": "ended", "createdAt": "2026-11-30T12:00:00.123Z"}
SINCE = datetime(2026, 11, 20, tzinfo=timezone.utc)
Serve = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Vapi:
    """A server on loopback; `serve` answers, `asked` are the paths and headers of what was asked."""

    url: str = ""
    serve: Serve = lambda handler: send(handler, 200, RECORD)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]


def send(
    handler: BaseHTTPRequestHandler, status: int, body: object = None, headers: dict[str, str] | None = None
) -> None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    handler.send_response(status)
    for name, value in ({"Content-Length": str(len(content))} | (headers or {})).items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(content)


@contextmanager
def running(vapi: Vapi) -> Iterator[Vapi]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            vapi.asked.append((self.path, dict(self.headers)))
            vapi.serve(self)

        def do_DELETE(self) -> None:
            vapi.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Keep still."""

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as server:
        vapi.url = f"http://127.0.0.1:{server.server_port}"
        yield vapi


@pytest.fixture
def vapi() -> Iterator[Vapi]:
    with running(Vapi()) as server:
        yield server


@dataclass
class Clock:
    """Time that passes while somebody sleeps, and by hand."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 6))
        self.now += seconds


def key_of(*texts: str, clock: Clock | None = None) -> ApiKey:
    """A key whose secret says these things, one after the other; the last for ever."""
    said = list(texts)
    return ApiKey(lambda: said.pop(0) if len(said) > 1 else said[0], clock or Clock())


def secret(key: str = KEY) -> str:
    return json.dumps({"api_key": key})


def client_of(vapi: Vapi, key: ApiKey | None = None, clock: Clock | None = None) -> VapiClient:
    clock = clock or Clock()
    return VapiClient(vapi.url, key or key_of(secret()), clock, clock.sleep)


# What is asked


def test_a_call_is_asked_for_by_its_id_with_the_key_in_the_header_alone(vapi: Vapi) -> None:
    record = client_of(vapi).get_call(ID.upper())

    assert record.vapi_call_id == ID
    ((path, headers),) = vapi.asked
    assert path == f"/call/{ID}"
    assert headers["Authorization"] == f"Bearer {KEY}"
    assert headers["Accept-Encoding"] == "identity"
    assert KEY not in path


def test_a_call_is_deleted_by_its_id_in_the_path_and_in_the_body(vapi: Vapi) -> None:
    client_of(vapi).delete_call(ID.upper())
    assert vapi.paths == [f"/call/{ID}"]
    assert [json.loads(body) for body in vapi.bodies] == [{"ids": [ID]}]
    assert vapi.asked[0][1]["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (503, {"message": "Failed to erase call recordings; the call was not deleted."}, VapiUnavailable),
        (429, {}, VapiThrottled),
        (404, {}, VapiCallUnknown),
        (400, {"message": "This call exceeds your retention window."}, VapiForgot),
    ],
)
def test_a_deletion_that_failed_says_whether_it_is_to_be_tried_again(
    vapi: Vapi, status: int, body: object, error: type[VapiFailed]
) -> None:
    vapi.serve = lambda handler: send(handler, status, body)
    with pytest.raises(error):
        client_of(vapi).delete_call(ID)


def test_nothing_but_a_uuid_is_deleted(vapi: Vapi) -> None:
    with pytest.raises(VapiCallUnknown):
        client_of(vapi).delete_call("../assistant/1")
    assert vapi.asked == []


def test_a_path_of_the_api_s_address_is_kept(vapi: Vapi) -> None:
    vapi.url += "/vapi/"
    client_of(vapi).get_call(ID)
    assert vapi.paths == [f"/vapi/call/{ID}"]


@pytest.mark.parametrize("id_", ["", "abc", "../account", f"{ID}/../x", f"{ID}?x=1", "%2e%2e", f"{ID}\r\nX: y"])
def test_nothing_but_a_uuid_gets_into_a_path(vapi: Vapi, id_: str) -> None:
    with pytest.raises(VapiCallUnknown):
        client_of(vapi).get_call(id_)
    assert vapi.asked == []


def test_a_page_is_asked_for_by_times_of_creation(vapi: Vapi) -> None:
    older = RECORD | {"id": ID[:-1] + "b", "createdAt": "2026-11-29T12:00:00Z"}
    vapi.serve = lambda handler: send(handler, 200, [RECORD, older, RECORD])
    before = datetime(2026, 11, 30, 12, 0, 0, 123000, timezone.utc)

    records, last = client_of(vapi).list_calls(SINCE, before)

    assert [record.vapi_call_id for record in records] == [ID, older["id"]], "each once"
    assert last
    query = parse_qs(urlsplit(vapi.paths[0]).query)
    assert query == {
        "limit": ["50"],
        "createdAtGe": ["2026-11-20T00:00:00.000Z"],
        "createdAtLe": ["2026-11-30T12:00:00.123Z"],
    }
    client_of(vapi).list_calls(SINCE, None)
    assert "createdAtLe" not in vapi.paths[1]


def test_a_full_page_is_not_the_last(vapi: Vapi) -> None:
    page = [RECORD | {"id": f"{ID[:-2]}{place:02d}"} for place in range(50)]
    vapi.serve = lambda handler: send(handler, 200, page)
    records, last = client_of(vapi).list_calls(SINCE, None)
    assert (len(records), last) == (50, False)


def test_a_page_that_is_too_long_is_asked_for_in_smaller_parts(vapi: Vapi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "MAX_PAGE_BYTES", 1500)

    def serve(handler: BaseHTTPRequestHandler) -> None:
        limit = int(parse_qs(urlsplit(handler.path).query)["limit"][0])
        send(handler, 200, [RECORD | {"id": f"{ID[:-2]}{place:02d}"} for place in range(limit)])

    vapi.serve = serve
    records, last = client_of(vapi).list_calls(SINCE, None)
    assert (len(records), last) == (10, False)
    monkeypatch.setattr(client_module, "MAX_PAGE_BYTES", 10)
    with pytest.raises(VapiUnreadable):
        client_of(vapi).list_calls(SINCE, None)


# The pace


def test_requests_are_a_pause_apart(vapi: Vapi) -> None:
    clock = Clock()
    client = client_of(vapi, clock=clock)

    client.get_call(ID)
    assert clock.slept == []
    client.get_call(ID)
    assert clock.slept == [0.7]
    clock.now += 0.5
    client.get_call(ID)
    assert clock.slept == [0.7, 0.2]
    clock.now += 60
    client.get_call(ID)
    assert clock.slept == [0.7, 0.2]
    assert client.requests == 4


def test_a_request_that_failed_is_followed_by_the_same_pause(vapi: Vapi) -> None:
    clock = Clock()
    client = client_of(vapi, clock=clock)
    vapi.serve = lambda handler: send(handler, 500)
    for _ in range(2):
        with pytest.raises(VapiUnavailable):
            client.get_call(ID)
    assert clock.slept == [0.7]


# What is answered

RETENTION = (
    "Your subscription plan only covers the last 14 days of call history. This call exceeds your retention window."
)


@pytest.mark.parametrize(
    ("status", "body", "error", "reason"),
    [
        (400, {"message": RETENTION, "statusCode": 400}, VapiForgot, "vapi-forgot"),
        (400, {"message": ["Please adjust your date filter: HISTORY"]}, VapiForgot, "vapi-forgot"),
        (400, {"message": "id must be a UUID"}, VapiUnreadable, "vapi-unreadable"),
        (400, b"\xff\xfe", VapiUnreadable, "vapi-unreadable"),
        (401, {}, VapiUnauthorized, "vapi-unauthorized"),
        (403, {}, VapiUnauthorized, "vapi-unauthorized"),
        (404, {}, VapiCallUnknown, "vapi-unknown-call"),
        (404, {"message": RETENTION}, VapiCallUnknown, "vapi-unknown-call"),
        (408, {}, VapiUnavailable, "vapi-unavailable"),
        (429, {}, VapiThrottled, "vapi-throttled"),
        (500, {"message": RETENTION}, VapiUnavailable, "vapi-unavailable"),
        (503, {}, VapiUnavailable, "vapi-unavailable"),
        (402, {}, VapiUnreadable, "vapi-unreadable"),
        (418, {}, VapiUnreadable, "vapi-unreadable"),
        (204, b"", VapiUnreadable, "vapi-unreadable"),
        (206, RECORD, VapiUnreadable, "vapi-unreadable"),
    ],
)
def test_each_status_has_its_error(vapi: Vapi, status: int, body: object, error: type[VapiFailed], reason: str) -> None:
    vapi.serve = lambda handler: send(handler, status, body)
    with pytest.raises(error) as failed:
        client_of(vapi).get_call(ID)
    assert type(failed.value) is error
    assert failed.value.reason == reason
    assert "retention" not in str(failed.value)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"<html>",
        b'"text"',
        b"null",
        b"[]",
        b"{}",
        b"[" * 200_000,
        b'{"id": "\xff"}',
        json.dumps({"id": ID}).encode(),
        json.dumps({"status": "ended"}).encode(),
        json.dumps(RECORD | {"id": ID[:-1] + "b"}).encode(),
        json.dumps(RECORD | {"status": 7}).encode(),
    ],
)
def test_what_is_no_record_of_the_call_is_unreadable(vapi: Vapi, body: bytes) -> None:
    vapi.serve = lambda handler: send(handler, 200, body)
    with pytest.raises(VapiUnreadable):
        client_of(vapi).get_call(ID)


OLDER = RECORD | {"id": ID[:-1] + "b", "createdAt": "2026-11-29T12:00:00Z"}


@pytest.mark.parametrize(
    "page", [{}, None, {"results": [RECORD]}, [7], [{}, None], [{"id": ID, "status": "ended"}], [OLDER, RECORD]]
)
def test_what_is_no_page_newest_first_is_unreadable(vapi: Vapi, page: object) -> None:
    vapi.serve = lambda handler: send(handler, 200, page)
    with pytest.raises(VapiUnreadable):
        client_of(vapi).list_calls(SINCE, None)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(vapi: Vapi, status: int) -> None:
    with running(Vapi()) as inside:
        vapi.serve = lambda handler: send(handler, status, b"", {"Location": f"{inside.url}/call/{ID}"})
        with pytest.raises(VapiUnreadable):
            client_of(vapi).get_call(ID)
        assert inside.asked == []


def test_a_body_that_says_that_it_is_too_long_is_not_read(vapi: Vapi) -> None:
    closed = threading.Event()

    def serve(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(2 * 1024**3))
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b" " * 65_536)
        except OSError:
            closed.set()

    vapi.serve = serve
    with pytest.raises(VapiUnreadable):
        client_of(vapi).get_call(ID)
    assert closed.wait(10), "the connection is closed"


def test_a_length_of_thousands_of_digits_is_no_length(vapi: Vapi) -> None:
    def serve(handler: BaseHTTPRequestHandler) -> None:
        send(handler, 200, RECORD, {"Content-Length": "9" * 5_000})
        handler.close_connection = True

    vapi.serve = serve
    assert client_of(vapi).get_call(ID).vapi_call_id == ID


def test_a_body_that_does_not_say_how_long_it_is_has_an_end_all_the_same(
    vapi: Vapi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "MAX_CALL_BYTES", 200_000)
    sent: list[int] = []

    def serve(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        chunk = b"10000\r\n" + b" " * 65_536 + b"\r\n"
        try:
            while len(sent) < 10_000:
                handler.wfile.write(chunk)
                sent.append(len(chunk))
        except OSError:
            return

    vapi.serve = serve
    with pytest.raises(VapiUnreadable):
        client_of(vapi).get_call(ID)
    assert len(sent) < 10_000


def test_nothing_is_unpacked(vapi: Vapi) -> None:
    packed = gzip.compress(json.dumps(RECORD).encode())
    vapi.serve = lambda handler: send(handler, 200, packed, {"Content-Encoding": "gzip"})
    with pytest.raises(VapiUnreadable):
        client_of(vapi).get_call(ID)


def test_an_answer_that_does_not_come_is_given_up(vapi: Vapi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "READ_SECONDS", 0.05)
    done = threading.Event()

    def serve(_: BaseHTTPRequestHandler) -> None:
        done.wait(10)

    vapi.serve = serve
    try:
        with pytest.raises(VapiUnavailable):
            client_of(vapi).get_call(ID)
    finally:
        done.set()


def test_an_answer_that_drips_is_given_up_in_time(vapi: Vapi) -> None:
    clock = Clock()

    def serve(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000000")
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b" ")
                clock.now += 5
        except OSError:
            return

    vapi.serve = serve
    started = time.monotonic()
    with pytest.raises(VapiUnavailable, match="in time"):
        client_of(vapi, clock=clock).get_call(ID)
    assert time.monotonic() - started < 10


def test_an_answer_that_breaks_off_is_unavailable(vapi: Vapi) -> None:
    def serve(handler: BaseHTTPRequestHandler) -> None:
        send(handler, 200, b"{", {"Content-Length": "1000"})
        handler.close_connection = True

    vapi.serve = serve
    client = client_of(vapi)
    with pytest.raises(VapiUnavailable):
        client.get_call(ID)
    vapi.serve = lambda handler: send(handler, 200, RECORD)
    assert client.get_call(ID).vapi_call_id == ID, "the next request has a connection of its own"


def test_nobody_there_is_unavailable() -> None:
    with running(Vapi()) as gone:
        pass
    with pytest.raises(VapiUnavailable):
        client_of(gone).get_call(ID)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("7", 7),
        ("0.5", 0.5),
        ("-3", 0),
        ("86400", 900),
        ("inf", 900),
        ("Mon, 30 Nov 2026 12:01:00 GMT", 60),
        ("Mon, 30 Nov 2026 11:00:00 GMT", 0),
        ("Tue, 01 Dec 2026 12:00:00 GMT", 900),
        ("Tue, 01 Dec 2026 12:00:00 +999999999999999999", None),
        ("9" * 5_000, 900),
    ],
)
def test_a_pause_that_vapi_asks_for_is_read_and_bounded(value: str | None, seconds: float | None) -> None:
    assert read_retry_after(value, datetime(2026, 11, 30, 12, tzinfo=timezone.utc)) == seconds


@pytest.mark.parametrize("status", [429, 503])
def test_the_pause_is_in_the_error(vapi: Vapi, status: int) -> None:
    vapi.serve = lambda handler: send(handler, status, b"", {"Retry-After": "12"})
    with pytest.raises(VapiFailed) as failed:
        client_of(vapi).get_call(ID)
    assert failed.value.retry_after == 12


# The address and the key


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.vapi.ai",
        "http://api.vapi.ai",
        "http://169.254.169.254",
        "http://127.0.0.1.example.com",
        "ftp://127.0.0.1",
        "https://",
        "https://user:secret@api.vapi.ai",
        "https://api.vapi.ai?x=1",
        "https://api.vapi.ai#x",
        "https://api.vapi.ai:port",
        "https://[::1",
    ],
)
def test_an_address_that_is_not_https_is_refused(url: str) -> None:
    with pytest.raises(VapiNotConfigured):
        checked_url(url)
    with pytest.raises(VapiNotConfigured):
        VapiClient(url, key_of(secret())).get_call(ID)


@pytest.mark.parametrize(
    "url", ["https://api.vapi.ai", "https://eu.example.com/vapi/", "http://localhost:1", "http://[::1]:1"]
)
def test_an_address_is_https_or_loopback(url: str) -> None:
    assert checked_url(url) == url.rstrip("/")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"api_key": ""}',
        '{"api_key": 7}',
        secret("short"),
        secret("two words and"),
        secret(KEY + "\r\nX: y"),
    ],
)
def test_without_a_usable_key_nothing_is_asked(vapi: Vapi, text: str) -> None:
    with pytest.raises(VapiNotConfigured) as failed:
        client_of(vapi, key_of(text)).get_call(ID)
    assert vapi.asked == []
    assert KEY not in str(failed.value)


def test_a_key_that_vapi_does_not_take_is_read_again_once(vapi: Vapi) -> None:
    clock = Clock()
    new = "another-key-of-nobody"

    def serve(handler: BaseHTTPRequestHandler) -> None:
        good = handler.headers["Authorization"] == f"Bearer {new}"
        send(handler, 200 if good else 401, RECORD)

    vapi.serve = serve
    key = key_of(secret(), secret(new), clock=clock)
    key.current()
    clock.now += 60
    assert client_of(vapi, key, clock).get_call(ID).vapi_call_id == ID
    assert len(vapi.asked) == 2
    assert clock.slept == [0.7]


def test_the_same_key_is_not_tried_again(vapi: Vapi) -> None:
    clock = Clock()
    vapi.serve = lambda handler: send(handler, 401)
    reads: list[int] = []

    def read() -> str:
        reads.append(1)
        return secret()

    key = ApiKey(read, clock)
    client = client_of(vapi, key, clock)
    for _ in range(5):
        with pytest.raises(VapiUnauthorized):
            client.get_call(ID)
    assert len(vapi.asked) == 5
    assert len(reads) == 1, "the secret is not read for each of them"
    clock.now += 10
    with pytest.raises(VapiUnauthorized):
        client.get_call(ID)
    assert len(reads) == 2


def test_a_key_is_read_again_after_some_minutes() -> None:
    clock = Clock()
    key = key_of(secret(), secret("another-key-of-nobody"), clock=clock)
    assert key.current() == KEY
    clock.now += 299
    assert key.current() == KEY
    clock.now += 1
    assert key.current() == "another-key-of-nobody"


def test_a_secret_that_cannot_be_read_is_a_transient_error(vapi: Vapi) -> None:
    def fail() -> str:
        raise Transient("secret-unavailable")

    with pytest.raises(Transient):
        client_of(vapi, ApiKey(fail, Clock())).get_call(ID)


@pytest.mark.parametrize("odd", [{}, 7, None, {"id": ID, "status": "ended"}, RECORD | {"createdAt": "yesterday"}])
def test_an_unreadable_record_of_a_page_hides_no_other(
    vapi: Vapi, odd: object, caplog: pytest.LogCaptureFixture
) -> None:
    vapi.serve = lambda handler: send(handler, 200, [RECORD, odd, OLDER])
    records, last = client_of(vapi).list_calls(SINCE, None)
    assert ([record.vapi_call_id for record in records], last) == ([ID, OLDER["id"]], True)
    (logged,) = caplog.records
    assert vars(logged) | {"unreadable": 1, "read": 2} == vars(logged)
