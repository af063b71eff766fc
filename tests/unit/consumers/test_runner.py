"""The skeleton around a batch: splitting, trying again, and what each delivery is told."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from autopulse import settings
from autopulse.consumers import clients, runner, status_update
from autopulse.consumers.batch import BatchOutcome
from autopulse.consumers.queue import Delivery
from autopulse.consumers.runner import Answer, handle
from autopulse.db.failures import Fault
from autopulse.domain.notices import Notice, NoticeType
from autopulse.errors import AutoPulseError, CallIdentityConflict, DataRejected, Transient, UnknownCall

Transact = Callable[[Any, Sequence[Delivery]], BatchOutcome]


class Context:
    def __init__(self, milliseconds: int = 30_000) -> None:
        self.milliseconds = milliseconds

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


class World:
    """Everything outside of the skeleton."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.published: list[Notice] = []
        self.dead: list[str] = []
        self.delayed: list[str] = []
        self.slept: list[float] = []

    def send_message(self, **message: Any) -> None:  # noqa: ANN401 - as boto3 has it
        self.dead.append(message["MessageAttributes"]["reason"]["StringValue"])

    def change_message_visibility_batch(self, **change: Any) -> None:  # noqa: ANN401 - as boto3 has it
        assert len(change["Entries"]) <= 10
        self.delayed += [entry["ReceiptHandle"] for entry in change["Entries"]]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    world = World()
    for name in ("QUEUE_URL", "DEAD_LETTER_QUEUE_URL", "PAYLOAD_BUCKET", "EVENT_BUS_NAME"):
        monkeypatch.setenv(name, "some")
    settings.consumer_settings.cache_clear()
    monkeypatch.setattr(clients, "sqs", lambda: world)
    monkeypatch.setattr(runner, "publish", lambda notices, _: world.published.extend(notices))
    monkeypatch.setattr("time.sleep", world.slept.append)
    yield world
    settings.consumer_settings.cache_clear()


def handle_events(
    monkeypatch: pytest.MonkeyPatch, world: World, transact: Transact, *events: str, time: int = 30_000
) -> Answer:
    def record(consumer: Any, deliveries: Sequence[Delivery]) -> BatchOutcome:  # noqa: ANN401 - any consumer
        world.batches.append([event_of(delivery) for delivery in deliveries])
        return transact(consumer, deliveries)

    monkeypatch.setattr(runner, "_transact", record)
    records = [
        {"messageId": str(place), "receiptHandle": str(place), "body": body(event)}
        for place, event in enumerate(events)
    ]
    return handle(status_update.CONSUMER, {"Records": records}, Context(time))


def body(event_id: str) -> str:
    if event_id == "garbage":
        return "garbage"
    message = {"type": "status-update", "status": "ended"}
    head = {"version": 1, "kind": "status", "event_id": event_id, "call_id": 1, "received_at": "2026-07-11T01:00:16Z"}
    return json.dumps({**head, "message": message})


def event_of(delivery: Delivery) -> str:
    assert delivery.envelope is not None
    return delivery.envelope.event_id


def failed(fault: Fault, error: AutoPulseError) -> Exception:
    return runner._Failed(fault, error)  # noqa: SLF001 - what _transact raises


def notices(deliveries: Sequence[Delivery]) -> list[Notice]:
    return [Notice(NoticeType.CALL_STATUS_CHANGED, 1, event_of(delivery), "organization") for delivery in deliveries]


def returned(answer: Answer) -> list[int]:
    return [int(failure["itemIdentifier"]) for failure in answer["batchItemFailures"]]


@pytest.mark.parametrize("poison", ["a", "c", "e"])
@pytest.mark.parametrize("fault", [Fault.DATA, Fault.UNFORESEEN])
def test_a_batch_is_split_until_its_bad_record_stands_alone(
    monkeypatch: pytest.MonkeyPatch, world: World, poison: str, fault: Fault
) -> None:
    def transact(_: Any, deliveries: Sequence[Delivery]) -> BatchOutcome:  # noqa: ANN401 - any consumer
        if poison in map(event_of, deliveries):
            raise failed(fault, DataRejected("SQLSTATE 22001"))
        return BatchOutcome(notices=notices(deliveries))

    answer = handle_events(monkeypatch, world, transact, *"abcde")
    assert returned(answer) == ["abcde".index(poison)]
    assert sorted(str(notice.vapi_call_id) for notice in world.published) == sorted(set("abcde") - {poison})
    assert [poison] in world.batches
    assert world.slept == []


def test_the_world_is_tried_again_and_then_has_not_happened(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    tries = iter([Transient("database"), Transient("database"), None])

    def transact(_: Any, deliveries: Sequence[Delivery]) -> BatchOutcome:  # noqa: ANN401 - any consumer
        if error := next(tries):
            raise failed(Fault.WORLD, error)
        return BatchOutcome(notices=notices(deliveries))

    assert returned(handle_events(monkeypatch, world, transact, "a", "b")) == []
    assert world.batches == [["a", "b"]] * 3
    first, second = world.slept
    assert 0.05 <= first <= 0.1 <= second <= 0.2
    assert len(world.published) == 2


def test_without_time_the_batch_is_returned_whole(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    def transact(*_: object) -> BatchOutcome:
        raise failed(Fault.WORLD, Transient("database"))

    assert returned(handle_events(monkeypatch, world, transact, *"abc", time=5_050)) == [0, 1, 2]
    assert len(world.batches) == 1
    assert world.delayed == ["0", "1", "2"]
    assert world.dead == []


def test_no_transaction_is_begun_after_the_deadline(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    answer = handle_events(monkeypatch, world, lambda *_: BatchOutcome(), "a", time=1_000)
    assert returned(answer) == [0]
    assert world.batches == []


def test_what_cannot_be_read_is_set_aside_without_splitting(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    assert returned(handle_events(monkeypatch, world, lambda *_: BatchOutcome(), "a", "garbage", "b")) == []
    assert world.batches == [["a", "b"]]
    assert world.dead == ["InvalidMessage"]


def test_what_the_batch_refuses_is_left_out_of_it(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    refused = {"b": UnknownCall("no row"), "c": CallIdentityConflict("two calls")}
    answer = handle_events(monkeypatch, world, lambda *_: BatchOutcome(refused=dict(refused)), *"abc")
    assert returned(answer) == [1]
    assert world.dead == ["CallIdentityConflict"]
    assert world.batches == [["a", "b", "c"]]


def test_repeats_in_a_batch_share_the_fate_of_their_first(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    answer = handle_events(
        monkeypatch, world, lambda *_: BatchOutcome(refused={"b": UnknownCall("no row")}), "b", "a", "b"
    )
    assert returned(answer) == [0, 2]


def test_an_empty_batch_is_no_transaction(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    assert returned(handle_events(monkeypatch, world, lambda *_: BatchOutcome())) == []
    assert world.batches == []


def test_many_returned_records_are_delayed_in_tens(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    def transact(_: Any, deliveries: Sequence[Delivery]) -> BatchOutcome:  # noqa: ANN401 - any consumer
        return BatchOutcome(refused={event_of(delivery): UnknownCall("no row") for delivery in deliveries})

    events = [f"event-{number}" for number in range(25)]
    assert returned(handle_events(monkeypatch, world, transact, *events)) == list(range(25))
    assert world.delayed == [str(number) for number in range(25)]
