"""A dead-letter queue and the queue that its messages came from: receive, send back, delete, let go."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from operate.dead_letter import DeadLetter, read_dead_letter

HELD_SECONDS: Final = 900
"""How long received letters are hidden from everybody else: the time to read the list and to answer."""
SAFETY_SECONDS: Final = 60
"""Nothing is sent so shortly before they become visible again, or somebody else might send it too."""
WAIT_SECONDS: Final = 2
"""Long polling asks all of SQS's servers, so that an empty answer means an empty queue."""
BATCH: Final = 10
BATCH_BYTES: Final = 1024 * 1024
"""SQS's limits of one call."""
REDRIVEN: Final = "redriven"
"""One message group for all of them: while it keeps many consumers busy, SQS serves the groups of live calls first."""


class DeadLetterQueue:
    """The letters of one kind."""

    def __init__(self, sqs: Any, source_url: str, url: str, clock: Callable[[], float] = time.monotonic) -> None:  # noqa: ANN401 - a boto3 client
        self._sqs = sqs
        self._source_url = source_url
        self._url = url
        self._clock = clock
        self._held_since: float | None = None

    def receive(self) -> Iterator[list[DeadLetter]]:
        """Each letter once, until the queue is empty; they stay hidden until they are let go, or HELD_SECONDS."""
        seen: set[str] = set()
        while messages := self._receive_batch():
            new = {message["MessageId"]: message for message in messages if message["MessageId"] not in seen}
            seen.update(new)
            yield [read_dead_letter(message) for message in new.values()]

    def are_held(self) -> bool:
        """Return whether the letters are still surely nobody else's."""
        since = self._clock() if self._held_since is None else self._held_since
        return self._clock() - since < HELD_SECONDS - SAFETY_SECONDS

    def send_back(self, letters: Iterable[DeadLetter]) -> Iterator[DeadLetter]:
        """Send to the source queue; yields each letter that it has taken, and no other."""
        for batch in _batches(letters):
            yield from self._send_batch(batch)

    def delete(self, letters: Sequence[DeadLetter]) -> list[DeadLetter]:
        """Delete what was sent; the letters that could not be deleted, twice tried."""
        return self._delete(self._delete(letters))

    def let_go(self, letters: Iterable[DeadLetter]) -> None:
        """Make letters visible again at once; those that cannot be reached become so when their time is over."""
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
            return []  # perhaps it was taken all the same: then it will be there twice, which receipts make harmless
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
    """As many as one call may carry, in number and in bytes."""
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
