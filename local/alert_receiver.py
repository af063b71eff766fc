"""A stand-in for the receiver of alerts of follow-ups: a server on loopback with configurable answers.

The local stack runs one in the process of the stand-in for Vapi's API, whose log shows the alerts; the tests run it in
their own process. `python -m local.alert_receiver --port 4600` prints the alerts that it receives (docs/follow-ups.md).
"""

import argparse
import json
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from local.console import say
from local.serving import serving

LOOPBACK: Final = "127.0.0.1"
PATH: Final = "/alerts"
KEPT: Final = 1000
"""The number of requests that a receiver keeps."""


@dataclass(frozen=True)
class Reply:
    """The answer to one request."""

    status: int = 200
    seconds: float = 0
    """Seconds before the answer is sent."""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"ok"
    is_endless: bool = False
    """Whether the body never ends."""


@dataclass(frozen=True)
class Received:
    """One received request."""

    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - any JSON
        """The body, parsed as JSON."""
        return json.loads(self.body)


class Receiver:
    """The received requests, and the replies to send: first those given, in order, then 200."""

    def __init__(self, url: str) -> None:
        """Begin without requests and replies."""
        self.url = url
        self.replies: list[Reply] = []
        self.received: deque[Received] = deque(maxlen=KEPT)
        self.closing = threading.Event()

    def answer(self, received: Received) -> Reply:
        """Record a request, and return the reply to it."""
        self.received.append(received)
        return self.replies.pop(0) if self.replies else Reply()


@contextmanager
def serve(port: int = 0, *, prints: bool = False) -> Iterator[Receiver]:
    """Serve on a free port."""
    server = ThreadingHTTPServer((LOOPBACK, port), BaseHTTPRequestHandler)
    receiver = Receiver(f"http://{LOOPBACK}:{server.server_address[1]}{PATH}")
    server.RequestHandlerClass = _handler_of(receiver, prints=prints)
    with serving(server):
        try:
            yield receiver
        finally:
            receiver.closing.set()


def _handler_of(receiver: Receiver, *, prints: bool) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            received = Received({name.lower(): value for name, value in self.headers.items()}, body)
            if prints:
                say(json.dumps(received.json, indent=2))
            try:
                self._send(receiver.answer(received))
            except ConnectionError:  # the client has closed the connection
                self.close_connection = True

        def _send(self, reply: Reply) -> None:
            receiver.closing.wait(reply.seconds)
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)
            while reply.is_endless and not receiver.closing.is_set():
                self.wfile.write(b"." * 65_536)

        def log_message(self, format: str, *_arguments: object) -> None:  # noqa: A002 - http.server's name
            """Suppress http.server's log."""

    return Handler


def main() -> None:
    """Print alerts until the process is stopped."""
    parser = argparse.ArgumentParser(prog="python -m local.alert_receiver", description=__doc__)
    parser.add_argument("--port", type=int, default=4600)
    with serve(parser.parse_args().port, prints=True) as receiver:
        say(f"Alerts are received at {receiver.url}")
        threading.Event().wait()


if __name__ == "__main__":
    main()
