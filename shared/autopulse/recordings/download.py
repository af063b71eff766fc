"""Download a recording from Vapi: by the call's id with the key, or else from the report's presigned URL.

Vapi's API answers with a redirect to its storage. Our code follows this redirect once, without the key, and only to
hosts that the stack lists. No other URL is requested, neither one in a message, nor the target of a second redirect.
"""

import hashlib
import http.client
import ipaddress
import math
import re
import socket
import ssl
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Final
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from autopulse.errors import CopyFailed
from autopulse.recordings.requests import UUID, CopyRequest
from autopulse.vapi.recordings import is_at

MAX_BYTES: Final = 200_000_000
"""The maximum size of a recording: 104 minutes of Vapi's usual WAV (16 kHz, 16 bit, mono)."""
LONGEST_SECONDS: Final = 120.0
"""The time limit in seconds of one download, from the first connection to the last byte."""
QUIET_SECONDS: Final = 10.0
"""The timeout in seconds for a connection, and for the next bytes."""
READ_BYTES: Final = 65_536
MOST_RETRY_AFTER_SECONDS: Final = 3600.0
_AUDIO: Final = re.compile("audio/[a-z0-9][a-z0-9.+-]{0,60}")
_LENGTH: Final = re.compile("[0-9]{1,18}")
"""At most as many digits as `int` reads; a longer length is ignored, and the bytes are counted anyway."""
_HEAD_BYTES: Final = 16
_TEXT: Final = re.compile(rb"(?!RIFF)(?:\xef\xbb\xbf)?[\t\n\r -~]*")
"""Only ASCII: all audio files have other bytes near their beginning, except WAV, whose length may be any number."""
_RIFF_HEAD_BYTES: Final = 8
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_OK, _BAD_REQUEST, _NOT_FOUND, _GONE, _TOO_MANY, _SERVER_ERROR = 200, 400, 404, 410, 429, 500
_UNAUTHORIZED: Final = frozenset({401, 403})
_LOCALHOST: Final = "localhost"
_FIRST_FREE_PORT: Final = 1024
_NUMERIC_LABEL: Final = re.compile("0x[0-9a-f]*|[0-9]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Source:
    """The source of recordings."""

    api_url: str
    """The base URL of Vapi's API."""
    api_key: str
    """Vapi's key; if it is empty, only presigned URLs of reports are used."""
    storage_hosts: Collection[str]
    """Hosts that recordings are read from; `*.example.com` stands for every subdomain of example.com."""


class Body:
    """The body of an answer as a file that is read once: it is counted, hashed, and checked for completeness."""

    def __init__(self, answer: http.client.HTTPResponse, content_type: str, deadline: float) -> None:
        self._answer = answer
        self._deadline = deadline
        self._head = b""
        self._is_over = False
        self._sha256 = hashlib.sha256()
        self.content_type = content_type
        self.bytes = 0
        """The number of bytes read so far."""

    @property
    def sha256(self) -> str:
        """The digest of the bytes read so far, in hexadecimal digits."""
        return self._sha256.hexdigest()

    def read(self, amount: int = -1) -> bytes:
        """Read `amount` bytes, fewer only at the end; a negative number reads all that are left.

        Raises CopyFailed if the body is too long, ends too early or takes too long.
        """
        left = amount if amount >= 0 else MAX_BYTES + 1
        parts = []
        while left > 0 and not self._is_over:
            part = self._some(min(left, READ_BYTES))
            left -= len(part)
            parts.append(part)
        return b"".join(parts)

    def _some(self, amount: int) -> bytes:
        left = None if self._length is None else self._length - self.bytes
        part = b"" if left == 0 else self._received(amount if left is None else min(amount, left))
        if not part:
            self._is_over = True
            if not self._is_whole():
                raise CopyFailed(CopyFailed.SLOW if time.monotonic() >= self._deadline else CopyFailed.BROKEN_OFF)
        self.bytes += len(part)
        if self.bytes > MAX_BYTES:
            raise CopyFailed(CopyFailed.TOO_LARGE, is_final=True)
        self._sha256.update(part)
        if len(self._head) < _HEAD_BYTES:
            self._head = (self._head + part)[:_HEAD_BYTES]
            self._check_head()
        return part

    def _check_head(self) -> None:
        """Raise CopyFailed if it begins like a page or a text, because the content type may be wrong."""
        if (len(self._head) == _HEAD_BYTES or self._is_over) and _TEXT.fullmatch(self._head):
            raise CopyFailed(CopyFailed.NO_AUDIO)

    def _received(self, amount: int) -> bytes:
        try:
            part = self._answer.read1(amount)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise _lost(error, self._deadline, CopyFailed.BROKEN_OFF) from None
        if time.monotonic() >= self._deadline:
            raise CopyFailed(CopyFailed.SLOW)
        return part

    @property
    def _length(self) -> int | None:
        return None if self._answer.chunked else _length_of(self._answer)

    def _is_whole(self) -> bool:
        """Whether the body is complete: by its length, its chunks, or the length in a WAV file."""
        if self.bytes == 0:
            raise CopyFailed(CopyFailed.NO_AUDIO)
        if self._length is not None:
            return self.bytes == self._length
        says = self._head[:4] == b"RIFF" and int.from_bytes(self._head[4:8], "little") + _RIFF_HEAD_BYTES
        return bool(self._answer.chunked) or (bool(says) and self.bytes >= says)


@contextmanager
def open_recording(request: CopyRequest, source: Source) -> Iterator[Body]:
    """Open a recording as a body to read; opening and reading raise CopyFailed."""
    deadline = time.monotonic() + LONGEST_SECONDS
    api = urlsplit(source.api_url)
    if source.api_key and UUID.fullmatch(request.vapi_call_id):
        asked = f"{source.api_url.rstrip('/')}/call/{quote(request.vapi_call_id)}/mono-recording"
        with _get(asked, {"authorization": f"Bearer {source.api_key}"}, deadline, is_inside=True) as answer:
            if answer.status not in _REDIRECTS:
                _check_api(answer)
                yield _body_of(answer, deadline)
                return
            url = _joined(asked, answer.headers.get("location") or "")
    elif request.url is not None:
        url = request.url
    else:
        raise CopyFailed(CopyFailed.NO_SOURCE, is_final=True)
    if not may_be_read(url, source.storage_hosts, api):
        raise CopyFailed(CopyFailed.REDIRECT_REFUSED)
    with _get(url, {}, deadline, is_inside=is_loopback(api)) as answer:
        _check_storage(answer)
        yield _body_of(answer, deadline)


def may_be_read(url: str, hosts: Collection[str], api: SplitResult) -> bool:
    """Whether a URL of the storage may be requested.

    It has to be https, at a listed host, without a user or another port, and without an IP address. If Vapi's API is a
    test double on loopback, its storage may be one too, at the same host and an unprivileged port; then http is
    allowed.
    """
    try:
        parts = urlsplit(url)
        if is_loopback(api) and parts.scheme == api.scheme == "http":
            return parts.netloc == f"{api.hostname}:{parts.port}" and (parts.port or 0) >= _FIRST_FREE_PORT
        last_label = (parts.hostname or "").rpartition(".")[2]
    except ValueError:
        return False
    return is_at(url, hosts) and not _NUMERIC_LABEL.fullmatch(last_label)


def is_loopback(api: SplitResult) -> bool:
    """Whether a URL is on this machine."""
    host = api.hostname or ""
    try:
        return host == _LOCALHOST or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _joined(asked: str, location: str) -> str:
    """The absolute target of a redirect; empty if it is invalid."""
    try:
        return urljoin(asked, location)
    except ValueError:
        return ""


@contextmanager
def _get(
    url: str, headers: Mapping[str, str], deadline: float, *, is_inside: bool
) -> Iterator[http.client.HTTPResponse]:
    """Send one request without following redirects; with `is_inside` the address may be a private one.

    At the deadline the connection is shut down, which ends every wait.
    """
    parts = urlsplit(url)
    with closing(connection_to(parts)) as connection:
        try:
            connection.connect()
            _let_outside(connection.sock, is_inside=is_inside)
        except (OSError, http.client.HTTPException) as error:
            raise _lost(error, deadline, CopyFailed.UNAVAILABLE) from None
        guard = threading.Timer(max(0.0, deadline - time.monotonic()), _shut_down, [connection.sock])
        guard.daemon = True
        guard.start()
        try:
            answer = _answer_of(connection, parts, headers, deadline)
            with closing(answer):
                yield answer
        finally:
            guard.cancel()


def _answer_of(
    connection: http.client.HTTPConnection, parts: SplitResult, headers: Mapping[str, str], deadline: float
) -> http.client.HTTPResponse:
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    usual = {"accept": "audio/*", "accept-encoding": "identity", "connection": "close", "user-agent": "autopulse"}
    try:
        connection.request("GET", target, headers=usual | dict(headers))
        return connection.getresponse()
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _lost(error, deadline, CopyFailed.UNAVAILABLE) from None


def connection_to(parts: SplitResult) -> http.client.HTTPConnection:
    """A TLS connection, or http to a test double on loopback; it is not opened yet. Raises CopyFailed for any other."""
    host, port = parts.hostname or "", parts.port
    if parts.scheme == "https":
        return http.client.HTTPSConnection(host, port, timeout=QUIET_SECONDS, context=_tls())
    if parts.scheme == "http" and is_loopback(parts):
        return http.client.HTTPConnection(host, port, timeout=QUIET_SECONDS)
    raise CopyFailed(CopyFailed.REDIRECT_REFUSED)


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _let_outside(connected: socket.socket, *, is_inside: bool) -> None:
    """Raise CopyFailed if a listed host name has led to an address that is not public."""
    if not is_inside and not ipaddress.ip_address(connected.getpeername()[0]).is_global:
        raise CopyFailed(CopyFailed.REDIRECT_REFUSED)


def _shut_down(connected: socket.socket) -> None:
    try:
        socket.socket.shutdown(connected, socket.SHUT_RDWR)  # not TLS's own shutdown, which would wait for the peer
    except OSError:
        return


def _lost(error: Exception, deadline: float, reason: str) -> CopyFailed:
    is_late = isinstance(error, TimeoutError) or time.monotonic() >= deadline
    return CopyFailed(CopyFailed.SLOW if is_late else reason)


def _check_api(answer: http.client.HTTPResponse) -> None:
    status = answer.status
    if status == _OK:
        return
    if status in {_NOT_FOUND, _GONE}:
        raise CopyFailed(CopyFailed.NOT_FOUND)
    if status == _BAD_REQUEST:  # the call is older than the subscription keeps; its id has the right form
        raise CopyFailed(CopyFailed.NOT_FOUND, is_final=True)
    if status in _UNAUTHORIZED:
        raise CopyFailed(CopyFailed.UNAUTHORIZED)
    raise _unavailable(answer)


def _check_storage(answer: http.client.HTTPResponse) -> None:
    status = answer.status
    if status == _OK:
        return
    if status in _REDIRECTS:
        raise CopyFailed(CopyFailed.REDIRECT_REFUSED)
    if status in {_NOT_FOUND, _GONE}:
        raise CopyFailed(CopyFailed.NOT_FOUND)
    if status == _BAD_REQUEST or status in _UNAUTHORIZED:
        raise CopyFailed(CopyFailed.EXPIRED)
    raise _unavailable(answer)


def _unavailable(answer: http.client.HTTPResponse) -> CopyFailed:
    wait = _retry_after(answer.headers.get("retry-after"))
    if answer.status == _TOO_MANY:
        return CopyFailed(CopyFailed.THROTTLED, retry_after=wait)
    is_outage = answer.status >= _SERVER_ERROR
    return CopyFailed(CopyFailed.UNAVAILABLE if is_outage else CopyFailed.UNEXPECTED, retry_after=wait)


def _retry_after(given: str | None) -> float:
    """The delay in seconds, limited; a date counts as absent."""
    try:
        seconds = float(given or 0)
    except ValueError:
        return 0
    return min(max(seconds, 0), MOST_RETRY_AFTER_SECONDS) if math.isfinite(seconds) else 0


def _body_of(answer: http.client.HTTPResponse, deadline: float) -> Body:
    content_type = (answer.headers.get("content-type") or "").partition(";")[0].strip().lower()
    if not _AUDIO.fullmatch(content_type):
        raise CopyFailed(CopyFailed.NO_AUDIO)
    if (answer.headers.get("content-encoding") or "identity").strip().lower() != "identity":
        raise CopyFailed(CopyFailed.NO_AUDIO)
    body = Body(answer, content_type, deadline)
    length = _length_of(answer)
    if length is not None and length > MAX_BYTES:
        raise CopyFailed(CopyFailed.TOO_LARGE, is_final=True)
    return body


def _length_of(answer: http.client.HTTPResponse) -> int | None:
    given = answer.headers.get("content-length") or ""
    return int(given) if _LENGTH.fullmatch(given) else None
