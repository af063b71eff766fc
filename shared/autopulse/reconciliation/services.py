"""The services of the fetcher: settings, Vapi's API, queues, the payload bucket, the clock.

The function's app.py makes one `Services` and passes it to its handler; tests make their own. Each service is created
on first use and kept as long as the container.
"""

from __future__ import annotations

import json
import uuid
from datetime import datetime, timezone
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Final

from autopulse.aws import AWS_ERRORS, name_of
from autopulse.errors import Transient
from autopulse.ingress.clients import Clients
from autopulse.ingress.queueing import enqueue
from autopulse.ingress.webhook_secret import WebhookSecret
from autopulse.observability import Metric
from autopulse.reconciliation.client import ApiKey, VapiClient
from autopulse.settings import FetcherSettings, from_environ
from autopulse.vapi.call_tokens import is_proven

if TYPE_CHECKING:
    from collections.abc import Mapping

    from autopulse.observability import Measurements
    from autopulse.reconciliation.requests import Page, Request
    from autopulse.vapi.call_ids import NamedCall
    from autopulse.vapi.envelope import Envelope

GROUP: Final = "vapi"
"""The only message group of the request queue: SQS delivers its next messages only after the last ones are done."""
_VISIBILITY_BATCH: Final = 10
"""The maximum number of entries of one ChangeMessageVisibilityBatch call."""


class Services(Clients):
    """The services of one container."""

    @cached_property
    def settings(self) -> FetcherSettings:
        """The function's configuration; raises SettingMissing or SettingInvalid."""
        return from_environ(FetcherSettings)

    @cached_property
    def vapi(self) -> VapiClient:
        """The client of Vapi's API."""
        return VapiClient(
            self.settings.vapi_api_url, ApiKey(lambda: self.read_text(self.settings.vapi_api_key_secret_arn))
        )

    def now(self) -> datetime:
        """The current time in UTC."""
        return datetime.now(timezone.utc)

    def believe(self, named: NamedCall, measurements: Measurements) -> bool:
        """Whether our call id counts: always, or only with the application's token if this stack requires one.

        The verifier does the same: two stacks may share an organization at Vapi and have equal ids. Raises Transient.
        """
        if not self.settings.require_call_token:
            return True
        keys = self._webhook_secret.current(measurements).call_token_keys
        if not keys:
            raise Transient("not-configured", "the webhook secret has no call_token_secret")
        if is_proven(named.call_id, named.token, keys):
            return True
        measurements.count(Metric.CALL_TOKEN_REFUSED)
        return False

    def put(self, envelope: Envelope) -> None:
        """Put a message into the queue of its kind; raises Transient."""
        enqueue(envelope, self)

    def request(self, request: Request) -> None:
        """Put a request at the end of the request queue; raises Transient."""
        self._send(self.settings.request_queue_url, request.to_json(), **_in_order())

    def tell(self, page: Page) -> None:
        """Put a page into the page queue; raises Transient."""
        self._send(self.settings.page_queue_url, page.to_json())

    def report_deletion(self, vapi_call_id: str, outcome: str, reason: str = "") -> None:
        """Put the result of a deletion into the erasure queue; raises Transient."""
        told = {"vapi_call_id": vapi_call_id, "outcome": outcome, "reason": reason}
        self._send(self.settings.erasure_queue_url, json.dumps(told))

    def bury(self, body: str, reason: str, detail: str) -> None:
        """Dead-letter a request that cannot succeed; raises Transient."""
        attributes = {"reason": reason, "detail": detail} if detail else {"reason": reason}
        typed = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
        self._send(self.settings.request_dead_letter_queue_url, body, MessageAttributes=typed, **_in_order())

    def hold(self, seconds_by_handle: Mapping[str, int]) -> None:
        """Hide messages that return to the request queue for these numbers of seconds."""
        waiting = iter(seconds_by_handle.items())
        while chunk := list(islice(waiting, _VISIBILITY_BATCH)):
            entries = [
                {"Id": str(place), "ReceiptHandle": handle, "VisibilityTimeout": seconds}
                for place, (handle, seconds) in enumerate(chunk)
            ]
            try:
                self.sqs.change_message_visibility_batch(QueueUrl=self.settings.request_queue_url, Entries=entries)
            except AWS_ERRORS:
                return  # they become visible anyway when their visibility timeout ends

    @cached_property
    def _webhook_secret(self) -> WebhookSecret:
        return WebhookSecret(lambda: self.read_text(self.settings.webhook_secret_arn))

    def _send(self, url: str, body: str, **parameters: object) -> None:
        try:
            self.sqs.send_message(QueueUrl=url, MessageBody=body, **parameters)
        except AWS_ERRORS as error:
            raise Transient("queue-unavailable", name_of(error)) from None  # the error's text may contain the request


def _in_order() -> dict[str, object]:
    """The parameters of a FIFO queue; each message has its own deduplication id, even if its request is repeated."""
    return {"MessageGroupId": GROUP, "MessageDeduplicationId": str(uuid.uuid4())}
