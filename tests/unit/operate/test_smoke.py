"""The smoke test, against answers that are made up."""

from collections.abc import Mapping
from typing import Any

import pytest

from operate import smoke
from operate.target import Target
from operate.vapi import doctor
from operate.vapi.connection import Connection
from operate.vapi.findings import wrong

CONNECTION = Connection("https://stack.example.com/api/v1/webhooks/vapi-webhook", {"kind": "hmac", "secret": "sample"})
OUTPUTS = {"ApiUrl": "https://stack.example.com/api", "ConsoleUrl": "https://stack.example.com/api/console/#token=x"}
HEALTHY = {
    "/api/v1/webhooks/vapi-webhook": 401,
    "/api/v1/calls": 401,
    "/api/console/": 200,
    "/api/console/config.json": 200,
}


class Logs:
    """CloudWatch Logs, which has the event from the second question on."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []

    def filter_log_events(self, **question: str) -> dict[str, Any]:
        self.asked.append(question)
        return {"events": [{}] if len(self.asked) > 1 else []}


def _target(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> Target:
    monkeypatch.setattr(Target, "resource", lambda _self, name: f"group-of-{name}")
    return Target("staging", "sample", lambda _service: logs, OUTPUTS)


def _answer(monkeypatch: pytest.MonkeyPatch, statuses: Mapping[str, int]) -> None:
    host = "https://stack.example.com"
    monkeypatch.setattr(smoke, "ask", lambda _method, url: (statuses.get(url.removeprefix(host), 0), b""))


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smoke, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(doctor, "post_ping", lambda _connection: "event-1")


def test_a_healthy_stack_passes(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    logs = Logs()
    _answer(monkeypatch, HEALTHY)
    assert smoke.smoke(_target(logs, monkeypatch), CONNECTION) == 0
    assert "ping event-1 was stored" in capsys.readouterr().out
    assert logs.asked[1]["logGroupName"] == "group-of-StatusUpdateLogGroup"
    assert '$.event_id = "event-1"' in logs.asked[1]["filterPattern"]


@pytest.mark.parametrize(
    ("path", "status"), [(path, status) for path in HEALTHY for status in (0, 200, 401, 500) if HEALTHY[path] != status]
)
def test_any_other_answer_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], path: str, status: int
) -> None:
    _answer(monkeypatch, HEALTHY | {path: status})
    assert smoke.smoke(_target(Logs(), monkeypatch), CONNECTION) == 1
    assert f"answered {status or 'nothing'}" in capsys.readouterr().out


def test_a_ping_that_is_refused_or_never_stored_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _answer(monkeypatch, HEALTHY)
    monkeypatch.setattr(doctor, "PATIENCE_SECONDS", 0)
    assert smoke.smoke(_target(Logs(), monkeypatch), CONNECTION) == 1
    assert "not stored within" in capsys.readouterr().out
    monkeypatch.setattr(doctor, "post_ping", lambda _connection: wrong("ping", "answered 503", "see the log"))
    assert smoke.smoke(_target(Logs(), monkeypatch), CONNECTION) == 1
    assert "answered 503" in capsys.readouterr().out
