"""Vapi's API and its storage, for recordings: one server on loopback with configurable answers."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from local.serving import serving

KEY: Final = "private-key-of-nobody"
VAPI_CALL_ID: Final = "0197f9d4-0000-4000-8000-00000000beef"
ASKED: Final = f"/call/{VAPI_CALL_ID}/mono-recording"
SIGNED: Final = "/storage/one-mono.wav?X-Amz-Signature=ab"


def wav(size: int = 64_044) -> bytes:
    """Return a WAV file of this length; only its header is real."""
    return b"RIFF" + (size - 8).to_bytes(4, "little") + b"WAVEfmt " + bytes(size - 16)


@dataclass
class Said:
    """An answer; a callable body writes the response itself, and the connection is closed after it."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Callable[[BaseHTTPRequestHandler], None] = b""
    has_length: bool = True


@dataclass(frozen=True)
class Request:
    """One request."""

    path: str
    authorization: str | None


class Storage:
    """The server; each path has a list of answers, which are used in order."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.requests: list[Request] = []
        self.answers: dict[str, list[Said]] = {}
        self.over = threading.Event()
        """Set when the test has ended, so that open connections end."""

    def say(self, path: str, *answers: Said) -> None:
        """Set the answers of a path; the last one is repeated."""
        self.answers[path] = list(answers)

    def keep(self, *bodies: Said) -> None:
        """Redirect the call's recording to a path with these answers."""
        self.say(ASKED, self.redirect(f"{self.url}{SIGNED}"))
        self.say(SIGNED, *bodies)

    @staticmethod
    def redirect(location: str, status: int = 302) -> Said:
        return Said(status, {"location": location})

    def next_for(self, path: str) -> Said:
        answers = self.answers.get(path, [Said(404)])
        return answers.pop(0) if len(answers) > 1 else answers[0]

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.requests]


@contextmanager
def serve() -> Iterator[Storage]:
    """Run the server."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            storage.requests.append(Request(self.path, self.headers.get("authorization")))
            said = storage.next_for(self.path)
            self.send_response(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            if callable(said.body):
                self.close_connection = True
                self.end_headers()
                said.body(self)
                return
            if said.has_length and "content-length" not in said.headers:
                self.send_header("content-length", str(len(said.body)))
            self.end_headers()
            self.close_connection = self.close_connection or not said.has_length
            try:
                self.wfile.write(said.body)
            except OSError:  # the client has stopped reading
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Suppress http.server's log."""

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as server:
        storage = Storage(server.server_port)
        try:
            yield storage
        finally:
            storage.over.set()
