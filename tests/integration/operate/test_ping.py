"""The doctor's ping against a gateway that answers as it is told."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from local.serving import serving
from operate.vapi import doctor
from operate.vapi.connection import Connection
from operate.vapi.doctor import Reader, ping
from tests.integration.operate.conftest import SECRET

EVENT_ID = "e" * 64
TOKEN = "token"
ACCEPTED = (200, {"status": "accepted", "event_id": EVENT_ID})
STORED = (200, {"event_id": EVENT_ID, "processed_at": "2026-11-02T15:00:00Z"})
Answers = list[tuple[int, Any]]


class Gateway:
    """Webhook URL and read API in one; the last answer of each is given again and again."""

    def __init__(self, port: int) -> None:
        self.posts: Answers = [ACCEPTED]
        self.gets: Answers = [STORED]
        self.tokens: list[str | None] = []
        self.url = f"http://127.0.0.1:{port}"

    @property
    def connection(self) -> Connection:
        return Connection(f"{self.url}/v1/webhooks/vapi-webhook", {"kind": "hmac", "secret": SECRET})

    def findings(self, asked_with: str | None = TOKEN) -> list[str]:
        found = ping(self.connection, Reader(lambda: self.url, asked_with))
        return [f"{finding.what} -> {finding.remedy}" for finding in found]


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    monkeypatch.setattr(doctor, "PAUSE_SECONDS", 0)

    class Handler(BaseHTTPRequestHandler):
        def _serve(self, answers: Answers) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, body = answers.pop(0) if len(answers) > 1 else answers[0]
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:
            self._serve(served.posts)

        def do_GET(self) -> None:
            served.tokens.append(self.headers.get("Authorization"))
            assert self.path == f"/v1/pings/{EVENT_ID}"
            self._serve(served.gets)

        def log_message(self, format: str, *_arguments: object) -> None:  # noqa: A002 - as above
            """Say nothing."""

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as server:
        served = Gateway(server.server_port)
        yield served


def test_a_ping_that_is_stored_at_once(gateway: Gateway, capsys: pytest.CaptureFixture[str]) -> None:
    assert gateway.findings() == []
    assert gateway.tokens == [f"Bearer {TOKEN}"]
    assert EVENT_ID in capsys.readouterr().out


def test_not_yet_and_passing_faults_are_waited_for(gateway: Gateway) -> None:
    gateway.gets = [(404, {}), (503, {}), (429, {}), (504, b"<html>"), STORED]
    assert gateway.findings() == []
    assert len(gateway.tokens) == 5


def test_what_is_never_stored_is_said(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "PATIENCE_SECONDS", 0)
    gateway.gets = [(404, {})]
    (finding,) = gateway.findings()
    assert "not stored within" in finding
    assert "make redrive KIND=status_update" in finding


def test_without_a_token_nobody_can_tell(gateway: Gateway) -> None:
    (finding,) = gateway.findings(asked_with=None)
    assert "API_TOKEN" in finding
    assert gateway.tokens == []


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_is_refused(gateway: Gateway, status: int) -> None:
    gateway.gets = [(status, {})]
    (finding,) = gateway.findings()
    assert "is API_TOKEN valid still" in finding


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((401, {}), "the secret is not the stack's"),
        ((403, {}), "firewall"),
        ((404, {}), "the path"),
        ((503, {}), "the verifier's log"),
        ((500, b"<html>"), "the verifier's log"),
        ((200, {"status": "ignored"}), "no webhook URL of this project"),
        ((200, b"hello"), "no webhook URL of this project"),
    ],
)
def test_what_refuses_a_ping(gateway: Gateway, answer: tuple[int, Any], said: str) -> None:
    gateway.posts = [answer]
    (finding,) = gateway.findings()
    assert said in finding
    assert SECRET not in finding
    assert gateway.tokens == []
