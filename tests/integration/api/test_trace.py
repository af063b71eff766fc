"""Every request leaves one line that says who read which call, and no data (docs/operation.md)."""

import io
import json
import logging
import re
import time
from typing import Any, Final

import pytest

from autopulse.auth.trace import MAX_SUBJECT_CHARACTERS
from autopulse.live import ticket_endpoint
from autopulse.live.services import Services
from autopulse.live.tickets import Ticket
from autopulse.observability import logger
from local.events import reading_event
from tests.contract.stack import ROOT
from tests.integration.api.client import OURS, THEIRS, Api

CANARY: Final = "Canaria Fictiva"
LIMIT_OF_A_LINE: Final = 256 * 1024
"""Bytes that CloudWatch Logs takes of an event, at the least."""


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    stream = io.StringIO()
    handler = logger().registered_handler
    assert isinstance(handler, logging.StreamHandler)
    monkeypatch.setattr(handler, "stream", stream)
    return stream


def _lines(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def _line(log: io.StringIO) -> dict[str, Any]:
    """The only line."""
    (line,) = _lines(log)
    return line


def _scene(api: Api) -> list[int]:
    service_records = [api.service_record(customer_name=CANARY) for _ in range(3)]
    calls = [
        api.call(
            service_record_id=service_record, outcome="reached", recording_url="https://recordings.example.com/1.wav"
        )
        for service_record in service_records
    ]
    for call in calls:
        api.feedback(call, content=CANARY)
        api.turn(call, CANARY)
    return calls


@pytest.mark.parametrize("path", ["/calls", "/calls.csv", "/feedback", "/feedback.csv"])
def test_a_list_leaves_the_ids_of_its_calls(api: Api, log: io.StringIO, path: str) -> None:
    calls = _scene(api)
    assert api.get(path, limit=2).status == 200
    line = _line(log)
    assert (line["subject"], line["organization_id"], line["route"]) == ("reader", OURS, f"/v1{path}")
    assert line["call_ids"] == f",{calls[2]},{calls[1]},"
    assert CANARY not in log.getvalue()


@pytest.mark.parametrize("below", ["", "/transcript", "/recording"])
def test_a_call_leaves_its_id(api: Api, log: io.StringIO, below: str) -> None:
    call = _scene(api)[0]
    assert api.get(f"/calls/{call}{below}").status == 200
    line = _line(log)
    assert (line["subject"], line["organization_id"]) == ("reader", OURS)
    assert (line["route"], line["call_ids"]) == (f"/v1/calls/<call_id>{below}", f",{call},")
    assert CANARY not in log.getvalue()
    assert "recordings.example.com" not in log.getvalue()


@pytest.mark.parametrize("path", ["/calls/{}", "/calls/{}/transcript", "/calls/{}/recording"])
def test_what_was_not_shown_is_not_said_to_have_been(api: Api, log: io.StringIO, path: str) -> None:
    call = _scene(api)[0]
    assert api.get(path.format(call), THEIRS).status == 404
    assert (_line(log)["organization_id"], _line(log)["call_ids"]) == (THEIRS, "")


@pytest.mark.parametrize("path", ["/calls/count", "/feedback/summary", "/me", "/openapi.json"])
def test_figures_show_no_call(api: Api, log: io.StringIO, path: str) -> None:
    _scene(api)
    api.get("/calls")
    assert api.get(path).status == 200
    before, line = _lines(log)
    assert before["call_ids"]
    assert (line["subject"], line["call_ids"]) == ("reader", "")


def test_who_has_no_token_is_nobody(api: Api, log: io.StringIO) -> None:
    api.send(reading_event("/v1/calls", {}))
    line = _lines(log)[-1]
    assert line["status"] == 401
    assert line.keys().isdisjoint({"subject", "organization_id"})


def test_a_subject_is_printable_and_short(api: Api, log: io.StringIO) -> None:
    subject = "auth0|a\u2028\x1b[31m" + "x" * 1000
    context = {"organization_id": OURS, "subject": subject, "expires_at": str(int(time.time()) + 60)}
    api.send(reading_event("/v1/me", context))
    assert _line(log)["subject"] == ("auth0|a?[31m" + "x" * 1000)[:MAX_SUBJECT_CHARACTERS]


def test_the_longest_file_leaves_one_line_that_cloudwatch_takes(api: Api, log: io.StringIO) -> None:
    api.database.run(
        "INSERT INTO call (id, organization_id, customer_number, status)"
        " SELECT 2147483647 - n, CAST(:organization AS uuid), '+12025550101', 'Ready' FROM generate_series(0, 5000) n",
        organization=OURS,
    )
    assert len(api.get("/calls.csv", limit=5000).rows) == 5000
    assert len(_line(log)["call_ids"].strip(",").split(",")) == 5000
    assert len(log.getvalue()) < LIMIT_OF_A_LINE


def test_a_ticket_leaves_whose_it_is(log: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        ticket_endpoint, "issue_ticket", lambda _services, _principal, now: Ticket("secret-ticket", now + 60)
    )
    context = {"organization_id": OURS, "subject": "reader", "expires_at": str(int(time.time()) + 60)}
    assert ticket_endpoint.handle(Services(), {"requestContext": {"authorizer": context}})["statusCode"] == 201
    line = _line(log)
    assert (line["subject"], line["organization_id"]) == ("reader", OURS)
    assert (line["route"], line["status"], line["call_ids"]) == ("/v1/live/tickets", 201, "")
    assert "secret-ticket" not in log.getvalue()


def test_the_documented_query_finds_who_read_a_call(api: Api, log: io.StringIO) -> None:
    """Held to the keys that are logged, and to ids that are part of other ids."""
    text = (ROOT / "docs/operation.md").read_text()
    (query,) = re.findall(r"^(fields [^`]*call_ids like [^`]*)$", text, re.MULTILINE)
    fields, condition, *_ = (part.strip() for part in query.split("|"))
    message, wanted = re.fullmatch(r'filter message = "(\w+)" and call_ids like "([^"]+)"', condition).groups()  # type: ignore[union-attr] # else the query is wrong
    for call in (15, 1, 115, 151):
        api.call(id=call, start_time=f"2026-11-02T15:00:{call % 60:02}Z")
        api.get(f"/calls/{call}")
    api.get("/calls")
    lines = _lines(log)
    named = {name for name in fields.removeprefix("fields ").split(", ") if not name.startswith("@")}
    assert named == {"subject", "organization_id", "route", "status"}
    assert all(named <= line.keys() for line in lines)
    found = [line["route"] for line in lines if line["message"] == message and wanted in line["call_ids"]]
    assert found == ["/v1/calls/<call_id>", "/v1/calls"]
