"""Put an envelope into its kind's queue; one that is too long for a queue goes to the payload bucket first."""

from collections.abc import Mapping
from typing import Final, Protocol

from autopulse.errors import Transient
from autopulse.ingress import clients
from autopulse.ingress.clients import AWS_ERRORS, name_of
from autopulse.settings import verifier_settings
from autopulse.vapi.envelope import Envelope

MAX_QUEUED_BYTES: Final = 900 * 1024
"""SQS takes 1 MiB, attributes included; the rest is room for those and for what a dead letter adds."""


class Places(Protocol):
    """Where envelopes go: the settings of whoever queues them."""

    @property
    def queue_urls(self) -> Mapping[str, str]:
        """Kind -> queue URL."""
        ...

    @property
    def payload_bucket(self) -> str:
        """The bucket of those that are too long."""
        ...


def enqueue(envelope: Envelope, places: Places | None = None) -> int:
    """Return the bytes of the envelope, when it is durable; raises Transient when SQS or S3 does not take it.

    Without `places` it goes where the verifier's settings say.
    """
    places = places or verifier_settings()
    body = envelope.to_json()  # ASCII: a character is a byte
    if len(body) > MAX_QUEUED_BYTES:
        _store(places.payload_bucket, envelope.payload_key, body)
        _send(places, envelope, envelope.to_pointer_json())
    else:
        _send(places, envelope, body)
    return len(body)


def _store(bucket: str, key: str, body: str) -> None:
    try:
        clients.s3().put_object(Bucket=bucket, Key=key, Body=body.encode(), ContentType="application/json")
    except AWS_ERRORS as error:
        raise Transient("bucket-unavailable", name_of(error)) from None  # its text may quote the request


def _send(places: Places, envelope: Envelope, body: str) -> None:
    try:
        clients.sqs().send_message(
            QueueUrl=places.queue_urls[envelope.kind],
            MessageBody=body,
            MessageGroupId=envelope.fairness_group,
            MessageAttributes={
                "kind": {"DataType": "String", "StringValue": envelope.kind},
                "event_id": {"DataType": "String", "StringValue": envelope.event_id},
            },
        )
    except AWS_ERRORS as error:
        raise Transient("queue-unavailable", name_of(error)) from None  # as above
