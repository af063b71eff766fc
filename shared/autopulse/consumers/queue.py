"""A consumer's use of its queue: read deliveries, dead-letter permanent errors, return transient ones."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from random import SystemRandom
from typing import Any, Final

from autopulse.consumers.consumer import Consumer, Disposition, Record
from autopulse.consumers.payloads import fetch_payload
from autopulse.consumers.services import Services
from autopulse.errors import AutoPulseError, DataRejected, InvalidMessage, Transient, UnknownCall, Unprocessable
from autopulse.vapi.messages import ReceivedEnvelope, read_envelope, require_identity

VISIBILITY_BATCH: Final = 10
"""The maximum number of entries of one ChangeMessageVisibilityBatch call."""
UNKNOWN_CALL_TRIES: Final = 10
"""Retries after 1, 2, 4 … 120 s, together 8 minutes: the call's row may be about to be committed."""
UNKNOWN_CALL_MAX_SECONDS: Final = 120
DATA_REJECTED_TRIES: Final = 5
"""Retries after 1, 2 … 16 s: another transaction may be changing the row that this one clashes with or refers to."""
TRANSIENT_MAX_SECONDS: Final = 900
_random: Final = SystemRandom()


@dataclass(slots=True)
class ReceivedMessage:
    """One message from the queue, with the result of its processing."""

    message_id: str
    receipt_handle: str
    receive_count: int
    body: str
    envelope: ReceivedEnvelope | None = None
    """The envelope as the queue carries it, without its message if that is in the bucket; None if it could not be read.
    """
    record: Record[Any] | None = None
    error: AutoPulseError | None = None
    """The reason why it was not applied."""
    disposition: Disposition = Disposition.APPLIED
    call_id: int | None = None

    @property
    def payload_key(self) -> str | None:
        """The key of its whole envelope in the payload bucket; None if the queue carries the envelope."""
        return self.envelope.payload_key if self.envelope else None


def read_deliveries(
    consumer: Consumer[Any], services: Services, event: dict[str, Any], deadline: float
) -> list[ReceivedMessage]:
    """Read and validate every record of an SQS event; a record that is invalid has its error.

    No payload is fetched after `deadline`, a time of time.monotonic().
    """
    return [_read(consumer, services, record, deadline) for record in event["Records"]]


def _read(consumer: Consumer[Any], services: Services, record: dict[str, Any], deadline: float) -> ReceivedMessage:
    count = int(record.get("attributes", {}).get("ApproximateReceiveCount", 1))
    delivery = ReceivedMessage(record["messageId"], record["receiptHandle"], count, record["body"])
    try:
        delivery.record = _read_record(consumer, services, delivery, deadline)
    except AutoPulseError as error:
        delivery.error = error
    return delivery


def _read_record(
    consumer: Consumer[Any], services: Services, delivery: ReceivedMessage, deadline: float
) -> Record[Any]:
    envelope = delivery.envelope = read_envelope(delivery.body)
    if envelope.payload_key is not None:
        if time.monotonic() > deadline:
            raise Transient("out-of-time")
        envelope = read_envelope(fetch_payload(envelope.payload_key, services))
        if envelope.event_id != delivery.envelope.event_id:
            raise InvalidMessage("payload_key names the object of another event")
    if envelope.kind != consumer.kind:
        raise InvalidMessage(f"kind is not {consumer.kind}")
    message = consumer.read(envelope.message, envelope.received_at)
    require_identity(envelope, message)
    return Record(envelope, message, waited=delivery.receive_count > UNKNOWN_CALL_TRIES)


def send_to_dead_letter_queue(deliveries: Iterable[ReceivedMessage], kind: str, services: Services) -> None:
    """Move records with permanent errors into the dead-letter queue; those that cannot be moved go back to their queue.

    An unreachable queue is not tried again for the other records, because each try may take seconds.
    """
    reachable = True
    for delivery in deliveries:
        if delivery.error is None:
            continue
        delivery.disposition = Disposition.RETURNED
        if reachable and is_permanent(delivery):
            try:
                if _send_to_dead_letters(delivery, kind, services):
                    delivery.disposition = Disposition.DEAD_LETTERED
            except Transient:
                reachable = False


def is_permanent(delivery: ReceivedMessage) -> bool:
    """Whether retries will not solve the delivery's error."""
    error, tries = delivery.error, delivery.receive_count
    if isinstance(error, UnknownCall):
        return tries > UNKNOWN_CALL_TRIES
    if isinstance(error, DataRejected):
        return tries > DATA_REJECTED_TRIES
    return isinstance(error, Unprocessable)


def is_waiting(delivery: ReceivedMessage) -> bool:
    """Whether the delivery is retried because of its own data: what it names may be about to be committed."""
    return isinstance(delivery.error, Unprocessable) and not is_permanent(delivery)


def _send_to_dead_letters(delivery: ReceivedMessage, kind: str, services: Services) -> bool:
    """Return whether the queue accepted the message; raises Transient if the queue is unreachable."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - imported with boto3, on first use

    error = delivery.error or AutoPulseError()
    attributes = {"reason": error.reason, "kind": kind, "detail": error.detail}
    try:
        services.sqs.send_message(
            QueueUrl=services.settings.dead_letter_queue_url,
            MessageBody=delivery.body,
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
            },
        )
    except ClientError:
        return False
    except BotoCoreError:
        raise Transient("dead-letters-unreachable") from None
    return True


def delay_returned(deliveries: Sequence[ReceivedMessage], services: Services) -> None:
    """Make returned messages visible after a backoff by their receive count, before the visibility timeout ends."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - imported with boto3, on first use

    waiting = iter(deliveries)
    while chunk := list(islice(waiting, VISIBILITY_BATCH)):
        try:
            services.sqs.change_message_visibility_batch(
                QueueUrl=services.settings.queue_url,
                Entries=[
                    {"Id": str(place), "ReceiptHandle": d.receipt_handle, "VisibilityTimeout": backoff_seconds(d)}
                    for place, d in enumerate(chunk)
                ],
            )
        except (BotoCoreError, ClientError):
            return  # they become visible anyway when their visibility timeout ends


def backoff_seconds(delivery: ReceivedMessage, draw: Callable[[int, int], int] = _random.randint) -> int:
    """The delay in seconds: it doubles with the receive count, and up to a quarter is added at random.

    The random part spreads the retries of a burst. `draw(a, b)` returns an integer from a to b, both included.
    """
    if isinstance(delivery.error, Unprocessable):
        seconds = min(1 << (delivery.receive_count - 1), UNKNOWN_CALL_MAX_SECONDS)
    else:
        seconds = min(1 << delivery.receive_count, TRANSIENT_MAX_SECONDS)
    return seconds + draw(0, seconds // 4)
