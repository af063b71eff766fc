"""Check what becomes of records that cannot be applied, and of AWS services that fail while they are dealt with."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError
from botocore.stub import Stubber

from autopulse import settings
from autopulse.consumers import clients
from autopulse.consumers.queue import UNKNOWN_CALL_TRIES
from tests.faults import sqs_records
from tests.faults.sqs_records import Record, received
from tests.harness import Aws, Database, attributes_of, handle, metrics

UNKNOWN = 999


@contextmanager
def _stubbed(service: str, where: object, name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    client: Any = boto3.client(service)  # type: ignore[call-overload] # any service
    monkeypatch.setattr(where, name, lambda: client)
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def _conflicting() -> Record:
    """Our id of one call with Vapi's id of another."""
    return sqs_records.record(
        "status_update", 2, 12, {"type": "status-update", "status": "ringing"}, vapi_call_id=sqs_records.vapi_id(1)
    )


def test_an_unknown_call_waits_ten_times_and_is_dead_lettered_then(
    database: Database, aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    unknown = sqs_records.status(UNKNOWN)
    for times in range(1, UNKNOWN_CALL_TRIES + 1):
        assert handle([sqs_records.status(1, at=times), received(unknown, times)]) == [unknown["messageId"]]
    assert aws.dead_letters() == []
    assert handle([received(unknown, UNKNOWN_CALL_TRIES + 1)]) == []
    (letter,) = aws.dead_letters()
    assert letter["Body"] == unknown["body"]
    assert attributes_of(letter) | {"detail": ""} == {"kind": "status_update", "reason": "UnknownCall", "detail": ""}
    counted = metrics(capsys.readouterr().out)
    assert counted["RecordFailed:kind=status_update,reason=UnknownCall"] == UNKNOWN_CALL_TRIES + 1
    assert database.value("SELECT count(*) FROM webhook_event") == UNKNOWN_CALL_TRIES


def test_an_unknown_call_is_applied_once_its_row_is_committed(database: Database, aws: Aws) -> None:
    early = sqs_records.status(21, "ended")
    assert handle([early]) == [early["messageId"]]
    database.run(
        "INSERT INTO call (organization_id, customer_number, status)"
        " SELECT id, '+12025550121', 'Ready' FROM organization"
    )
    assert handle([received(early, 2)]) == []
    assert database.statuses()[20] == "Ended"
    assert aws.dead_letters() == []


def test_a_stack_may_ignore_calls_that_it_does_not_know(
    database: Database, aws: Aws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("UNKNOWN_CALLS", "ignore")
    unknown = sqs_records.status(UNKNOWN)
    assert handle([received(unknown, UNKNOWN_CALL_TRIES)]) == [unknown["messageId"]]
    assert handle([received(unknown, UNKNOWN_CALL_TRIES + 1)]) == []
    assert aws.dead_letters() == []
    assert metrics(capsys.readouterr().out)["RecordIgnored"] == 1
    assert database.value("SELECT count(*) FROM webhook_event") == 0


def test_contradicting_ids_are_dead_lettered_at_once(database: Database, aws: Aws) -> None:
    assert handle([sqs_records.status(1)]) == []
    assert handle([_conflicting(), sqs_records.status(3)]) == []
    (letter,) = aws.dead_letters()
    assert attributes_of(letter)["reason"] == "CallIdentityConflict"
    assert database.statuses()[:3] == ["In Progress", "Ready", "In Progress"]


def test_no_dead_letter_detail_contains_values_of_the_message(database: Database, aws: Aws) -> None:
    body = json.loads(sqs_records.status(1)["body"]) | {"received_at": "+12025550115", "call_id": "+12025550115"}
    assert handle([sqs_records.posted(json.dumps(body))]) == []
    assert database.statuses()[0] == "Ready"
    (letter,) = aws.dead_letters()
    assert "received_at" in attributes_of(letter)["detail"]
    assert "2025550115" not in json.dumps(attributes_of(letter))


def test_a_record_that_the_dead_letter_queue_refuses_is_returned(
    database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    refused, accepted = sqs_records.posted("{"), sqs_records.posted("[")
    with _stubbed("sqs", clients, "sqs", monkeypatch) as sqs:
        sqs.add_client_error("send_message", "AccessDenied")
        sqs.add_response("send_message", {"MessageId": "1"})
        sqs.add_response("change_message_visibility_batch", {"Successful": [], "Failed": []})
        assert handle([refused, accepted, sqs_records.status(1)]) == [refused["messageId"]]
    assert database.statuses()[0] == "In Progress"
    assert metrics(capsys.readouterr().out)["RecordFailed:kind=status_update,reason=InvalidMessage"] == 2


def test_a_dead_letter_queue_that_cannot_be_reached_is_tried_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    class Unreachable:
        def send_message(self, **request: object) -> None:
            tries.append(request)
            raise ConnectTimeoutError(endpoint_url="https://sqs.example")

        def change_message_visibility_batch(self, **request: object) -> None:
            tries.append(request)
            raise ReadTimeoutError(endpoint_url="https://sqs.example")

    monkeypatch.setattr(clients, "sqs", Unreachable)
    bad = [sqs_records.posted("{") for _ in range(12)]
    assert handle([*bad, sqs_records.status(1)]) == [record["messageId"] for record in bad]
    assert database.statuses()[0] == "In Progress"
    assert len(tries) == 2


def test_call_events_that_the_bus_refuses_are_sent_again_and_counted(
    database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    refused, taken = {"ErrorCode": "ThrottlingException"}, {"EventId": "1"}
    with _stubbed("events", clients, "events", monkeypatch) as events:
        for entries in ([taken, refused, refused], [refused, taken], [refused]):
            failed = sum("ErrorCode" in entry for entry in entries)
            events.add_response("put_events", {"FailedEntryCount": failed, "Entries": entries})
        assert handle([sqs_records.status(n) for n in range(1, 4)]) == []
    assert database.statuses()[:3] == ["In Progress"] * 3
    counted = metrics(capsys.readouterr().out)
    assert (counted["CallEventPublished"], counted["CallEventLost"]) == (2, 1)


def test_a_bus_that_cannot_be_reached_fails_nothing_and_is_not_asked_again(
    database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tries = []

    class Unreachable:
        def put_events(self, **request: object) -> None:
            tries.append(request)
            raise ConnectTimeoutError(endpoint_url="https://events.example")

    monkeypatch.setattr(clients, "events", Unreachable)
    assert handle([sqs_records.status(n) for n in range(1, 21)]) == []
    assert database.statuses() == ["In Progress"] * 20
    assert len(tries) == 1
    assert metrics(capsys.readouterr().out)["CallEventLost"] == 20


def test_an_unreadable_database_secret_is_transient(
    database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = boto3.client("secretsmanager").create_secret(Name="unreadable", SecretString='"hunter2"')["ARN"]
    for arn, reason in ((secret, "database-secret-unreadable"), ("gone", "database-secret-unavailable")):
        monkeypatch.setenv("DATABASE_SECRET_ARN", arn)
        settings.database_settings.cache_clear()
        batch = [sqs_records.status(1), sqs_records.status(2)]
        assert handle(batch, seconds=5.5) == [record["messageId"] for record in batch]
        output = capsys.readouterr().out
        assert metrics(output)[f"RecordFailed:kind=status_update,reason={reason}"] == 2
        assert "hunter2" not in output
    assert database.statuses()[0] == "Ready"
