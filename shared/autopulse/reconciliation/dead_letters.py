"""Dead letters about calls that were unknown: requested from Vapi, and redriven when the call is known.

A letter is sent to its queue before it is deleted here, so a failure between the two leaves it in both; its receipt
then makes the second one a repeat. A call's letters are redriven at most three times: a letter that returns each time
is about a known call, and names it wrongly.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from autopulse.errors import UnknownCall

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

SUFFIX: Final = "-dead-letters"
"""The suffix of the name of a kind's dead-letter queue, after the name of its queue."""
HELD_SECONDS: Final = 60
"""The visibility timeout of received letters in seconds: the function's timeout."""
BATCH: Final = 10
"""The maximum number of messages of one SQS call."""
GROUP: Final = "redriven"
"""The message group of redriven letters, as for redrives by operators: SQS prefers the groups of live calls."""
_KEPT: Final = ("kind", "event_id")
"""The attributes of a message in its queue."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter about an unknown call."""

    queue_url: str
    """The URL of the queue that it was in before."""
    receipt_handle: str
    body: str
    attributes: Mapping[str, str]
    call_id: int | None
    vapi_call_id: str | None

    @property
    def dead_letter_queue_url(self) -> str:
        """The URL of the dead-letter queue that it is in."""
        return self.queue_url + SUFFIX


class DeadLetters:
    """The dead-letter queues of all kinds."""

    def __init__(self, sqs: "SQSClient", queue_urls: Collection[str]) -> None:
        self._sqs = sqs
        self._queue_urls = queue_urls

    def read(self, most: int) -> list[Letter]:
        """Receive up to `most` letters of each kind about unknown calls; they stay hidden until `let_go`.

        Other letters become visible at once. Raises ClientError or BotoCoreError.
        """
        return [letter for url in self._queue_urls for letter in self._read_queue(url, most)]

    def _read_queue(self, queue_url: str, most: int) -> Iterator[Letter]:
        seen: set[str] = set()
        others: list[str] = []
        while len(seen) < most and (messages := self._receive(queue_url + SUFFIX)):
            new = [message for message in messages if message["MessageId"] not in seen]
            seen |= {message["MessageId"] for message in messages}
            for message in new:
                letter = _read(queue_url, message)
                if letter is None:
                    others.append(message["ReceiptHandle"])
                else:
                    yield letter
        self._let_go(queue_url + SUFFIX, others)

    def _receive(self, url: str) -> Sequence[Any]:
        answer = self._sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=BATCH,
            VisibilityTimeout=HELD_SECONDS,
            MessageAttributeNames=["All"],
        )
        return answer.get("Messages", [])

    def move_back(self, letter: Letter) -> None:
        """Send a letter to its queue, then delete it here; raises ClientError or BotoCoreError."""
        self._sqs.send_message(
            QueueUrl=letter.queue_url,
            MessageBody=letter.body,
            MessageGroupId=GROUP,
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value} for name, value in letter.attributes.items()
            },
        )
        self._sqs.delete_message(QueueUrl=letter.dead_letter_queue_url, ReceiptHandle=letter.receipt_handle)

    def let_go(self, letters: Collection[Letter]) -> None:
        """Make letters visible again at once."""
        for url in {letter.dead_letter_queue_url for letter in letters}:
            self._let_go(url, [one.receipt_handle for one in letters if one.dead_letter_queue_url == url])

    def _let_go(self, url: str, receipt_handles: Sequence[str]) -> None:
        for start in range(0, len(receipt_handles), BATCH):
            self._sqs.change_message_visibility_batch(
                QueueUrl=url,
                Entries=[
                    {"Id": str(place), "ReceiptHandle": handle, "VisibilityTimeout": 0}
                    for place, handle in enumerate(receipt_handles[start : start + BATCH])
                ],
            )


def _read(queue_url: str, message: Mapping[str, Any]) -> Letter | None:
    """Read a letter; None if it is not about an unknown call that it names."""
    attributes = {
        name: value["StringValue"]
        for name, value in message.get("MessageAttributes", {}).items()
        if "StringValue" in value
    }
    if attributes.get("reason") != UnknownCall.reason:
        return None
    try:
        envelope = json.loads(message["Body"])
        call_id, vapi_call_id = envelope.get("call_id"), envelope.get("vapi_call_id")
        kept = {name: attributes.get(name) or str(envelope[name]) for name in _KEPT}
    except (ValueError, RecursionError, AttributeError, KeyError):
        return None
    if not (isinstance(call_id, int) or isinstance(vapi_call_id, str)):
        return None
    return Letter(queue_url, message["ReceiptHandle"], message["Body"], kept, call_id, vapi_call_id)
