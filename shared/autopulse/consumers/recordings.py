"""After a report is committed, request a copy of its recording.

The request goes directly into the queue of the copying function, not over the event bus, because it may contain the
report's presigned URL, which gives access to the recording; the copying function needs that URL if it has no key of
Vapi's API. If the queue does not accept a request, SQS delivers the report again; it is a repeat then, and the request
is made again.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from autopulse.consumers.consumer import Disposition
from autopulse.errors import Transient
from autopulse.json_coercion import read_mapping, read_time
from autopulse.recordings.requests import CopyRequest
from autopulse.vapi.messages import ReportMessage
from autopulse.vapi.recordings import is_private

if TYPE_CHECKING:
    from autopulse.consumers.queue import ReceivedMessage
    from autopulse.consumers.services import Services

REQUESTS: Final = 10
"""The maximum number of entries of one SendMessageBatch call."""


def ask_for_copies(deliveries: "Sequence[ReceivedMessage]", services: "Services") -> None:
    """Request a copy for each report with a recording; a delivery whose request fails gets a Transient.

    One SendMessageBatch call has ten requests. An unreachable queue is not tried again for the other requests.
    """
    if not services.settings.recording_queue_url:
        return
    of_call: dict[str, list[ReceivedMessage]] = {}
    for delivery in deliveries:
        if (request := _request_of(delivery)) is not None:
            of_call.setdefault(request.to_json(), []).append(delivery)
    waiting = iter(of_call.items())
    is_reached = True
    while chunk := dict(islice(waiting, REQUESTS)):
        refused: Iterable[str] = _send(list(chunk), services) if is_reached else chunk
        is_reached = is_reached and set(refused) != set(chunk)
        _return(chunk, refused)


def _request_of(delivery: "ReceivedMessage") -> CopyRequest | None:
    """Return the request, or None if there is nothing to copy or an earlier delivery of the event made the request.

    A repeat may need its request: SQS may deliver again a message whose first delivery failed after its commit.
    """
    record = delivery.record
    is_new = delivery.disposition is Disposition.APPLIED
    may_be_unasked = delivery.disposition is Disposition.DUPLICATE and delivery.receive_count > 1
    if record is None or record.envelope.vapi_call_id is None or not (is_new or may_be_unasked):
        return None
    message = record.message
    url = message.recording_url if isinstance(message, ReportMessage) else None
    if url is None or _is_refused(record.envelope.message):
        return None
    is_public = not is_private(url)
    return CopyRequest(
        record.envelope.vapi_call_id, url if is_public else None, message.recording_expires_at if is_public else None
    )


def _is_refused(message: "Mapping[str, Any] | None") -> bool:
    """Whether the customer was asked for consent to the recording and did not give it."""
    consent = read_mapping(read_mapping(read_mapping(message).get("compliance")).get("recordingConsent"))
    return bool(consent.get("type")) and read_time(consent.get("grantedAt")) is None


def _send(bodies: Sequence[str], services: "Services") -> list[str]:
    """Return the bodies that the queue did not accept."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - on first use, as the client

    try:
        answer = services.recording_queue.send_message_batch(
            QueueUrl=services.settings.recording_queue_url,
            Entries=[{"Id": str(place), "MessageBody": body} for place, body in enumerate(bodies)],
        )
    except (BotoCoreError, ClientError):
        return list(bodies)
    return [bodies[int(failed["Id"])] for failed in answer.get("Failed", ())]


def _return(chunk: "Mapping[str, Sequence[ReceivedMessage]]", refused: Iterable[str]) -> None:
    for body in refused:
        for delivery in chunk[body]:
            delivery.error = Transient("recording-queue-unavailable")
