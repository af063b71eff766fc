"""The stand-in as two servers on loopback: the API, and the storage of recordings on a port of its own."""

import json
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from local.serving import serving
from local.vapi_api.answers import NOTHING, Answer, error
from local.vapi_api.vapi import CONTROL, KEY, Request, Vapi, new_organization

LOOPBACK: Final = "127.0.0.1"
_PIECE: Final = 65_536
_SMALL_PIECE: Final = 1_000


class _Server(ThreadingHTTPServer):
    """A server with an event for its end, so that its end does not wait for slow answers."""

    daemon_threads = True

    def __init__(self, port: int, handler: type[BaseHTTPRequestHandler]) -> None:
        self.closing = threading.Event()
        super().__init__((LOOPBACK, port), handler)

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler, ABC):
    vapi: ClassVar[Vapi]
    server: _Server
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer is one packet; with two, the second would be delayed by 40 ms
    under_way: ClassVar[list["_Handler"]]

    def _serve(self) -> None:
        self.under_way.append(self)
        try:
            self._send(self._answer())
        except ConnectionError:  # the client has closed the connection
            self.close_connection = True
        finally:
            self._end()

    def _end(self) -> None:
        if self in self.under_way:
            self.under_way.remove(self)

    def _answer(self) -> Answer:
        length = int(self.headers.get("Content-Length", 0))
        content = self.rfile.read(length)
        try:
            body = json.loads(content) if content else None
        except ValueError:
            return error(400, "Unexpected token in JSON")
        with self.vapi.lock:
            return self._decide(body)

    @abstractmethod
    def _decide(self, body: Any) -> Answer:  # noqa: ANN401 - any JSON
        """Return the answer; the caller holds the lock."""

    def _request(self, body: Any) -> Request:  # noqa: ANN401 - any JSON
        has_key = "Authorization" in self.headers
        now = self.vapi.now().isoformat()
        # Requests for recordings do not count: another function sends them, in parallel.
        at_once = sum(not one.path.endswith("-recording") for one in self.under_way)
        return Request(self.command, self.path, body, now, has_key, at_once)

    def _send(self, answer: Answer) -> None:
        self.server.closing.wait(answer.seconds)
        if answer.status == NOTHING:
            self.close_connection = True
            return
        content = answer.content
        length = len(content) if answer.length is None else answer.length
        self.send_response(answer.status)
        for name, value in _headers(answer).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        size = _SMALL_PIECE if answer.pause else _PIECE
        left = length
        for piece in _pieces(content, length, size):
            left -= len(piece)
            if not left:
                self._end()  # once the client has the last byte it may send its next request
            self.wfile.write(piece)
            if answer.pause:
                self.wfile.flush()
                if self.server.closing.wait(answer.pause):
                    raise ConnectionAbortedError

    def log_message(self, format: str, *_arguments: object) -> None:  # noqa: A002 - http.server's name
        """Suppress http.server's log."""


class _ApiHandler(_Handler):
    def _decide(self, body: Any) -> Answer:  # noqa: ANN401 - any JSON
        key = self.headers.get("Authorization", "")
        path = urlsplit(self.path).path
        if path.startswith(f"/{CONTROL}/"):
            try:
                return self.vapi.control(self.command, path, key, body)
            except (KeyError, TypeError, ValueError) as wrong:
                return error(400, str(wrong))
        self.vapi.requests.append(self._request(body))
        return self.vapi.answer(self.command, self.path, key, body)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _Handler._serve  # noqa: N815, SLF001 - http.server's names


class _StorageHandler(_Handler):
    def _decide(self, body: Any) -> Answer:  # noqa: ANN401 - any JSON
        self.vapi.fetched.append(self._request(body))
        fault = self.vapi.take_fault(urlsplit(self.path).path, named=True)
        return fault or self.vapi.storage.answer(self.path, self.headers, self.vapi.now())  # type: ignore[arg-type] # headers are a mapping

    do_GET = _Handler._serve  # noqa: N815, SLF001 - http.server's name


def _headers(answer: Answer) -> Mapping[str, str]:
    return {"Content-Type": answer.content_type} | dict(answer.headers)


def _pieces(content: bytes, length: int, size: int) -> Iterator[bytes]:
    """Yield the content, repeated or cut to a length, in pieces of about `size` bytes."""
    if length > len(content):
        content *= max(1, size // max(1, len(content)))
    sent = 0
    while sent < length and content:
        for begin in range(0, min(len(content), length - sent), size):
            piece = content[begin : begin + size][: length - sent]
            yield piece
            sent += len(piece)


@contextmanager
def serve(port: int = 0, storage_port: int = 0, key: str = KEY, file: Path | None = None) -> Iterator[Vapi]:
    """Serve an organization without configuration, on ports of its own, with the calls in `file`."""
    under_way: list[_Handler] = []
    with ExitStack() as servers:
        api_handler = type("Handler", (_ApiHandler,), {"under_way": under_way})
        storage_handler = type("Handler", (_StorageHandler,), {"under_way": []})
        api = servers.enter_context(_Server(port, api_handler))
        storage = servers.enter_context(_Server(storage_port, storage_handler))
        vapi = new_organization(api.url, storage.url, key, file)
        servers.callback(vapi.calls.close)
        for server, handler in ((api, api_handler), (storage, storage_handler)):
            handler.vapi = vapi  # type: ignore[attr-defined] # a class of this server's own
            servers.enter_context(serving(server))
            servers.callback(server.closing.set)
        yield vapi
