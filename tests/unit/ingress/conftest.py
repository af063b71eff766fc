"""An AWS account in memory with the resources that the template creates for the verifier."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import boto3
import pytest

from autopulse.ingress.services import Services
from autopulse.vapi.routes import KINDS
from functions.verifier.app import SERVICES
from tests.harness import start_anew
from tests.moto_account import empty_queue, has_messages, moto_account
from tests.unit.ingress.requests import SECRET

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType

REGION: Literal["us-west-2"] = "us-west-2"
BUCKET = "autopulse-test-payloads"
ERASURES = "erasures"
DEFAULT_CREDENTIALS = {"secret": SECRET, "credentials": [{"kind": "shared-secret"}, {"kind": "hmac"}]}


@dataclass
class Account:
    """The resources, and functions that read them."""

    queue_urls: dict[str, str]
    secret_arn: str
    sqs: SQSClient
    s3: S3Client
    secretsmanager: SecretsManagerClient
    clients: Services
    """Clients that all tests of a module share."""

    def received(self, kind: str) -> list[dict[str, Any]]:
        """Take up to ten messages out of a queue."""
        if not has_messages(self.queue_urls[kind], REGION):
            return []
        answer = self.sqs.receive_message(
            QueueUrl=self.queue_urls[kind],
            MaxNumberOfMessages=10,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
        )
        messages = answer.get("Messages", [])
        for message in messages:
            self.sqs.delete_message(QueueUrl=self.queue_urls[kind], ReceiptHandle=message["ReceiptHandle"])
        return [dict(message) for message in messages]

    def bodies(self, kind: str) -> list[str]:
        return [message["Body"] for message in self.received(kind)]

    def everything_queued(self) -> list[str]:
        return [body for kind in KINDS for body in self.bodies(kind)]

    def put_secret(self, document: object) -> None:
        text = document if isinstance(document, str) else json.dumps(document)
        self.secretsmanager.put_secret_value(SecretId=self.secret_arn, SecretString=text)


@pytest.fixture(scope="module")
def cloud() -> Iterator[Account]:
    """Create the clients once per module, because each takes a tenth of a second."""
    with pytest.MonkeyPatch.context() as environment, moto_account():
        environment.setenv("AWS_DEFAULT_REGION", REGION)
        sqs, s3, secretsmanager = boto3.client("sqs"), boto3.client("s3"), boto3.client("secretsmanager")
        urls = {kind: _create_queue(sqs, kind) for kind in (*KINDS, ERASURES)}
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        secret = secretsmanager.create_secret(Name="autopulse-test-webhook")
        yield Account(urls, secret["ARN"], sqs, s3, secretsmanager, Services())


def _create_queue(sqs: SQSClient, kind: str) -> str:
    attributes: dict[QueueAttributeNameType, str] = {"MaximumMessageSize": "1048576"}
    return sqs.create_queue(QueueName=f"autopulse-test-{kind}", Attributes=attributes)["QueueUrl"]


@pytest.fixture
def account(cloud: Account, monkeypatch: pytest.MonkeyPatch, _aws_of_nobody: None) -> Account:
    """Return empty queues, the template's secret, and a new verifier."""
    for kind, url in cloud.queue_urls.items():
        monkeypatch.setenv(f"{kind.upper()}_QUEUE_URL", url)
    monkeypatch.setenv("ERASURE_QUEUE_URL", cloud.queue_urls[ERASURES])
    monkeypatch.setenv("PAYLOAD_BUCKET", BUCKET)
    monkeypatch.setenv("WEBHOOK_SECRET_ARN", cloud.secret_arn)
    for url in cloud.queue_urls.values():
        empty_queue(url, REGION)
    cloud.put_secret(DEFAULT_CREDENTIALS)
    kept = cloud.clients
    start_anew(SERVICES, sqs=kept.sqs, s3=kept.s3, secretsmanager=kept.secretsmanager)
    return cloud
