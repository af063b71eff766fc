"""A dead-letter queue and its source queue: receive, send back, delete and release dead letters."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from operate.dead_letter import DeadLetter, read_dead_letter

HELD_SECONDS: Final = 900
"""Visibility timeout in seconds of received dead letters: the time to read the list and to answer."""
SAFETY_SECONDS: Final = 60
"""Nothing is sent this shortly before the visibility timeout ends, since another consumer might then send it too."""
WAIT_SECONDS: Final = 2
"""With long polling SQS asks all of its servers, so that an empty answer means an empty queue."""
BATCH: Final = 10
BATCH_BYTES: Final = 1024 * 1024
"""SQS's limits of one request."""
REDRIVEN: Final = "redriven"
"""One message group for all redriven messages. While it keeps many consumers busy, SQS prefers the groups of live
calls.
"""


class DeadLetterQueue:
    """The dead letters of one kind."""

    def __init__(self, sqs: Any, source_url: str, url: str, clock: Callable[[], float] = time.monotonic) -> None:  # noqa: ANN401 - a boto3 client
        self._sqs = sqs
        self._source_url = source_url
        self._url = url
        self._clock = clock
        self._held_since: float | None = None

    def receive(self) -> Iterator[list[DeadLetter]]:
        """Yield each dead letter once, in batches, until the queue is empty; each stays invisible for HELD_SECONDS."""
        seen: set[str] = set()
        while messages := self._receive_batch():
            new = {message["MessageId"]: message for message in messages if message["MessageId"] not in seen}
            seen.update(new)
            yield [read_dead_letter(message) for message in new.values()]

    def are_held(self) -> bool:
        """Return whether the visibility timeout is certainly still running."""
        since = self._clock() if self._held_since is None else self._held_since
        return self._clock() - since < HELD_SECONDS - SAFETY_SECONDS

    def send_back(self, letters: Iterable[DeadLetter]) -> Iterator[DeadLetter]:
        """Send to the source queue; yields each dead letter that the queue has accepted, and no other."""
        for batch in _batches(letters):
            yield from self._send_batch(batch)

    def delete(self, letters: Sequence[DeadLetter]) -> list[DeadLetter]:
        """Delete what was sent; returns the dead letters that could not be deleted in two attempts."""
        return self._delete(self._delete(letters))

    def let_go(self, letters: Iterable[DeadLetter]) -> None:
        """Make dead letters visible again at once; for those that fail, the visibility timeout ends by itself."""
        for batch in _chunks(letters):
            entries = [
                {"Id": str(place), "ReceiptHandle": letter.receipt_handle, "VisibilityTimeout": 0}
                for place, letter in enumerate(batch)
            ]
            try:
                self._sqs.change_message_visibility_batch(QueueUrl=self._url, Entries=entries)
            except (ClientError, BotoCoreError):
                return

    def _receive_batch(self) -> list[Any]:
        if self._held_since is None:
            self._held_since = self._clock()
        answer = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=BATCH,
            WaitTimeSeconds=WAIT_SECONDS,
            VisibilityTimeout=HELD_SECONDS,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return list(answer.get("Messages", []))

    def _send_batch(self, batch: Sequence[DeadLetter]) -> list[DeadLetter]:
        entries = [_entry(place, letter) for place, letter in enumerate(batch)]
        try:
            answer = self._sqs.send_message_batch(QueueUrl=self._source_url, Entries=entries)
        except (ClientError, BotoCoreError):
            return []  # perhaps it was accepted; then it exists twice, and receipts make that harmless
        return [batch[int(taken["Id"])] for taken in answer.get("Successful", [])]

    def _delete(self, letters: Sequence[DeadLetter]) -> list[DeadLetter]:
        return [letter for batch in _chunks(letters) for letter in self._delete_batch(batch)]

    def _delete_batch(self, batch: Sequence[DeadLetter]) -> list[DeadLetter]:
        entries = [{"Id": str(place), "ReceiptHandle": letter.receipt_handle} for place, letter in enumerate(batch)]
        try:
            answer = self._sqs.delete_message_batch(QueueUrl=self._url, Entries=entries)
        except (ClientError, BotoCoreError):
            return list(batch)
        return [batch[int(failed["Id"])] for failed in answer.get("Failed", [])]


def _entry(place: int, letter: DeadLetter) -> dict[str, Any]:
    attributes = {name: {"DataType": "String", "StringValue": value} for name, value in letter.kept_attributes.items()}
    return {
        "Id": str(place),
        "MessageBody": letter.body,
        "MessageAttributes": attributes,
        "MessageGroupId": REDRIVEN,
    }


def _batches(letters: Iterable[DeadLetter]) -> Iterator[list[DeadLetter]]:
    """Split into batches that fit one request, by number and by bytes."""
    batch: list[DeadLetter] = []
    total = 0
    for letter in letters:
        if batch and (len(batch) == BATCH or total + letter.bytes_sent > BATCH_BYTES):
            yield batch
            batch, total = [], 0
        batch.append(letter)
        total += letter.bytes_sent
    if batch:
        yield batch


def _chunks(letters: Iterable[DeadLetter]) -> Iterator[list[DeadLetter]]:
    waiting = iter(letters)
    while chunk := list(islice(waiting, BATCH)):
        yield chunk
