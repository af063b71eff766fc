"""The fetcher with the queues, the bucket and the secrets of an account in memory."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError

from autopulse.errors import Transient, VapiNotConfigured
from autopulse.ingress.queueing import MAX_QUEUED_BYTES
from autopulse.observability import Measurements
from autopulse.reconciliation import fetcher
from autopulse.reconciliation.records import envelope_of, read_record
from autopulse.reconciliation.request_reading import read_page, read_request
from autopulse.reconciliation.requests import CallRequest, Page, Reason, WindowRequest
from autopulse.reconciliation.services import Services
from autopulse.vapi.call_ids import NamedCall
from autopulse.vapi.call_tokens import call_token
from autopulse.vapi.envelope import believe_all
from tests.harness import Context
from tests.moto_account import moto_account
from tests.unit.reconciliation.canaries import record_with_canaries
from tests.unit.reconciliation.test_fetcher import NOW, SINCE, FakeVapi, id_of, record_of
from tests.unit.vapi import samples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REGION = "us-west-2"
BUCKET = "autopulse-test-payloads"
QUEUES = {
    "VAPI_REQUEST_QUEUE_URL": "requests.fifo",
    "VAPI_REQUEST_DEAD_LETTER_QUEUE_URL": "request-dead-letters.fifo",
    "VAPI_PAGE_QUEUE_URL": "pages",
    "ERASURE_QUEUE_URL": "erasures",
    "STATUS_UPDATE_QUEUE_URL": "status-update",
    "END_OF_CALL_REPORT_QUEUE_URL": "end-of-call-report",
}
VAPI_KEY = "key-of-nobody-0123456789"


class Account:
    """What the template makes for the fetcher."""

    def __init__(self) -> None:
        self.sqs, self.s3 = boto3.client("sqs"), boto3.client("s3")
        self.secrets = boto3.client("secretsmanager")
        self.urls = {variable: self._queue(name) for variable, name in QUEUES.items()}
        self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
        self.api_key = self.secrets.create_secret(Name="vapi", SecretString=json.dumps({"api_key": VAPI_KEY}))["ARN"]
        self.webhook = self.secrets.create_secret(Name="webhook", SecretString="{}")["ARN"]

    def _queue(self, name: str) -> str:
        fifo: dict[Any, str] = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
        size: dict[Any, str] = {"MaximumMessageSize": "1048576"}
        return self.sqs.create_queue(QueueName=name, Attributes=fifo | size)["QueueUrl"]

    def take(self, variable: str) -> list[Any]:
        """Take up to ten messages out of a queue."""
        answer = self.sqs.receive_message(
            QueueUrl=self.urls[variable],
            MaxNumberOfMessages=10,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
        )
        return list(answer.get("Messages", []))


@pytest.fixture
def account(_aws_of_nobody: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with moto_account():
        account = Account()
        for variable, url in account.urls.items():
            monkeypatch.setenv(variable, url)
        monkeypatch.setenv("PAYLOAD_BUCKET", BUCKET)
        monkeypatch.setenv("VAPI_API_URL", "https://api.vapi.example")
        monkeypatch.setenv("VAPI_API_KEY_SECRET_ARN", account.api_key)
        monkeypatch.setenv("WEBHOOK_SECRET_ARN", account.webhook)
        yield account


def services_with(vapi: FakeVapi) -> Services:
    services = Services()
    vars(services)["vapi"] = vapi
    return services


def test_requests_are_of_one_group_and_each_is_one_of_its_own(account: Account) -> None:
    request = CallRequest(id_of(1), 7, Reason.ASKED)
    for _ in range(2):
        Services().request(request)
    first, second = account.take("VAPI_REQUEST_QUEUE_URL")
    assert read_request(first["Body"]) == read_request(second["Body"]) == request
    assert {one["Attributes"]["MessageGroupId"] for one in (first, second)} == {"vapi"}


def test_a_page_goes_to_the_page_queue(account: Account) -> None:
    page = Page("walk", (), complete=True, since=SINCE, until=NOW)
    Services().tell(page)
    (message,) = account.take("VAPI_PAGE_QUEUE_URL")
    assert read_page(message["Body"]) == page


def test_a_dead_letter_has_its_reason(account: Account) -> None:
    services = Services()
    services.bury("{}", "InvalidMessage", "cannot read the request: ask")
    services.bury("[]", "vapi-unreadable", "")
    first, second = account.take("VAPI_REQUEST_DEAD_LETTER_QUEUE_URL")
    attributes = {name: value["StringValue"] for name, value in first["MessageAttributes"].items()}
    assert (first["Body"], attributes) == (
        "{}",
        {"reason": "InvalidMessage", "detail": "cannot read the request: ask"},
    )
    assert list(second["MessageAttributes"]) == ["reason"]


def test_messages_come_again_when_they_are_told_to(account: Account) -> None:
    services = Services()
    for place in range(12):
        services.request(WindowRequest(SINCE, str(place)))
    taken = account.take("VAPI_REQUEST_QUEUE_URL")
    assert len(taken) == 10
    services.hold({message["ReceiptHandle"]: 0 for message in taken})
    again = account.take("VAPI_REQUEST_QUEUE_URL")
    assert [message["Body"] for message in again] == [message["Body"] for message in taken]


@pytest.mark.usefixtures("account")
def test_a_queue_that_cannot_be_reached_is_transient(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://sqs.example.com")

    services = Services()
    monkeypatch.setattr(services.sqs, "send_message", fail)
    monkeypatch.setattr(services.sqs, "change_message_visibility_batch", fail)
    envelope = envelope_of(read_record(record_of(20)), NOW, believe_all)
    assert envelope is not None
    sends: list[Callable[[], object]] = [
        lambda: services.request(WindowRequest(SINCE, "walk")),
        lambda: services.tell(Page("walk", (), complete=True, since=SINCE, until=NOW)),
        lambda: services.bury("{}", "InvalidMessage", ""),
        lambda: services.put(envelope),
    ]
    for send in sends:
        with pytest.raises(Transient):
            send()
    services.hold({"handle": 7})  # they come again all the same


# Keys and tokens


def test_the_key_is_that_of_the_secret(account: Account) -> None:
    services = Services()
    assert services.vapi._key.current() == VAPI_KEY  # noqa: SLF001 - it goes nowhere but into a header
    account.secrets.put_secret_value(SecretId=account.api_key, SecretString="{}")
    with pytest.raises(VapiNotConfigured):
        Services().vapi.get_call(id_of(1))
    account.secrets.delete_secret(SecretId=account.api_key, ForceDeleteWithoutRecovery=True)
    with pytest.raises(Transient) as failed:
        Services().vapi.get_call(id_of(1))
    assert failed.value.reason == "secret-unavailable"


CALL_TOKEN_SECRET = "0123456789abcdef0123456789abcdef"


def test_where_the_stack_demands_it_an_id_of_ours_needs_its_token(
    account: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    measurements = Measurements()
    good = NamedCall(7, call_token(7, CALL_TOKEN_SECRET.encode()))
    assert Services().believe(NamedCall(7, None), measurements), "none is demanded"
    monkeypatch.setenv("REQUIRE_CALL_TOKEN", "true")
    with pytest.raises(Transient):
        Services().believe(good, measurements)
    account.secrets.put_secret_value(
        SecretId=account.webhook, SecretString=json.dumps({"call_token_secret": CALL_TOKEN_SECRET})
    )
    services = Services()
    assert services.believe(good, measurements)
    assert not services.believe(NamedCall(8, good.token), measurements)
    assert not services.believe(NamedCall(7, None), measurements)
    measurements.flush()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["CallTokenRefused"] for line in lines if "CallTokenRefused" in line] == [[2]]


# Canaries


def deliver(services: Services, *requests: CallRequest | WindowRequest) -> None:
    records = [
        {"messageId": str(place), "receiptHandle": f"handle-{place}", "body": request.to_json(), "attributes": {}}
        for place, request in enumerate(requests)
    ]
    assert fetcher.handle({"Records": records}, services, Context(120)) == {"batchItemFailures": []}


@pytest.mark.parametrize("long", [False, True])
def test_nothing_but_what_the_allow_list_keeps_gets_anywhere(
    account: Account, capsys: pytest.CaptureFixture[str], long: bool
) -> None:
    record = record_with_canaries(15)
    assert json.dumps(record).count("CANARY") > 150
    if long:
        record["messages"] += [{"role": "user", "message": "It went well. " * 70_000}]
    vapi = FakeVapi({samples.VAPI_CALL_ID: record}, [[record], []])
    services = services_with(vapi)
    deliver(services, CallRequest(samples.VAPI_CALL_ID, 15, Reason.NO_REPORT), WindowRequest(SINCE, "walk"))
    (queued,) = account.take("END_OF_CALL_REPORT_QUEUE_URL")
    objects = account.s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])
    stored = [account.s3.get_object(Bucket=BUCKET, Key=one["Key"])["Body"].read().decode() for one in objects]
    assert len(stored) == int(long)
    assert (len(json.dumps(record)) > MAX_QUEUED_BYTES) == long
    envelope = json.loads(stored[0] if long else queued["Body"])
    assert (envelope["call_id"], envelope["origin"]) == (15, "reconciliation")
    assert envelope["message"]["analysis"]["structuredData"] == {"nps_score": 9}
    (page,) = account.take("VAPI_PAGE_QUEUE_URL")
    for text in (json.dumps(queued, default=str), *stored, page["Body"], *capsys.readouterr()):
        assert "CANARY" not in text
        assert VAPI_KEY not in text


@pytest.mark.parametrize("word", ["in-progress", "ended"])
def test_nothing_of_a_record_gets_into_a_status(account: Account, word: str) -> None:
    record = record_with_canaries(15) | {"status": word, "messages": [], "artifact": {}, "endedAt": NOW.isoformat()}
    services = services_with(FakeVapi({samples.VAPI_CALL_ID: record}))
    services.now = lambda: NOW  # type: ignore[method-assign] # the call has just ended
    deliver(services, CallRequest(samples.VAPI_CALL_ID, 15, Reason.NO_REPORT))
    (queued,) = account.take("STATUS_UPDATE_QUEUE_URL")
    assert json.loads(queued["Body"])["message"]["status"] == word
    assert "CANARY" not in json.dumps(queued, default=str)
