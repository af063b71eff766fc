"""A stack in an AWS account in memory: the queues of one kind, and the webhook secret."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from moto import mock_aws

from autopulse.consumers.registry import REGISTRY
from operate import dead_letter_queue
from operate.target import Target
from tests.moto_account import empty_queue

STACK = "autopulse-test"
REGION = "us-west-2"
WEBHOOK_URL = "https://api.example.com/api/v1/webhooks/vapi-webhook"


class Formation:
    """A fake of CloudFormation with the methods that are called."""

    def __init__(self, resources: dict[str, str], outputs: dict[str, str]) -> None:
        self._resources = resources
        self._outputs = outputs

    def describe_stack_resource(self, StackName: str, LogicalResourceId: str) -> Any:  # noqa: ANN401, N803 - as boto3
        assert StackName == STACK
        return {"StackResourceDetail": {"PhysicalResourceId": self._resources[LogicalResourceId]}}

    def describe_stacks(self, StackName: str) -> Any:  # noqa: ANN401, N803 - as boto3
        assert StackName == STACK
        named = [{"OutputKey": name, "OutputValue": value} for name, value in self._outputs.items()]
        return {"Stacks": [{"Outputs": named}]}


@dataclass
class Account:
    """The resources, and functions that read them."""

    formation: Formation
    urls: dict[str, str]
    clients: dict[str, Any]

    @property
    def target(self) -> Target:
        return Target("test", STACK, lambda service: self.clients.get(service, self.formation), {})

    def put(self, logical_id: str, body: str, **attributes: str) -> None:
        group = {"MessageGroupId": "vapi"} if self.urls[logical_id].endswith(".fifo") else {}
        self.clients["sqs"].send_message(
            QueueUrl=self.urls[logical_id],
            MessageBody=body,
            **group,
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
            },
        )

    def put_secret(self, document: object) -> None:
        text = document if isinstance(document, str) else json.dumps(document)
        arn = self.target.output("WebhookSecretArn")
        self.clients["secretsmanager"].put_secret_value(SecretId=arn, SecretString=text)

    def visible(self, logical_id: str) -> list[Any]:
        """Return all visible messages without removing them."""
        found: list[Any] = []
        sqs = self.clients["sqs"]
        while messages := sqs.receive_message(
            QueueUrl=self.urls[logical_id],
            MaxNumberOfMessages=10,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
            VisibilityTimeout=600,
        ).get("Messages"):
            found.extend(messages)
        for message in found:
            sqs.change_message_visibility(
                QueueUrl=self.urls[logical_id], ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
            )
        return found

    def bodies(self, logical_id: str) -> list[str]:
        return sorted(message["Body"] for message in self.visible(logical_id))


@pytest.fixture(scope="module")
def clients() -> Iterator[dict[str, Any]]:
    """Create the clients once per module, because each takes a tenth of a second."""
    with mock_aws():
        session = boto3.Session("testing", "testing", region_name=REGION)
        yield {service: session.client(service) for service in ("sqs", "secretsmanager")}


@pytest.fixture(scope="module")
def urls(clients: dict[str, Any]) -> dict[str, str]:
    """Create the queues, by their logical ids."""
    names = [f"{kind.prefix}{suffix}" for kind in REGISTRY.values() for suffix in ("Queue", "DeadLetterQueue")]
    urls = {name: clients["sqs"].create_queue(QueueName=name)["QueueUrl"] for name in names}
    fifo = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    for name in ("VapiRequestQueue", "VapiRequestDeadLetterQueue"):
        urls[name] = clients["sqs"].create_queue(QueueName=f"{name}.fifo", Attributes=fifo)["QueueUrl"]
    return urls


@pytest.fixture
def account(clients: dict[str, Any], urls: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Account:
    """Return empty queues, and a secret for this test."""
    monkeypatch.setattr(dead_letter_queue, "WAIT_SECONDS", 0)  # moto really waits
    for url in urls.values():
        empty_queue(url, REGION)
    arn = clients["secretsmanager"].create_secret(Name=uuid.uuid4().hex)["ARN"]
    outputs = {"WebhookSecretArn": arn, "WebhookUrl": WEBHOOK_URL, "ApiUrl": "https://api.example.com/api"}
    functions = {f"{name}Function": f"{STACK}-{name.lower()}" for name in ("Unlink", "Fetcher", "Sweep", "Callers")}
    resources = urls | {"VerifierLogGroup": f"/aws/lambda/{STACK}-verifier"} | functions
    return Account(Formation(resources, outputs), urls, dict(clients))
