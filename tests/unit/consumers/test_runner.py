"""The skeleton around a batch: splitting, trying again, and what each delivery is told."""

import gc
import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from autopulse.consumers import status_update
from autopulse.consumers.batch import BatchOutcome
from autopulse.consumers.consumer import Record
from autopulse.consumers.runner import Answer, handle
from autopulse.consumers.services import TransactionFailed
from autopulse.db.failures import Fault
from autopulse.domain.events import CallEvent, CallEventType
from autopulse.errors import CallIdentityConflict, DataRejected, Transient, UnknownCall
from tests.harness import Context, FakeServices

Transact = Callable[[Sequence[str]], BatchOutcome]
"""Event ids of a batch -> what becomes of it, or TransactionFailed."""


class Fakes(FakeServices):
    """Everything outside of the skeleton."""

    def __init__(self) -> None:
        super().__init__(sqs=self)
        self.transaction: Transact = lambda _: BatchOutcome()
        self.batches: list[list[str]] = []
        self.dead: list[str] = []
        self.delayed: list[str] = []

    def apply(self, _consumer: object, records: Sequence[Record[Any]]) -> BatchOutcome:
        self.batches.append([record.envelope.event_id for record in records])
        return self.transaction(self.batches[-1])

    def send_message(self, **message: Any) -> None:  # noqa: ANN401 - as boto3 has it
        self.dead.append(message["MessageAttributes"]["reason"]["StringValue"])

    def change_message_visibility_batch(self, **change: Any) -> None:  # noqa: ANN401 - as boto3 has it
        assert len(change["Entries"]) <= 10
        self.delayed += [entry["ReceiptHandle"] for entry in change["Entries"]]


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


def handle_events(fakes: Fakes, transaction: Transact, *events: str, seconds: float = 30) -> Answer:
    fakes.transaction = transaction
    records = [
        {"messageId": str(place), "receiptHandle": str(place), "body": body(event)}
        for place, event in enumerate(events)
    ]
    return handle(status_update.CONSUMER, fakes, {"Records": records}, Context(seconds))


def body(event_id: str) -> str:
    if event_id == "garbage":
        return "garbage"
    message = {"type": "status-update", "status": "ended"}
    head = {
        "version": 1,
        "kind": "status_update",
        "event_id": event_id,
        "call_id": 1,
        "received_at": "2026-07-11T01:00:16Z",
    }
    return json.dumps({**head, "message": message})


def call_events(events: Sequence[str]) -> list[CallEvent]:
    return [CallEvent(CallEventType.CALL_STATUS_CHANGED, 1, event, "organization") for event in events]


def returned(answer: Answer) -> list[int]:
    return [int(failure["itemIdentifier"]) for failure in answer["batchItemFailures"]]


@pytest.mark.parametrize("poison", ["a", "c", "e"])
@pytest.mark.parametrize("fault", [Fault.DATA, Fault.UNEXPECTED])
def test_a_batch_is_split_until_its_bad_record_stands_alone(fakes: Fakes, poison: str, fault: Fault) -> None:
    def transact(events: Sequence[str]) -> BatchOutcome:
        if poison in events:
            raise TransactionFailed(fault, DataRejected("SQLSTATE 22001"))
        return BatchOutcome(call_events=call_events(events))

    answer = handle_events(fakes, transact, *"abcde")
    assert returned(answer) == ["abcde".index(poison)]
    assert sorted(str(call_event.vapi_call_id) for call_event in fakes.call_events) == sorted(set("abcde") - {poison})
    assert [poison] in fakes.batches
    assert fakes.pauses == []


def test_a_transient_error_is_retried_and_leaves_no_trace(fakes: Fakes) -> None:
    tries = iter([Transient("database"), Transient("database"), None])

    def transact(events: Sequence[str]) -> BatchOutcome:
        if error := next(tries):
            raise TransactionFailed(Fault.TRANSIENT, error)
        return BatchOutcome(call_events=call_events(events))

    assert returned(handle_events(fakes, transact, "a", "b")) == []
    assert fakes.batches == [["a", "b"]] * 3
    first, second = fakes.pauses
    assert 0.05 <= first <= 0.1 <= second <= 0.2
    assert len(fakes.call_events) == 2


def test_without_time_the_batch_is_returned_whole(fakes: Fakes) -> None:
    def transact(_: object) -> BatchOutcome:
        raise TransactionFailed(Fault.TRANSIENT, Transient("database"))

    assert returned(handle_events(fakes, transact, *"abc", seconds=5.05)) == [0, 1, 2]
    assert len(fakes.batches) == 1
    assert fakes.delayed == ["0", "1", "2"]
    assert fakes.dead == []


def test_no_transaction_is_begun_after_the_deadline(fakes: Fakes) -> None:
    answer = handle_events(fakes, lambda *_: BatchOutcome(), "a", seconds=1)
    assert returned(answer) == [0]
    assert fakes.batches == []


def test_what_cannot_be_read_is_dead_lettered_without_splitting(fakes: Fakes) -> None:
    assert returned(handle_events(fakes, lambda *_: BatchOutcome(), "a", "garbage", "b")) == []
    assert fakes.batches == [["a", "b"]]
    assert fakes.dead == ["InvalidMessage"]


def test_what_the_batch_refuses_is_left_out_of_it(fakes: Fakes) -> None:
    refused = {"b": UnknownCall("no row"), "c": CallIdentityConflict("two calls")}
    answer = handle_events(fakes, lambda *_: BatchOutcome(refused=dict(refused)), *"abc")
    assert returned(answer) == [1]
    assert fakes.dead == ["CallIdentityConflict"]
    assert fakes.batches == [["a", "b", "c"]]


def test_repeats_in_a_batch_get_the_disposition_of_their_first(fakes: Fakes) -> None:
    answer = handle_events(fakes, lambda *_: BatchOutcome(refused={"b": UnknownCall("no row")}), "b", "a", "b")
    assert returned(answer) == [0, 2]


def test_an_empty_batch_is_no_transaction(fakes: Fakes) -> None:
    assert returned(handle_events(fakes, lambda *_: BatchOutcome())) == []
    assert fakes.batches == []


def test_many_returned_records_are_delayed_in_tens(fakes: Fakes) -> None:
    def transact(events: Sequence[str]) -> BatchOutcome:
        return BatchOutcome(refused={event: UnknownCall("no row") for event in events})

    events = [f"event-{number}" for number in range(25)]
    assert returned(handle_events(fakes, transact, *events)) == list(range(25))
    assert fakes.delayed == [str(number) for number in range(25)]


def test_no_garbage_is_collected_while_a_batch_is_applied_and_it_is_collected_again_afterwards(fakes: Fakes) -> None:
    collected: list[bool] = []

    def transact(_events: Sequence[str]) -> BatchOutcome:
        collected.append(gc.isenabled())
        return BatchOutcome()

    handle_events(fakes, transact, "a")
    assert collected == [False]
    assert gc.isenabled()


def test_garbage_is_collected_again_after_a_batch_that_raises(fakes: Fakes) -> None:
    def transact(_events: Sequence[str]) -> BatchOutcome:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        handle_events(fakes, transact, "a")
    assert gc.isenabled()


def test_who_has_turned_the_collector_off_finds_it_off_after_a_batch(fakes: Fakes) -> None:
    gc.disable()
    try:
        handle_events(fakes, lambda _: BatchOutcome(), "a")
        assert not gc.isenabled()
    finally:
        gc.enable()
