"""The services of the erasure function: settings, the database, queues, the bucket of recordings, the key."""

import uuid
from functools import cached_property
from typing import TYPE_CHECKING

from autopulse.aws import AWS_ERRORS, Clients, name_of
from autopulse.db.engine import Database, engine
from autopulse.erasures.messages import Message
from autopulse.errors import Transient
from autopulse.follow_ups.services import Services as Transactions
from autopulse.pseudonym_key import pseudonyms
from autopulse.reconciliation.requests import DeleteRequest
from autopulse.recordings.erasure import erase_objects, erase_versions
from autopulse.recordings.requests import object_key_of
from autopulse.settings import ErasureSettings, from_environ, recording_bucket
from autopulse.vapi.envelope import payload_prefix_of

if TYPE_CHECKING:
    from autopulse.domain.pseudonyms import Pseudonyms

GROUP = "vapi"
"""The message group of the request queue (`reconciliation.services`)."""


class Services(Transactions, Clients):
    """The services of one container; transactions work as for the follow-ups' function."""

    @cached_property
    def settings(self) -> ErasureSettings:  # type: ignore[override] # another type of settings
        """The function's configuration."""
        return from_environ(ErasureSettings)

    @cached_property
    def engine(self) -> Database:
        """The container's one connection to Postgres."""
        return engine()

    @cached_property
    def pseudonyms(self) -> "Pseudonyms":
        """The pseudonyms for tombstones; raises Transient while their key cannot be read."""
        return pseudonyms()

    def queue(self, message: Message, delay_seconds: int = 0) -> None:
        """Put a message into the erasure queue; raises Transient."""
        self._send(self.settings.queue_url, message.to_json(), DelaySeconds=delay_seconds)

    def ask_vapi(self, vapi_call_id: str) -> None:
        """Queue a request to Vapi to delete a call; raises Transient."""
        body = DeleteRequest(vapi_call_id).to_json()
        order = {"MessageGroupId": GROUP, "MessageDeduplicationId": str(uuid.uuid4())}
        self._send(self.settings.vapi_request_queue_url, body, **order)

    def erase_recording(self, vapi_call_id: str) -> int | None:
        """Delete all versions of a call's copy; returns their number, or None if some are left."""
        bucket = recording_bucket()
        return erase_versions(bucket, object_key_of(vapi_call_id)) if bucket else 0

    def erase_payloads(self, vapi_call_id: str) -> int | None:
        """Delete a call's envelopes from the payload bucket; returns their number, or None if some are left."""
        bucket = self.settings.payload_bucket
        return erase_objects(bucket, payload_prefix_of(vapi_call_id)) if bucket else 0

    def _send(self, url: str, body: str, **parameters: object) -> None:
        try:
            self.sqs.send_message(QueueUrl=url, MessageBody=body, **parameters)
        except AWS_ERRORS as error:
            raise Transient("queue-unavailable", name_of(error)) from None  # the error's text may contain the request
