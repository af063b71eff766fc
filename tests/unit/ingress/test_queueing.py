import json
import re
from datetime import datetime, timezone
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, NoCredentialsError

from autopulse.errors import Transient
from autopulse.ingress.queueing import MAX_QUEUED_BYTES, enqueue
from autopulse.vapi.envelope import Envelope, envelope_from
from autopulse.vapi.routes import KINDS
from functions.verifier.app import SERVICES
from tests.unit.ingress.conftest import BUCKET, Account
from tests.unit.vapi import samples

RECEIVED_AT = datetime(2026, 11, 22, 12, 0, tzinfo=timezone.utc)


def envelope_of(kind: str = "hang") -> Envelope:
    return envelope_from(kind, samples.BY_KIND[kind]["message"], RECEIVED_AT, None)


def long_report(surplus: int) -> Envelope:
    """A report whose envelope is as long as a queue takes, and `surplus` bytes."""
    message = {"type": "end-of-call-report", "summary": "x"}
    free = MAX_QUEUED_BYTES - len(envelope_from("end_of_call_report", message, RECEIVED_AT, "id").to_json())
    return envelope_from("end_of_call_report", message | {"summary": "x" * (1 + free + surplus)}, RECEIVED_AT, "id")


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_its_queue(account: Account, kind: str) -> None:
    envelope = envelope_of(kind)
    assert enqueue(envelope, SERVICES) == len(envelope.to_json())
    (message,) = account.received(kind)
    assert message["Body"] == envelope.to_json()
    attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert attributes == {"kind": kind, "event_id": envelope.event_id}
    assert account.everything_queued() == []


def _group(account: Account, call: dict[str, Any]) -> str:
    """The message group of a webhook about this call."""
    message = {"type": "status-update", "status": "ringing", "timestamp": 1763800000000, "call": call}
    enqueue(envelope_from("status_update", message, RECEIVED_AT, None), SERVICES)
    (queued,) = account.received("status_update")
    return str(queued["Attributes"]["MessageGroupId"])


def test_calls_of_one_number_share_a_group_and_calls_without_one_have_each_their_own(account: Account) -> None:
    one = _group(account, {"id": "call-1", "phoneNumberId": "number-1"})
    assert one == _group(account, {"id": "call-2", "phoneNumberId": "number-1"})
    others = [{"id": "call-1", "phoneNumberId": "number-2"}, {"id": "call-1"}, {"id": "call-2"}, {}]
    groups = [one, *(_group(account, call) for call in others)]
    assert len(set(groups)) == len(groups)


@pytest.mark.parametrize("number", ["x" * 1000, "ключ", "two words", 7])
def test_a_group_is_one_that_sqs_takes_whatever_the_number_is_called(account: Account, number: object) -> None:
    assert re.fullmatch(r"[0-9a-f]{64}", _group(account, {"id": "call-1", "phoneNumberId": number}))


def test_the_longest_that_fits_is_queued_whole(account: Account) -> None:
    envelope = long_report(0)
    assert enqueue(envelope, SERVICES) == MAX_QUEUED_BYTES
    assert account.bodies("end_of_call_report") == [envelope.to_json()]


def test_what_is_longer_lies_in_the_bucket(account: Account) -> None:
    envelope = long_report(1)
    enqueue(envelope, SERVICES)
    (body,) = account.bodies("end_of_call_report")
    assert body == envelope.to_pointer_json()
    stored = boto3.client("s3").get_object(Bucket=BUCKET, Key=json.loads(body)["payload_key"])
    assert stored["Body"].read().decode() == envelope.to_json()
    assert stored["ContentType"] == "application/json"


ERRORS = [
    EndpointConnectionError(endpoint_url="https://sqs.example.com"),
    ConnectTimeoutError(endpoint_url="https://sqs.example.com"),
    NoCredentialsError(),
    ClientError({"Error": {"Code": "AWS.SimpleQueueService.NonExistentQueue"}}, "SendMessage"),
    ClientError({"Error": {"Code": "RequestThrottled"}}, "SendMessage"),
]


@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_any_error_of_sqs_is_transient(account: Account, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    monkeypatch.setattr(SERVICES.sqs, "send_message", _raising(error))
    with pytest.raises(Transient) as transient:
        enqueue(envelope_of(), SERVICES)
    assert transient.value.reason == "queue-unavailable"
    assert account.everything_queued() == []


@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_any_error_of_s3_is_transient(account: Account, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    monkeypatch.setattr(SERVICES.s3, "put_object", _raising(error))
    with pytest.raises(Transient) as transient:
        enqueue(long_report(1), SERVICES)
    assert transient.value.reason == "bucket-unavailable"
    assert account.everything_queued() == []


def _raising(error: Exception) -> object:
    def send(**_: object) -> None:
        raise error

    return send


@pytest.mark.usefixtures("account")
def test_a_missing_queue_is_transient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANG_QUEUE_URL", "https://sqs.us-west-2.amazonaws.com/123456789012/none")
    with pytest.raises(Transient) as transient:
        enqueue(envelope_of("hang"), SERVICES)
    assert transient.value.reason == "queue-unavailable"
    assert transient.value.detail == "AWS.SimpleQueueService.NonExistentQueue"


@pytest.mark.usefixtures("account")
def test_the_bucket_client_gives_up_in_time() -> None:
    config: Any = SERVICES.s3.meta.config
    assert (config.connect_timeout, config.read_timeout) == (1, 3)
    assert config.retries["total_max_attempts"] == 2
