"""The consumers put on the bus, webhook by webhook, what `docs/events` says."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from autopulse.domain.events import CallEventType
from autopulse.json_coercion import read_time
from local.events import read_webhooks
from local.simulator.application_rows import SAMPLE_CALLS
from tests.contract.stack import ROOT
from tests.harness import FakeServices
from tests.integration.bodies import outbound, report
from tests.integration.pipeline import ORGANIZATION, Pipeline

TRANSCRIPT_FIRST = ("transcript_final", "conversation_update", "hang_stall", "status_update_in_progress")


class Bus:
    """EventBridge, as far as the publisher calls it."""

    def __init__(self) -> None:
        self.entries: list[Mapping[str, Any]] = []
        self.calls = 0

    def put_events(self, Entries: list[Mapping[str, Any]]) -> dict[str, Any]:  # noqa: N803 - as boto3 has it
        self.calls += 1
        self.entries += Entries
        return {"Entries": [{"EventId": "sample"} for _ in Entries]}


@pytest.fixture
def bus(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Bus:
    bus = Bus()
    parts = {"engine": pipeline.services.engine, "sqs": pipeline.queues}
    monkeypatch.setattr(pipeline, "services", FakeServices(**parts, events=bus))
    for call_id, vapi_call_id in SAMPLE_CALLS.items():
        pipeline.database.run(
            "INSERT INTO call (id, organization_id, customer_number, status, vapi_call_id) OVERRIDING SYSTEM VALUE"
            " VALUES (:id, :organization, '+12025550101', 'Ready', :vapi)",
            id=call_id,
            organization=ORGANIZATION,
            vapi=vapi_call_id,
        )
    return bus


def _send_all(pipeline: Pipeline) -> None:
    """The samples in an order in which every source of a transcript has its turn; those that no consumer reads not."""
    webhooks = {name: json.loads(content) for name, content in read_webhooks().items()}
    rest = [name for name in webhooks if name not in {*TRANSCRIPT_FIRST, "speech_update", "tool_calls"}]
    for name in (*TRANSCRIPT_FIRST, *rest):
        pipeline.send(webhooks[name])
    unhappy = outbound(pipeline.make_call(id=1_000_001), "0197f9d4-eeee-4000-8000-000000000001")
    for seconds, score in ((130, 3), (140, 9)):
        pipeline.send(report(unhappy, seconds, analysis={"structuredData": {"nps_score": score}}))


def test_every_event_is_as_documented_and_every_documented_event_occurs(pipeline: Pipeline, bus: Bus) -> None:
    _send_all(pipeline)
    assert {entry["DetailType"] for entry in bus.entries} == {
        call_event_type.value for call_event_type in CallEventType
    } - {CallEventType.FOLLOW_UP_OVERDUE.value}, "what is overdue is told by a schedule"
    for entry in bus.entries:
        schema = json.loads((ROOT / f"docs/events/{entry['DetailType']}.schema.json").read_text())
        detail = json.loads(entry["Detail"])
        Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(detail)
        documented = schema["properties"]
        assert set(detail) == set(documented), "nothing is published that is not documented"
        assert set(detail["changed"]) == set(documented["changed"]["properties"])
        assert (entry["Source"], detail["organization_id"]) == ("autopulse.calls", ORGANIZATION)


def test_an_event_names_the_advisor_of_the_calls_visit(pipeline: Pipeline, bus: Bus) -> None:
    advisor = pipeline.insert('"user"', id=7, name="Avery Example", organization_id=ORGANIZATION)
    visit = pipeline.make_service_record(service_advisor_id=advisor)
    for place, call_id in enumerate((pipeline.make_call(service_record_id=visit), pipeline.make_call())):
        call = outbound(call_id, f"0197f9d4-eeee-4000-8000-00000000001{place}")
        pipeline.send(report(call, analysis={"structuredData": {"nps_score": 3}}))
    told = [json.loads(entry["Detail"]) for entry in bus.entries]
    assert {"FollowUpOpened", "CallCompleted", "FeedbackRecorded"} <= {entry["DetailType"] for entry in bus.entries}
    advisors = {detail["call_id"]: set[int | None]() for detail in told}
    for detail in told:
        advisors[detail["call_id"]].add(detail["advisor_id"])
    assert list(advisors.values()) == [{7}, {None}]


def test_the_stages_follow_each_other(pipeline: Pipeline, bus: Bus) -> None:
    _send_all(pipeline)
    for entry in bus.entries:
        detail = json.loads(entry["Detail"])
        received_at, committed_at = read_time(detail["received_at"]), read_time(detail["committed_at"])
        assert received_at is not None
        assert committed_at is not None
        assert received_at < committed_at


def test_no_event_has_words_that_were_spoken_a_name_or_a_number(pipeline: Pipeline, bus: Bus) -> None:
    _send_all(pipeline)
    published = json.dumps([entry["Detail"] for entry in bus.entries])
    private = pipeline.rows("SELECT content AS text FROM transcript UNION SELECT customer_number FROM call")
    assert len(private) > 5
    assert [row["text"] for row in private if row["text"] in published] == []


def test_a_batch_is_told_in_as_few_calls_as_it_fits_in(pipeline: Pipeline, bus: Bus) -> None:
    webhook = json.loads(read_webhooks()["status_update_in_progress"])
    message = {name: value for name, value in webhook["message"].items() if name != "assistant"}
    for place in range(12):
        pipeline.make_call(vapi_call_id=f"sample-call-{place}")
    bodies = [{"message": message | {"call": {"id": f"sample-call-{place}"}}} for place in range(12)]
    assert pipeline.send(*bodies) == []
    assert (len(bus.entries), bus.calls) == (12, 2)
