"""Copies of recordings: asked for after a report's commit, and kept with the attempt that they are of."""

import json
from datetime import datetime, timedelta, timezone
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from autopulse.operations import unlink
from autopulse.recordings.requests import CopyRequest, object_key_of, read_request
from autopulse.vapi.envelope import envelope_from
from tests.integration.bodies import VAPI_ID, Body, inbound, outbound, report, status
from tests.integration.pipeline import RECEIVED_AT, Pipeline, webhook

SIGNED: Final = "https://a.r2.cloudflarestorage.com/one-mono.wav?X-Amz-Signature=ab"
BARE: Final = "https://a.r2.cloudflarestorage.com/one-mono.wav"
ENDS: Final = datetime(2026, 7, 11, 1, 30, tzinfo=timezone.utc)
STORED: Final[dict[str, Any]] = {
    "state": "stored",
    "key": object_key_of(VAPI_ID),
    "bytes": 64_044,
    "content_type": "audio/wav",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
}
MISSING: Final[dict[str, Any]] = {"state": "missing"}
ERASED: Final[dict[str, Any]] = {"state": "erased"}


def result(fields: dict[str, Any], vapi_call_id: str = VAPI_ID, at: datetime = RECEIVED_AT) -> str:
    """What the copying function puts into the status queue."""
    message = {"type": "autopulse.recording", "call": {"id": vapi_call_id}, **fields}
    return envelope_from("status_update", message, at).to_json()


def rows(pipeline: Pipeline) -> list[dict[str, Any]]:
    return pipeline.rows("SELECT * FROM call_recording ORDER BY call_id, vapi_call_id")


@pytest.fixture
def call(pipeline: Pipeline) -> int:
    """A call with a report."""
    call_id = pipeline.make_call()
    pipeline.send_each(report(outbound(call_id), 100, recordingUrl=SIGNED))
    return call_id


def test_what_became_of_a_copy_is_kept_with_its_attempt(pipeline: Pipeline, call: int) -> None:
    assert pipeline.deliver("status_update", [result(STORED)]) == []
    (row,) = rows(pipeline)
    assert row == {
        "call_id": call,
        "vapi_call_id": VAPI_ID,
        "state": "stored",
        "object_key": STORED["key"],
        "bytes": 64_044,
        "content_type": "audio/wav",
        "sha256": STORED["sha256"],
        "stored_at": RECEIVED_AT,
    }
    assert pipeline.queues.dead_letters == []


def test_it_changes_nothing_else_and_is_no_news(pipeline: Pipeline, call: int) -> None:
    before, facts = pipeline.call(call), pipeline.facts(call)
    pipeline.call_events.clear()
    pipeline.deliver("status_update", [result(STORED)])
    assert (pipeline.call(call), pipeline.facts(call)) == (before, facts)
    assert pipeline.call_events == []
    (receipt,) = [row for row in pipeline.receipts() if row["type"] == "autopulse.recording"]
    assert (receipt["outcome"], receipt["status"], receipt["call_id"]) == ("applied", None, call)


LATER: Final = RECEIVED_AT + timedelta(days=1)
AGAIN: Final = STORED | {"bytes": 70_000}


@pytest.mark.parametrize("together", [True, False], ids=["one batch", "two batches"])
@pytest.mark.parametrize(
    ("first", "second", "state", "size"),
    [
        *(
            (MISSING, STORED, "stored", 64_044),
            (STORED, MISSING, "stored", 64_044),
            (MISSING, MISSING, "missing", None),
        ),
        *((STORED, ERASED, "erased", None), (ERASED, STORED, "erased", None), (ERASED, MISSING, "erased", None)),
        *((STORED, STORED, "stored", 64_044), (STORED, AGAIN, "stored", 70_000)),
    ],
)
def test_a_copy_that_was_made_is_not_missing_and_an_erased_one_does_not_come_back(  # noqa: PLR0917 - fixtures
    pipeline: Pipeline,
    call: int,
    first: dict[str, Any],
    second: dict[str, Any],
    state: str,
    size: int | None,
    together: bool,
) -> None:
    bodies = [result(first), result(second, at=LATER)]
    for batch in [bodies] if together else [[body] for body in bodies]:
        assert pipeline.deliver("status_update", batch) == []
    (row,) = rows(pipeline)
    assert (row["call_id"], row["state"], row["bytes"]) == (call, state, size)
    assert (row["object_key"] is None) is (state != "stored")


def test_the_copy_that_was_made_later_counts_whichever_was_told_first(pipeline: Pipeline, call: int) -> None:
    for body in (result(AGAIN, at=LATER), result(STORED)):
        pipeline.deliver("status_update", [body])
    assert [(row["call_id"], row["bytes"], row["stored_at"]) for row in rows(pipeline)] == [(call, 70_000, LATER)]


@pytest.mark.parametrize("fields", [{}, {"state": "kept"}, {"state": None}, {"state": 1}])
def test_a_state_that_nobody_knows_is_not_kept(pipeline: Pipeline, call: int, fields: dict[str, Any]) -> None:
    assert pipeline.deliver("status_update", [result(fields)]) == []
    assert rows(pipeline) == []
    assert pipeline.call(call)["status"] == "Completed"


def test_results_and_statuses_of_several_calls_are_one_batch(pipeline: Pipeline) -> None:
    calls = [pipeline.make_call() for _ in range(3)]
    ids = [f"0197f9d4-aaaa-4000-8000-00000000000{place}" for place in range(3)]
    for call_id, id_ in zip(calls, ids, strict=True):
        pipeline.send_each(report(outbound(call_id, id_), 100, recordingUrl=SIGNED))
    ended = [webhook(status("ended", outbound(one, id_), 90)).to_json() for one, id_ in zip(calls, ids, strict=True)]
    assert pipeline.deliver("status_update", [*ended, *(result(STORED, id_) for id_ in ids)]) == []
    assert [(row["call_id"], row["vapi_call_id"]) for row in rows(pipeline)] == list(zip(calls, ids, strict=True))


def test_a_copy_of_a_call_that_is_not_there_waits_and_is_a_dead_letter(pipeline: Pipeline) -> None:
    assert pipeline.deliver("status_update", [result(STORED)]) == [0]
    assert pipeline.deliver("status_update", [result(STORED)], receive_count=11) == []
    assert [letter.reason for letter in pipeline.queues.dead_letters] == ["UnknownCall"]


# With its attempt


def test_a_row_goes_with_its_call(pipeline: Pipeline, call: int) -> None:
    pipeline.deliver("status_update", [result(STORED)])
    pipeline.database.run("DELETE FROM transcript")
    pipeline.database.run("DELETE FROM call WHERE id = :id", id=call)
    assert rows(pipeline) == []


def test_a_row_goes_when_its_link_is_taken_back_and_its_object_with_it(
    pipeline: Pipeline, call: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.deliver("status_update", [result(STORED)])
    erased: list[str] = []
    monkeypatch.setattr(unlink, "erase_copy", erased.append)
    answer = unlink.handler({"call_id": call, "vapi_call_id": VAPI_ID, "unlink": True})
    assert answer["removed"]["attempts"] == 1
    assert rows(pipeline) == []
    assert erased == [STORED["key"]]


def test_a_row_moves_with_its_attempt_when_a_row_of_ours_is_taken_over(
    pipeline: Pipeline, default_organization: str
) -> None:
    assert default_organization
    pipeline.send_each(report(inbound(), 100, recordingUrl=SIGNED))
    pipeline.deliver("status_update", [result(STORED)])
    ours = pipeline.make_call(direction="inbound")
    assert [row["call_id"] for row in rows(pipeline)] != [ours]
    pipeline.send_each(status("ended", inbound() | {"metadata": {"call_id": ours}}, 120))
    assert [(row["call_id"], row["state"]) for row in rows(pipeline)] == [(ours, "stored")]


# Asked for after a report


class Queue:
    """The queue of copies; refuses what it is told to."""

    def __init__(self) -> None:
        self.batches: list[list[CopyRequest]] = []
        self.refused: tuple[str, ...] = ()
        self.error: Exception | None = None

    def send_message_batch(self, **batch: Any) -> dict[str, Any]:  # noqa: ANN401 - as SQS has it
        if self.error is not None:
            raise self.error
        assert len(batch["Entries"]) <= 10
        assert batch["QueueUrl"] == "recordings-of-tests"
        self.batches.append([read_request(entry["MessageBody"]) for entry in batch["Entries"]])
        return {"Failed": [{"Id": entry["Id"]} for entry in batch["Entries"] if entry["Id"] in self.refused]}

    @property
    def requests(self) -> list[CopyRequest]:
        return [request for batch in self.batches for request in batch]


@pytest.fixture
def queue(pipeline: Pipeline) -> Any:  # noqa: ANN401 - a generator of a fake
    one = Queue()
    pipeline.keep_recordings(one)
    yield one
    pipeline.keep_recordings(None)


def told(call_id: int, **fields: Any) -> Body:  # noqa: ANN401 - any JSON value
    return report(outbound(call_id), 100, **fields)


def test_a_copy_is_asked_for_once_a_report_is_committed(pipeline: Pipeline, queue: Queue) -> None:
    artifact = {"presignedMonoUrl": SIGNED, "presignedUrlsExpiresAt": ENDS.isoformat()}
    assert pipeline.send(told(pipeline.make_call(), artifact=artifact)) == []
    assert queue.requests == [CopyRequest(VAPI_ID, SIGNED, ENDS)]


def test_a_bare_address_is_asked_for_by_its_id_alone(pipeline: Pipeline, queue: Queue) -> None:
    pipeline.send(told(pipeline.make_call(), recordingUrl=BARE, artifact={}))
    assert queue.requests == [CopyRequest(VAPI_ID)]


def test_a_report_without_a_recording_asks_for_nothing(pipeline: Pipeline, queue: Queue) -> None:
    pipeline.send(told(pipeline.make_call(), recordingUrl=None, artifact={}))
    assert queue.batches == []


@pytest.mark.parametrize(
    ("consent", "asks"),
    [
        ({"type": "verbal"}, False),
        ({"type": "stay-on-line", "grantedAt": None}, False),
        ({"type": "verbal", "grantedAt": "2026-07-11T01:00:05.000Z"}, True),
        ({}, True),
    ],
)
def test_without_a_grant_where_one_was_asked_there_is_no_copy(
    pipeline: Pipeline, queue: Queue, consent: Body, asks: bool
) -> None:
    body = report(outbound(pipeline.make_call()), 100, recordingUrl=SIGNED, compliance={"recordingConsent": consent})
    pipeline.send_each(body)
    assert bool(queue.requests) is asks


def test_a_stack_that_keeps_none_asks_for_nothing(pipeline: Pipeline, queue: Queue) -> None:
    pipeline.keep_recordings(None)
    pipeline.send(told(pipeline.make_call(), recordingUrl=SIGNED))
    assert queue.batches == []


def test_a_repeat_asks_for_nothing(pipeline: Pipeline, queue: Queue) -> None:
    body = told(pipeline.make_call(), recordingUrl=SIGNED)
    for _ in range(2):
        pipeline.send(body)
    pipeline.send(body, body)
    assert len(queue.requests) == 1


def test_two_copies_of_an_event_in_one_batch_ask_once(pipeline: Pipeline, queue: Queue) -> None:
    body = told(pipeline.make_call(), recordingUrl=SIGNED)
    assert pipeline.send(body, body) == []
    assert len(queue.requests) == 1


def test_a_report_that_is_refused_asks_for_nothing(pipeline: Pipeline, queue: Queue) -> None:
    assert pipeline.send(told(999, recordingUrl=SIGNED)) == [0]
    assert queue.batches == []


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="https://sqs.example.com"),
        ClientError({"Error": {"Code": "ServiceUnavailable", "Message": ""}}, "SendMessageBatch"),
    ],
    ids=["not reached", "refused"],
)
def test_a_report_comes_back_until_its_copy_is_asked_for(pipeline: Pipeline, queue: Queue, error: Exception) -> None:
    call_id = pipeline.make_call()
    body = told(call_id, recordingUrl=SIGNED)
    queue.error = error
    assert pipeline.send(body) == [0]
    assert pipeline.call(call_id)["status"] == "Completed", "it is committed all the same"
    queue.error = None
    assert pipeline.send(body, receive_count=2) == []
    assert queue.requests == [CopyRequest(VAPI_ID, SIGNED)]
    (receipt,) = pipeline.receipts()
    assert receipt["repeats"] == 1
    failed = [line for line in pipeline.log_lines() if line.get("message") == "record failed"]
    assert [line["reason"] for line in failed] == ["recording-queue-unavailable"]
    assert SIGNED not in json.dumps(pipeline.log_lines())


def test_only_what_the_queue_refuses_comes_back(pipeline: Pipeline, queue: Queue) -> None:
    bodies = [
        report(
            outbound(pipeline.make_call(), f"0197f9d4-aaaa-4000-8000-0000000000{place:02}"), 100, recordingUrl=SIGNED
        )
        for place in range(25)
    ]
    queue.refused = ("3",)
    assert pipeline.send(*bodies) == [3, 13, 23]
    assert [len(batch) for batch in queue.batches] == [10, 10, 5], "as many requests as tens of reports"


def test_a_later_report_asks_again(pipeline: Pipeline, queue: Queue) -> None:
    """What was missing may be there by then; the copy takes the place of the first one."""
    call_id = pipeline.make_call()
    pipeline.send(told(call_id, recordingUrl=SIGNED))
    pipeline.send(report(outbound(call_id), 200, recordingUrl=SIGNED, summary="More."))
    assert len(queue.requests) == 2
