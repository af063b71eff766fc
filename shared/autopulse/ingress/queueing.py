"""Put an envelope into its kind's queue; an envelope that is too long goes to the payload bucket first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from autopulse.aws import AWS_ERRORS, name_of
from autopulse.errors import Transient

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_s3 import S3Client

    from autopulse.aws import Sqs
    from autopulse.vapi.envelope import Envelope

MAX_QUEUED_BYTES: Final = 900 * 1024
"""The longest body for a queue. SQS accepts 1 MiB with attributes; the rest is for these and a dead letter's additions.
"""


class QueueSettings(Protocol):
    """The settings that queueing needs."""

    @property
    def queue_urls(self) -> Mapping[str, str]:
        """Kind -> queue URL."""
        ...

    @property
    def payload_bucket(self) -> str:
        """The bucket of envelopes that are too long for a queue."""
        ...


class QueueServices(Protocol):
    """The services that queueing needs."""

    @property
    def settings(self) -> QueueSettings:
        """The names of the queues and of the bucket."""
        ...

    @property
    def sqs(self) -> Sqs:
        """The client of the queues."""
        ...

    @property
    def s3(self) -> S3Client:
        """The client of the bucket."""
        ...


def enqueue(envelope: Envelope, services: QueueServices) -> int:
    """Queue the envelope and return its size in bytes; raises Transient if SQS or S3 does not accept it."""
    body = envelope.to_json()  # the JSON is ASCII: each character is one byte
    if len(body) > MAX_QUEUED_BYTES:
        _store(envelope.payload_key, body, services)
        _send(envelope, envelope.to_pointer_json(), services)
    else:
        _send(envelope, body, services)
    return len(body)


def send(services: QueueServices, url: str, body: str) -> None:
    """Put a message that contains only ids into another queue; raises Transient if SQS does not accept it."""
    try:
        services.sqs.send_message(QueueUrl=url, MessageBody=body)
    except AWS_ERRORS as error:
        raise Transient("queue-unavailable", name_of(error)) from None  # the error's text may contain the request


def _store(key: str, body: str, services: QueueServices) -> None:
    bucket = services.settings.payload_bucket
    try:
        services.s3.put_object(Bucket=bucket, Key=key, Body=body.encode(), ContentType="application/json")
    except AWS_ERRORS as error:
        raise Transient("bucket-unavailable", name_of(error)) from None  # the error's text may contain the request


def _send(envelope: Envelope, body: str, services: QueueServices) -> None:
    try:
        services.sqs.send_message(
            QueueUrl=services.settings.queue_urls[envelope.kind],
            MessageBody=body,
            MessageGroupId=envelope.fairness_group,
            MessageAttributes={
                "kind": {"DataType": "String", "StringValue": envelope.kind},
                "event_id": {"DataType": "String", "StringValue": envelope.event_id},
            },
        )
    except AWS_ERRORS as error:
        raise Transient("queue-unavailable", name_of(error)) from None  # the error's text may contain the request
