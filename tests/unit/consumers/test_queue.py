"""Check when a record comes back, and when its error is permanent (docs/call-state.md 2)."""

import json
from random import Random

import pytest

from autopulse.consumers import status_update
from autopulse.consumers.queue import ReceivedMessage, backoff_seconds, is_permanent, read_deliveries
from autopulse.errors import (
    AutoPulseError,
    CallIdentityConflict,
    DataRejected,
    InvalidMessage,
    Transient,
    UnknownCall,
)
from tests.harness import FakeServices

NEVER = 1e12


def delivery(error: AutoPulseError | None, receive_count: int) -> ReceivedMessage:
    return ReceivedMessage("id", "handle", receive_count, "{}", error=error)


def least_and_most(error: AutoPulseError, receive_count: int) -> tuple[int, int]:
    """The least and the greatest backoff that may be drawn."""
    returned = delivery(error, receive_count)
    return backoff_seconds(returned, lambda least, _: least), backoff_seconds(returned, lambda _, most: most)


@pytest.mark.parametrize("error", [UnknownCall("x"), DataRejected("x")], ids=lambda error: error.reason)
@pytest.mark.parametrize(
    ("count", "seconds"),
    [(1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, 32), (7, 64), (8, 120), (9, 120), (10, 120), (1_000, 120)],
)
def test_what_may_be_about_to_be_committed_is_waited_for(error: AutoPulseError, count: int, seconds: int) -> None:
    assert least_and_most(error, count) == (seconds, seconds + seconds // 4)


@pytest.mark.parametrize(("count", "seconds"), [(1, 2), (2, 4), (9, 512), (10, 900), (100, 900)])
def test_a_transient_error_comes_back_later_and_later(count: int, seconds: int) -> None:
    least, most = least_and_most(Transient("database"), count)
    assert (least, most) == (seconds, seconds + seconds // 4)
    assert most < 12 * 3600, "SQS takes no more"


def test_a_backoff_is_drawn_between_the_two() -> None:
    delays = {backoff_seconds(delivery(UnknownCall("x"), 10), Random(seed).randint) for seed in range(20)}
    assert len(delays) > 1
    assert delays <= set(range(120, 151))


@pytest.mark.parametrize(
    ("error", "last_try"),
    [(UnknownCall("x"), 10), (DataRejected("x"), 5), (InvalidMessage("x"), 0), (CallIdentityConflict("x"), 0)],
)
def test_an_error_is_permanent_after_its_number_of_tries(error: AutoPulseError, last_try: int) -> None:
    assert is_permanent(delivery(error, last_try + 1))
    assert not last_try or not is_permanent(delivery(error, last_try))


@pytest.mark.parametrize("error", [Transient("database"), Transient("unexpected"), None])
def test_a_transient_error_is_never_permanent(error: AutoPulseError | None) -> None:
    assert not is_permanent(delivery(error, 100))


def test_every_record_is_read_or_has_its_error() -> None:
    good = {
        "version": 1,
        "kind": "status_update",
        "event_id": "e",
        "call_id": 15,
        "received_at": "2026-07-11T01:00:16Z",
        "message": {"type": "status-update", "status": "ended"},
    }
    bodies = [
        json.dumps(good),
        "garbage",
        json.dumps(good | {"kind": "end_of_call_report"}),
        json.dumps(good | {"call_id": None}),
    ]
    records = [
        {
            "messageId": str(place),
            "receiptHandle": "handle",
            "body": body,
            "attributes": {"ApproximateReceiveCount": "3"},
        }
        for place, body in enumerate(bodies)
    ]
    read = read_deliveries(status_update.CONSUMER, FakeServices(), {"Records": records}, NEVER)
    assert [one.message_id for one in read] == ["0", "1", "2", "3"]
    assert [one.receive_count for one in read] == [3] * 4
    assert read[0].record is not None
    assert read[0].error is None
    assert [one.error.reason for one in read[1:] if one.error] == ["InvalidMessage"] * 3


def test_without_a_receive_count_it_is_the_first_try() -> None:
    record = {"messageId": "0", "receiptHandle": "handle", "body": "{}"}
    (read,) = read_deliveries(status_update.CONSUMER, FakeServices(), {"Records": [record]}, NEVER)
    assert read.receive_count == 1
