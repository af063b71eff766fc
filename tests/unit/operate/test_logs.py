"""`make drift` and `make refusals`: what the logs of all functions tell, grouped, and nothing that a terminal obeys."""

import json
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import boto3
import pytest
from moto import mock_aws

from autopulse.consumers.registry import REGISTRY
from autopulse.vapi.drift import What
from autopulse.vapi.signature import Part
from operate import __main__ as command
from operate.commands import arguments
from operate.drift import REMEDIES, drift
from operate.logs import read_since
from operate.refusals import REMEDIES as REFUSAL_REMEDIES
from operate.refusals import refusals
from operate.target import OperationFailed, Target
from tests.unit.operate.conftest import STACK, Formation

NOW = datetime.now(timezone.utc).replace(microsecond=0)
FUNCTIONS = ["Verifier", *(kind.prefix for kind in REGISTRY.values())]
CALL = "5d0c1f6e-0000-4000-8000-00000000c411"
Capture = pytest.CaptureFixture[str]


class Logs:
    """CloudWatch Logs of an account in memory."""

    def __init__(self) -> None:
        self.client = boto3.Session("testing", "testing", region_name="us-west-2").client("logs")
        self.groups = {f"{name}LogGroup": f"/aws/lambda/{STACK}-{name}" for name in FUNCTIONS}
        for group in self.groups.values():
            self.client.create_log_group(logGroupName=group)
            self.client.create_log_stream(logGroupName=group, logStreamName="1")

    @property
    def target(self) -> Target:
        formation = Formation(self.groups, {})
        return Target("staging", STACK, lambda service: {"logs": self.client, "cloudformation": formation}[service], {})

    def put(self, function: str, age: timedelta, *lines: object) -> None:
        at = int((NOW - age).timestamp() * 1000)
        texts = (line if isinstance(line, str) else json.dumps(line) for line in lines)
        self.client.put_log_events(
            logGroupName=self.groups[f"{function}LogGroup"],
            logStreamName="1",
            logEvents=[{"timestamp": at, "message": text} for text in texts],
        )


@pytest.fixture
def logs() -> Iterator[Logs]:
    with mock_aws():
        yield Logs()


def named(what: str, value: str, **more: object) -> dict[str, Any]:
    return {"what": what, "value": value, **more}


def accepted(*values: dict[str, Any], call: str | None = CALL) -> dict[str, Any]:
    return {"message": "Webhook accepted", "drift": list(values), "vapi_call_id": call}


def refused(part: str, status: int = 401, reason: str = "mismatch", **miss: object) -> dict[str, Any]:
    told = {"credential": 0, "header": "x-vapi-signature", "part": part, **miss}
    return {"message": "Webhook refused", "reason": reason, "status": status, "part": part, "misses": [told]}


HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def test_nothing_new_is_said_as_such(logs: Logs, capsys: Capture) -> None:
    logs.put("Verifier", HOUR, {"message": "Webhook accepted", "detail": "no drift here"}, "drift, but no JSON")
    assert drift(logs.target, "7d", NOW) == 0
    assert "Nothing unknown since" in capsys.readouterr().out


def test_values_of_all_functions_are_added_up(logs: Logs, capsys: Capture) -> None:
    logs.put("Verifier", 2 * HOUR, accepted(named("field", "moodOfTheCall"), named("field", "weather")))
    logs.put("Verifier", HOUR, accepted(named("field", "moodOfTheCall"), call="call_2"))
    ids = [f"call_{number}" for number in range(3)]
    reason = named("ended_reason", "was-levitated", count=5, vapi_call_ids=ids)
    logs.put("EndOfCallReport", HOUR, {"message": "unknown values", "kind": "end_of_call_report", "drift": [reason]})
    logs.put(
        "StatusUpdate", 3 * HOUR, {"drift": [named("ended_reason", "was-levitated", count=2, vapi_call_ids=[CALL])]}
    )
    assert drift(logs.target, "7d", NOW) == 1
    said = capsys.readouterr().out
    assert "field: 2 unknown" in said
    first, last = (f"{NOW - age:%Y-%m-%d %H:%M:%S}Z" for age in (2 * HOUR, HOUR))
    assert f"  moodOfTheCall: 2 times, first {first}, last {last}, such as in {CALL}, call_2" in said
    assert f"  weather: once, {first}" in said
    assert "  was-levitated: 7 times" in said
    assert f"  -> {REMEDIES[What.FIELD]}" in said


def test_only_lines_since_then_count(logs: Logs) -> None:
    logs.put("Verifier", 2 * DAY, accepted(named("field", "moodOfTheCall")))
    assert drift(logs.target, "1d", NOW) == 0
    assert drift(logs.target, "3d", NOW) == 1


def test_a_value_of_a_log_moves_no_terminal(logs: Logs, capsys: Capture) -> None:
    logs.put("Verifier", HOUR, accepted(named("field", "\x1b[31mred"), call="\x1b]0;title"))
    assert drift(logs.target, "7d", NOW) == 1
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize("odd", [{"drift": 7}, {"drift": [7, {"value": 7}, {}]}])
def test_other_lines_with_the_word_are_not_counted(logs: Logs, odd: dict[str, Any]) -> None:
    logs.put("Hang", HOUR, odd)
    assert drift(logs.target, "7d", NOW) == 0


def test_each_sort_has_a_remedy() -> None:
    assert set(REMEDIES) == set(What)
    assert set(REFUSAL_REMEDIES) >= set(Part)
    assert all("\n" not in text for text in (*REMEDIES.values(), *REFUSAL_REMEDIES.values()))


def test_without_refusals_that_is_said(logs: Logs, capsys: Capture) -> None:
    logs.put("Verifier", HOUR, accepted(), {"message": "about a Webhook refused"})
    assert refusals(logs.target, "7d", NOW) == 0
    assert "No webhook was refused since" in capsys.readouterr().out


def test_refusals_are_grouped_by_what_did_not_match(logs: Logs, capsys: Capture) -> None:
    logs.put("Verifier", 3 * HOUR, *(refused("stale", reason="stale", seconds=n) for n in (310, 630, 4_000)))
    logs.put("Verifier", HOUR, refused("wrong-encoding", reason="malformed"))
    logs.put("Verifier", HOUR, {"message": "Webhook refused", "reason": "queue-unavailable", "status": 503})
    assert refusals(logs.target, "7d", NOW) == 1
    said = capsys.readouterr().out
    assert "401 stale: 3 times" in said
    assert "  credential 0, x-vapi-signature: stale by 310 to 4000 s" in said
    assert "tolerance_seconds" in said
    assert "401 wrong-encoding: once" in said
    assert "make vapi-configure ENV=staging" in said
    assert "503 queue-unavailable: once" in said
    assert "4 with 401, 1 with 503" in said


def test_lines_of_a_version_before_are_told_by_their_reason(logs: Logs, capsys: Capture) -> None:
    logs.put("Verifier", HOUR, {"message": "Webhook refused", "reason": "not-json", "status": 400, "detail": "x"})
    assert refusals(logs.target, "7d", NOW) == 1
    assert "400 not-json: once" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "since"),
    [
        ("7d", NOW - 7 * DAY),
        ("12h", NOW - 12 * HOUR),
        ("30m", NOW - HOUR / 2),
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=timezone.utc)),
        ("2026-11-01T12:00:00+02:00", datetime(2026, 11, 1, 10, tzinfo=timezone.utc)),
    ],
)
def test_a_span_or_a_time_is_understood(text: str, since: datetime) -> None:
    assert read_since(text, NOW) == since


@pytest.mark.parametrize(
    "text", ["", "7", "0d", "-1d", "99999d", "99999999h", "yesterday", "2999-01-01", "1900-01-01", "\u0667d"]
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(OperationFailed, match="SINCE"):
        read_since(text, datetime(2026, 11, 30, tzinfo=timezone.utc))


@pytest.mark.parametrize("name", ["drift", "refusals"])
def test_what_could_not_be_told_has_a_status_of_its_own(
    logs: Logs, monkeypatch: pytest.MonkeyPatch, capsys: Capture, name: str
) -> None:
    monkeypatch.setattr(arguments, "find_target", lambda *_: logs.target)
    monkeypatch.setattr(sys, "argv", ["operate", name])
    assert command.main() == 0
    logs.put("Verifier", HOUR, accepted(named("field", "x")), refused("stale"))
    assert command.main() == 1
    logs.client.delete_log_group(logGroupName=logs.groups["VerifierLogGroup"])
    assert command.main() == arguments.COULD_NOT_TELL == 2
    assert "cannot be read" in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", ["operate", name, "--since", "yesterday"])
    assert command.main() == 2
