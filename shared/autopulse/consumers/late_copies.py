"""After a commit, have recordings deleted that were copied although their calls had been erased.

The copying function has no access to the database. The tombstone of the call drops its message that a copy is stored,
and this module then requests the deletion. If the erasure queue does not accept the request, SQS delivers the message
again.
"""

import json
from typing import TYPE_CHECKING

from autopulse.consumers.consumer import Disposition
from autopulse.domain.copies import STORED
from autopulse.errors import Transient
from autopulse.vapi.messages import StatusMessage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autopulse.consumers.queue import ReceivedMessage
    from autopulse.consumers.services import Services


def erase_late_copies(deliveries: "Sequence[ReceivedMessage]", services: "Services") -> None:
    """Request the deletion of each such copy; a delivery whose request fails gets a Transient."""
    if not services.settings.erasure_queue_url:
        return
    for delivery in deliveries:
        record = delivery.record
        if delivery.disposition is not Disposition.ERASED or record is None:
            continue
        if not isinstance(record.message, StatusMessage) or record.message.copy_state != STORED:
            continue
        try:
            _ask(record.envelope.vapi_call_id, services)
        except Transient as error:
            delivery.error = error


def _ask(vapi_call_id: str | None, services: "Services") -> None:
    from autopulse.aws import AWS_ERRORS  # noqa: PLC0415 - imported on first use, as the client is

    body = json.dumps({"vapi_call_id": vapi_call_id, "copied": True})
    try:
        services.recording_queue.send_message(QueueUrl=services.settings.erasure_queue_url, MessageBody=body)
    except AWS_ERRORS:
        raise Transient("erasure-queue-unavailable") from None
