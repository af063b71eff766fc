"""A recording on its way from Vapi into the bucket, and what is said of it to the status queue."""

import hashlib
import io
import json
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler
from typing import Any, Final

import boto3
import pytest
from moto.sqs.models import sqs_backends

from autopulse.errors import CopyFailed
from autopulse.observability import logger
from autopulse.recordings import copying, download
from autopulse.recordings.copying import Services, handle
from autopulse.recordings.requests import CopyRequest, object_key_of, read_request
from autopulse.settings import RecordingSettings
from tests.integration.recordings.storage import ASKED, KEY, SIGNED, VAPI_CALL_ID, Said, Storage, wav
from tests.moto_account import moto_account

AUDIO: Final = {"content-type": "audio/wav"}
BUCKET: Final = "recordings-of-tests"
NOW: Final = datetime(2026, 11, 30, 12, tzinfo=timezone.utc)


def _messages(queue: str) -> list[Any]:
    """What moto has in a queue."""
    (account,) = sqs_backends.values()
    return list(account["us-east-1"].queues[queue]._messages)  # noqa: SLF001 - the delayed ones, too


class Stack(Services):
    """The function with its queues and its bucket, at a time that a test sets."""

    def __init__(self, storage: Storage, output: io.StringIO, capture: pytest.CaptureFixture[str]) -> None:
        super().__init__()
        self.storage, self.time = storage, NOW
        self._output, self._capture = output, capture
        sqs = boto3.client("sqs")
        queue, dead, status = (
            sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("recordings", "dead", "status")
        )
        secret = boto3.client("secretsmanager").create_secret(Name="key", SecretString=json.dumps({"api_key": KEY}))
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        vars(self)["settings"] = RecordingSettings(
            queue, dead, status, BUCKET, ("*.r2.cloudflarestorage.com",), storage.url, secret["ARN"]
        )

    def now(self) -> datetime:
        return self.time

    def without_key(self) -> None:
        vars(self)["settings"] = self.settings._replace(api_key_secret_arn="")

    def send(self, request: CopyRequest) -> None:
        self.sqs.send_message(QueueUrl=self.settings.queue_url, MessageBody=request.to_json())

    def run(self, *bodies: str) -> list[str]:
        """Let the function take these; the places of those that it returns."""
        records = [{"messageId": str(place), "receiptHandle": "none", "body": one} for place, one in enumerate(bodies)]
        return [failure["itemIdentifier"] for failure in handle({"Records": records}, self)["batchItemFailures"]]

    def waiting(self, queue: str) -> list[dict[str, Any]]:
        """What is in a queue, however long it shall wait there."""
        return [json.loads(message.body) for message in _messages(queue)]

    def delays(self) -> list[int]:
        return [round((one.delayed_until - one.sent_timestamp) / 1000) for one in _messages("recordings")]

    @property
    def said(self) -> list[dict[str, Any]]:
        """The messages to the status queue's consumer."""
        return [one["message"] for one in self.waiting("status")]

    @property
    def objects(self) -> dict[str, Any]:
        listed = boto3.client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", ())
        return {one["Key"]: boto3.client("s3").get_object(Bucket=BUCKET, Key=one["Key"]) for one in listed}

    def metrics(self) -> dict[str, Any]:
        """Name -> (amount, reason), of what was measured since the last time."""
        lines = [json.loads(line) for line in self._capture.readouterr().out.splitlines() if line.startswith("{")]
        named = ("RecordingStored", "RecordingMissing", "RecordingFailed")
        return {name: line.get("reason", "") for line in lines for name in named if name in line}

    def log(self) -> str:
        return self._output.getvalue()


@pytest.fixture
def stack(storage: Storage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Stack]:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "autopulse-test")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    output = io.StringIO()
    handler = logger().registered_handler
    assert isinstance(handler, logging.StreamHandler)
    monkeypatch.setattr(handler, "stream", output)
    with moto_account():
        yield Stack(storage, output, capsys)


ASKING: Final = CopyRequest(VAPI_CALL_ID)
STORED_KEY: Final = object_key_of(VAPI_CALL_ID)


def said_of(content: bytes, **more: object) -> dict[str, Any]:
    return {
        "type": "autopulse.recording",
        "call": {"id": VAPI_CALL_ID},
        "state": "stored",
        "key": STORED_KEY,
        "bytes": len(content),
        "content_type": "audio/wav",
        "sha256": hashlib.sha256(content).hexdigest(),
    } | more


@pytest.mark.parametrize("size", [1044, copying.PART_BYTES - 1, copying.PART_BYTES, 2 * copying.PART_BYTES + 5])
def test_a_recording_is_copied_and_told_of(stack: Stack, size: int) -> None:
    stack.storage.keep(Said(headers=AUDIO, body=wav(size)))
    assert stack.run(ASKING.to_json()) == []
    ((key, stored),) = stack.objects.items()
    assert (key, stored["ContentType"]) == (STORED_KEY, "audio/wav")
    assert stored["Body"].read() == wav(size)
    assert stack.said == [said_of(wav(size))]
    assert stack.metrics() == {"RecordingStored": ""}
    assert stack.waiting("recordings") == stack.waiting("dead") == []


def test_the_same_request_twice_is_one_object_and_one_event(stack: Stack) -> None:
    stack.storage.keep(Said(headers=AUDIO, body=wav()))
    assert stack.run(ASKING.to_json()) == stack.run(ASKING.to_json()) == []
    assert list(stack.objects) == [STORED_KEY]
    assert len({one["event_id"] for one in stack.waiting("status")}) == 1


def test_without_a_key_the_report_s_url_is_copied(stack: Stack) -> None:
    stack.without_key()
    stack.storage.keep(Said(headers=AUDIO, body=wav()))
    assert stack.run(CopyRequest("one", f"{stack.storage.url}{SIGNED}").to_json()) == []
    assert list(stack.objects) == [object_key_of("one")]
    assert stack.said == [said_of(wav(), call={"id": "one"}, key=object_key_of("one"))]


@pytest.mark.parametrize("secret", ['{"api_key": ""}', "{}", "[]", "none", '{"api_key": 1}'])
def test_a_secret_without_a_key_is_none(stack: Stack, secret: str) -> None:
    boto3.client("secretsmanager").put_secret_value(SecretId="key", SecretString=secret)
    stack.storage.keep(Said(headers=AUDIO, body=wav()))
    assert stack.run(CopyRequest(VAPI_CALL_ID, f"{stack.storage.url}{SIGNED}").to_json()) == []
    assert stack.storage.paths == [SIGNED]


# Trying again


def test_what_is_not_there_yet_is_asked_for_again_and_found(stack: Stack) -> None:
    stack.storage.keep(Said(headers=AUDIO, body=wav()))
    found = stack.storage.answers[ASKED]
    stack.storage.say(ASKED, Said(404), Said(404), *found)
    body = ASKING.to_json()
    for tries in (1, 2):
        assert stack.run(body) == []
        (again,) = stack.waiting("recordings")[-1:]
        assert again["tries"] == tries
        body = json.dumps(again)
        stack.time = read_request(body).not_before or NOW
    assert stack.run(body) == []
    assert stack.said == [said_of(wav())]
    assert "RecordingMissing" not in stack.metrics()


def test_it_is_tried_after_half_a_minute_five_minutes_an_hour_and_a_day_and_is_missing_then(stack: Stack) -> None:
    body, waits = ASKING.to_json(), []
    while True:
        before = stack.waiting("recordings")
        assert stack.run(body) == []
        if stack.waiting("recordings") == before:
            break
        body = json.dumps(stack.waiting("recordings")[-1])
        at = read_request(body).not_before
        assert at is not None
        waits.append(at - stack.time)
        stack.time = at
    assert waits == [timedelta(seconds=30), timedelta(minutes=5), timedelta(hours=1), timedelta(days=1)]
    assert stack.delays() == [30, 300, 900, 900]
    assert stack.storage.paths == [ASKED] * 5
    assert stack.said == [{"type": "autopulse.recording", "call": {"id": VAPI_CALL_ID}, "state": "missing"}]
    assert stack.metrics() == {"RecordingMissing": ""}
    assert stack.waiting("dead") == [], "Vapi said plainly that there is none"


@pytest.mark.parametrize(
    ("waits", "hidden"), [(0.2, 1), (2700, 2701), (11 * 3600, 39_601), (85_000, copying.MAX_HIDDEN_SECONDS)]
)
def test_a_request_that_comes_too_early_is_hidden_for_what_remains(stack: Stack, waits: float, hidden: int) -> None:
    changed: list[dict[str, Any]] = []

    class Sqs:
        def change_message_visibility(self, **change: Any) -> None:  # noqa: ANN401 - as boto3 has it
            changed.append(change)

    vars(stack)["sqs"] = Sqs()
    assert stack.run(CopyRequest(VAPI_CALL_ID, tries=3, not_before=NOW + timedelta(seconds=waits)).to_json()) == ["0"]
    assert [change["VisibilityTimeout"] for change in changed] == [hidden]
    assert stack.storage.requests == []


def test_vapi_s_wish_to_wait_is_kept(stack: Stack) -> None:
    stack.storage.say(ASKED, Said(429, {"retry-after": "120"}))
    stack.run(ASKING.to_json())
    assert stack.delays() == [120]
    assert stack.metrics() == {"RecordingFailed": CopyFailed.THROTTLED}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        *((Said(401), CopyFailed.UNAUTHORIZED), (Said(500), CopyFailed.UNAVAILABLE), (Said(429), CopyFailed.THROTTLED)),
        (Storage.redirect("https://evil.example/one.wav"), CopyFailed.REDIRECT_REFUSED),
        (Storage.redirect("http://169.254.169.254/latest/meta-data/"), CopyFailed.REDIRECT_REFUSED),
        (Said(headers={"content-type": "text/html"}, body=b"<p>"), CopyFailed.NO_AUDIO),
    ],
    ids=["401", "500", "429", "elsewhere", "inside", "no audio"],
)
def test_what_somebody_can_mend_is_a_dead_letter_in_the_end(stack: Stack, answer: Said, reason: str) -> None:
    stack.storage.say(ASKED, answer)
    assert stack.run(CopyRequest(VAPI_CALL_ID, tries=4).to_json()) == []
    assert [one["state"] for one in stack.said] == ["missing"]
    assert stack.waiting("dead") == [json.loads(ASKING.to_json())], "to be redriven as if it had not been tried"
    assert stack.metrics() == {"RecordingMissing": "", "RecordingFailed": reason}
    assert stack.objects == {}


def test_a_redriven_request_is_stored_after_all(stack: Stack) -> None:
    stack.storage.say(ASKED, Said(401))
    stack.run(CopyRequest(VAPI_CALL_ID, tries=4).to_json())
    stack.storage.keep(Said(headers=AUDIO, body=wav()))
    assert stack.run(json.dumps(stack.waiting("dead")[0])) == []
    assert [one["state"] for one in stack.said] == ["missing", "stored"]


def test_a_refused_key_is_read_anew(stack: Stack) -> None:
    stack.storage.say(ASKED, Said(401), Storage.redirect(f"{stack.storage.url}{SIGNED}"))
    stack.storage.say(SIGNED, Said(headers=AUDIO, body=wav()))
    stack.run(ASKING.to_json())
    boto3.client("secretsmanager").put_secret_value(SecretId="key", SecretString='{"api_key": "another-key"}')
    stack.run(ASKING.to_json())
    asked = [request.authorization for request in stack.storage.requests]
    assert asked == [f"Bearer {KEY}", "Bearer another-key", None]


@pytest.mark.parametrize("tries", [0, 1])
def test_what_is_too_large_is_not_asked_for_again(stack: Stack, tries: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "MAX_BYTES", copying.PART_BYTES + 1000)
    stack.storage.keep(Said(headers=AUDIO, body=wav(copying.PART_BYTES + 2000), has_length=bool(tries)))
    assert stack.run(CopyRequest(VAPI_CALL_ID, tries=tries).to_json()) == []
    assert stack.waiting("recordings") == []
    assert [one["state"] for one in stack.said] == ["missing"]
    assert stack.metrics() == {"RecordingMissing": "", "RecordingFailed": CopyFailed.TOO_LARGE}
    assert stack.objects == {}
    assert boto3.client("s3").list_multipart_uploads(Bucket=BUCKET).get("Uploads", []) == []


@pytest.mark.parametrize("received", [30_000, copying.PART_BYTES + 100], ids=["first part", "second part"])
def test_what_breaks_off_leaves_no_object(stack: Stack, received: int) -> None:
    size = 2 * copying.PART_BYTES

    def half(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(wav(size)[:received])

    stack.storage.keep(Said(headers=AUDIO | {"content-length": str(size)}, body=half))
    assert stack.run(ASKING.to_json()) == []
    assert stack.objects == {}
    assert boto3.client("s3").list_multipart_uploads(Bucket=BUCKET).get("Uploads", []) == []
    assert stack.said == []
    assert [one["tries"] for one in stack.waiting("recordings")] == [1]
    assert stack.metrics() == {"RecordingFailed": CopyFailed.BROKEN_OFF}


def test_a_url_that_has_ended_is_not_waited_for(stack: Stack) -> None:
    stack.without_key()
    stack.storage.keep(Said(403))
    over = f"{stack.storage.url}{SIGNED}&X-Amz-Date=20261130T112900Z&X-Amz-Expires=1800"
    stack.storage.say(over.removeprefix(stack.storage.url), Said(403))
    assert stack.run(CopyRequest("one", over).to_json()) == []
    assert [one["state"] for one in stack.said] == ["missing"]
    assert [one["url"] for one in stack.waiting("dead")] == [over]


def test_a_url_that_has_not_ended_is_waited_for(stack: Stack) -> None:
    stack.without_key()
    stack.storage.keep(Said(503))
    stack.run(CopyRequest("one", f"{stack.storage.url}{SIGNED}", NOW + timedelta(seconds=1)).to_json())
    assert [one["tries"] for one in stack.waiting("recordings")] == [1]


# When AWS fails, and when a message is none


def test_a_bucket_that_does_not_answer_costs_no_try(stack: Stack) -> None:
    stack.storage.keep(Said(headers=AUDIO, body=wav()))
    vars(stack)["settings"] = stack.settings._replace(bucket="another-bucket")
    stack.send(ASKING)
    (received,) = stack.sqs.receive_message(QueueUrl=stack.settings.queue_url)["Messages"]
    record = {"messageId": "0", "receiptHandle": received["ReceiptHandle"], "body": received["Body"]}
    assert handle({"Records": [record]}, stack) == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    assert [one["tries"] for one in stack.waiting("recordings")] == [0]
    assert stack.said == []
    assert "NoSuchBucket" in stack.log()


@pytest.mark.parametrize(
    "body",
    [
        *("", "[]", "{", "null", '{"version": 2, "vapi_call_id": "one", "tries": 0}', '{"version": 1, "tries": 0}'),
        *('{"version": 1, "vapi_call_id": "one"}', '{"version": 1, "vapi_call_id": "one", "tries": -1}'),
        *('{"version": 1, "vapi_call_id": "one", "tries": "1"}', "[" * 100_000),
    ],
)
def test_a_message_that_is_no_request_is_a_dead_letter(stack: Stack, body: str) -> None:
    dead: list[dict[str, Any]] = []

    class Sqs:
        def send_message(self, **message: Any) -> None:  # noqa: ANN401 - as boto3 has it
            dead.append(message)

    vars(stack)["sqs"] = Sqs()
    assert stack.run(body) == []
    assert [(one["QueueUrl"], one["MessageBody"]) for one in dead] == [(stack.settings.dead_letter_queue_url, body)]
    assert stack.storage.requests == []


def test_no_log_line_has_a_url_or_the_key(stack: Stack) -> None:
    stack.storage.keep(Said(403), Said(headers=AUDIO, body=wav()))
    request = CopyRequest(VAPI_CALL_ID, f"{stack.storage.url}{SIGNED}")
    for _ in range(2):
        stack.run(request.to_json())
    lines = [json.loads(line) for line in stack.log().splitlines()]
    assert [line["message"] for line in lines] == ["recording not copied", "recording stored"]
    assert {line["vapi_call_id"] for line in lines} == {VAPI_CALL_ID}
    for secret in (KEY, "X-Amz-Signature", SIGNED, stack.storage.url):
        assert secret not in stack.log()
        assert secret not in json.dumps(stack.said)


def test_a_request_reads_as_it_was_written() -> None:
    request = CopyRequest(VAPI_CALL_ID, "https://recordings.example.com/1.wav", NOW, 3, NOW + timedelta(hours=1))
    assert read_request(request.to_json()) == request
    assert object_key_of(VAPI_CALL_ID.upper()) == f"recordings/{VAPI_CALL_ID}"
    assert object_key_of("a/../b") == "recordings/" + hashlib.sha256(b"a/../b").hexdigest()
