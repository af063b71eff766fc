"""Vapi waits for who takes a call: it gets an answer in time, whatever the function's end of the connection does."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from typing import Any, Final

import pytest

from autopulse.aws import LAMBDA, Lambda
from autopulse.ingress.callers import READ_SECONDS, Callers

FUNCTION: Final = "arn:aws:lambda:us-west-2:111122223333:function:autopulse-test-callers:live"
REQUEST: Final = {"type": "assistant-request", "call": {"id": "v1", "phoneNumberId": "p1"}}
ANSWERED_SECONDS: Final = 5
KNOWN: Final[dict[str, Any]] = {"assistant_id": "assistant-1", "caller": "unknown", "call_id": None, "variables": {}}


class Server:
    """Stands for Lambda's endpoint: each connection gets what `behave` does with it."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.behave: Callable[[socket.socket], None] = lambda _: None
        self.connections: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with suppress(OSError):  # it is closed
            while True:
                connection, _ = self._listening.accept()
                self.connections.append(connection)
                with suppress(OSError):
                    self.behave(connection)

    def close(self) -> None:
        with suppress(OSError):  # a test has closed it
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for connection in self.connections:
            connection.close()


def answer(connection: socket.socket) -> None:
    body = json.dumps(KNOWN).encode()
    connection.recv(65_536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


def answer_and_close(connection: socket.socket) -> None:
    """The connection is not said to end, as one that is closed after a while is not."""
    answer(connection)
    connection.close()


def begin_and_stop(connection: socket.socket) -> None:
    connection.recv(65_536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{")


def nonsense(connection: socket.socket) -> None:
    connection.recv(65_536)
    connection.sendall(b"nonsense\r\n\r\n")
    connection.close()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with closing(Server()) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", f"http://127.0.0.1:{server.port}")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        yield server


def _ask(callers: Callers) -> tuple[Any, str | None, float]:
    begun = time.monotonic()
    asked = callers.answer(REQUEST, 0, lambda _: None)
    return asked.answer, asked.cause, time.monotonic() - begun


@pytest.mark.parametrize(
    ("behave", "cause"),
    [
        (lambda _: None, "ReadTimeoutError"),
        (begin_and_stop, "ReadTimeoutError"),
        (lambda connection: connection.close(), "ConnectionClosedError"),
        (nonsense, "ConnectionClosedError"),
    ],
    ids=["silence", "half an answer", "the end", "nonsense"],
)
def test_there_is_an_answer_in_time(server: Server, behave: Callable[[socket.socket], None], cause: str) -> None:
    callers = Callers(FUNCTION, Lambda(LAMBDA, READ_SECONDS), "assistant-default")
    server.behave = behave
    answered, told, seconds = _ask(callers)
    assert answered == {"assistantId": "assistant-default"}
    assert told == cause
    assert seconds < ANSWERED_SECONDS


def test_a_port_that_nobody_listens_at_is_told(server: Server) -> None:
    server.close()
    answered, told, seconds = _ask(Callers(FUNCTION, Lambda(LAMBDA, READ_SECONDS), "assistant-default"))
    assert (answered, told) == ({"assistantId": "assistant-default"}, "EndpointConnectionError")
    assert seconds < ANSWERED_SECONDS


def test_a_kept_connection_that_was_closed_costs_no_answer(server: Server) -> None:
    """As after minutes without a call: the function is asked again by a new one."""
    callers = Callers(FUNCTION, Lambda(LAMBDA, READ_SECONDS), "")
    server.behave = answer_and_close
    for _ in range(3):
        answered, told, _ = _ask(callers)
        assert (answered, told) == ({"assistantId": "assistant-1"}, None)
