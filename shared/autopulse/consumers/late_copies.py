"""After a commit: a recording that was copied although its call had been erased is deleted.

The function that copies knows no database. Its message that a copy is stored is dropped by the call's tombstone, and
leads here; if the erasure queue does not take the request, the message comes back.
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
    """Ask for the deletion of each such copy; what cannot be asked for gets a Transient."""
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
    from autopulse.aws import AWS_ERRORS  # noqa: PLC0415 - on first use, as the client

    body = json.dumps({"vapi_call_id": vapi_call_id, "copied": True})
    try:
        services.recording_queue.send_message(QueueUrl=services.settings.erasure_queue_url, MessageBody=body)
    except AWS_ERRORS:
        raise Transient("erasure-queue-unavailable") from None
