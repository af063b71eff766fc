"""Answers are what the OpenAPI document promises."""

import json
import re
from datetime import datetime, timezone
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from autopulse.api.resolver import OPENAPI_PATH
from local.events import reading_event
from local.openapi import DOCUMENT
from tests.integration.api.client import OURS, Api

START = datetime(2026, 11, 2, 15, tzinfo=timezone.utc)
WRITTEN: dict[str, Any] = json.loads(DOCUMENT.read_text())

READ = [
    path
    for path, methods in WRITTEN["paths"].items()
    if "get" in methods and not path.endswith(".csv") and not path.startswith(("/v1/views", "/v1/erasures"))
]
"""What the read API answers with JSON. Saved views and erasures are other functions' (tests/integration)."""


def _validator(path: str, status: int) -> Draft202012Validator:
    response = WRITTEN["paths"][path]["get"]["responses"][str(status)]
    schema = response["content"]["application/json"]["schema"]
    return Draft202012Validator({**schema, "components": WRITTEN["components"]})


@pytest.fixture
def call(api: Api) -> int:
    service_record = api.service_record(service_advisor_name="Robin Sample")
    call = api.call(
        service_record_id=service_record,
        start_time=START,
        nps_score=9,
        outcome="reached",
        cost="0.1",
        recording_url="https://recordings.example.com/1.wav",
    )
    api.feedback(call, structured_data='{"nps_score": "9"}')
    api.attempt(call, "call_1", created_at=START, cost="0.1", feedback='{"content": "Fine."}')
    api.attempt(call, "call_2", created_at=START)
    turns, details = "[[900, 400, null, null, null]]", '{"lost_answers": ["mood"], "transfers": [{"to": "number", '
    details += '"assistant_name": null, "mode": null, "status": "busy"}]}'
    latency = {"turn_latency_median_ms": 900, "turn_latencies": turns, "details": details}
    api.quality(call, "call_1", cost="0.1", cost_vapi="0.1", outputs_expected=1, outputs_lost=1, **latency)
    api.original(call)
    api.turn(call, "yes")
    follow_up = api.follow_up(call, cause="wait", acknowledged_at=START)
    api.insert("follow_up_entry", follow_up_id=follow_up, at=START, action="opened", to_state="open")
    api.database.run("INSERT INTO call_incident (call_id, kind, occurred_at) VALUES (:c, 'stall', :t)", c=call, t=START)
    for name, type_, of in (("a", "status-update", call), ("b", "autopulse.ping", None)):
        api.receipt(name * 64, type=type_, call_id=of, occurred_at=START, received_at=START, processed_at=START)
    return call


@pytest.mark.parametrize("path", READ)
def test_an_answer_fits_its_schema(api: Api, call: int, path: str) -> None:
    query = (
        {"period": "month", "group": "advisor", "from_": "2026-11-01T00:00:00Z"}
        if path.endswith("feedback/summary")
        else {}
    )
    asked = path.removeprefix("/v1").replace("{call_id}", str(call)).replace("{event_id}", "b" * 64)
    asked = asked.replace("{follow_up_id}", str(api.database.run("SELECT max(id) FROM follow_up")[0][0]))
    answer = api.get(asked, **query)
    assert answer.status == 200, answer.text
    _validator(path, 200).validate(answer.json)


@pytest.mark.parametrize("path", READ)
def test_a_failure_fits_its_schema(api: Api, path: str) -> None:
    asked = re.sub("{.+?}", "x", path.removeprefix("/v1"))
    answer = api.get(asked, unknown="1")
    _validator(path, 400).validate(answer.json)
    assert answer.error["code"] == "bad_request"


def test_the_document_is_served(api: Api) -> None:
    answer = api.send(
        reading_event(OPENAPI_PATH, {"organization_id": OURS, "subject": "reader", "expires_at": "4102444800"})
    )
    assert answer.headers["content-type"] == "application/json"
    assert answer.json == WRITTEN


def test_the_document_too_is_for_readers_only(api: Api) -> None:
    assert api.send(reading_event(OPENAPI_PATH)).status == 401
