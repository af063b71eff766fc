"""Envelopes too long for a queue: their objects go with the commit, and whoever comes late finds the receipt."""

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.exceptions import ConnectTimeoutError
from botocore.stub import Stubber

from autopulse.consumers import clients, payloads
from autopulse.consumers.queue import UNKNOWN_CALL_TRIES
from autopulse.consumers.services import Services
from tests.faults import sqs_records
from tests.faults.sqs_records import Record, event_id_of, received
from tests.harness import Aws, Database, attributes_of, before_statement, handle, metrics

UNKNOWN = 999


@contextmanager
def _stubbed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    client: Any = boto3.client("s3")
    monkeypatch.setattr(clients, "s3", lambda: client)
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def _stored(record: Record, aws: Aws, content: bytes | None = None) -> Record:
    """The record as the verifier queues it when the envelope is too long, and its object in the bucket."""
    body = record["body"].encode() if content is None else content
    boto3.client("s3").put_object(Bucket=aws.bucket, Key=_key(record), Body=body)
    return _pointer(record)


def _pointer(record: Record) -> Record:
    envelope = json.loads(record["body"])
    del envelope["message"]
    return sqs_records.posted(json.dumps(envelope | {"payload_key": _key(record)}))


def _key(record: Record) -> str:
    return f"envelopes/2026/11/02/{event_id_of(record)}.json"


def _objects(aws: Aws) -> set[str]:
    return {item["Key"] for item in boto3.client("s3").list_objects_v2(Bucket=aws.bucket).get("Contents", ())}


def _repeats(database: Database, record: Record) -> int | None:
    found = database.run("SELECT repeats FROM webhook_event WHERE event_id = :id", id=event_id_of(record))
    return int(found[0][0]) if found else None


# Objects that go


def test_the_object_of_an_applied_record_goes_and_no_other(database: Database, aws: Aws) -> None:
    report, other = sqs_records.report(1), sqs_records.report(3)
    _stored(other, aws)
    assert handle([_stored(report, aws), sqs_records.report(2)]) == []
    assert database.statuses()[:2] == ["Completed"] * 2
    assert database.value("SELECT count(*) FROM transcript WHERE call_id = 1") == 4
    assert _objects(aws) == {_key(other)}


def test_all_objects_of_a_batch_go_in_one_call(database: Database, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = [_stored(sqs_records.report(n), aws) for n in range(1, 6)]
    client, calls = boto3.client("s3"), []

    def delete_objects(**wanted: Any) -> Any:  # noqa: ANN401 - boto3's
        calls.append([one["Key"] for one in wanted["Delete"]["Objects"]])
        return boto3.client("s3").delete_objects(**wanted)

    monkeypatch.setattr(client, "delete_objects", delete_objects)
    monkeypatch.setattr(clients, "s3", lambda: client)
    assert handle([*batch, batch[0] | {"messageId": "again"}]) == []
    assert [len(keys) for keys in calls] == [5]
    assert database.statuses()[:5] == ["Completed"] * 5
    assert _objects(aws) == set()


def test_copies_in_one_batch_are_one_event_and_one_object(database: Database, aws: Aws) -> None:
    report = sqs_records.report(4)
    assert handle([_stored(report, aws), _pointer(report), _pointer(report)]) == []
    assert _repeats(database, report) == 2
    assert _objects(aws) == set()


def test_the_object_that_a_resend_put_goes_with_the_repeat(database: Database, aws: Aws) -> None:
    report = sqs_records.report(1)
    assert handle([_stored(report, aws)]) == []
    assert handle([_stored(report, aws)]) == []
    assert _repeats(database, report) == 1
    assert _objects(aws) == set()


def test_the_object_of_an_unknown_word_goes(database: Database, aws: Aws) -> None:
    assert handle([_stored(sqs_records.status(1, word="unheard-of"), aws)]) == []
    assert database.value("SELECT outcome FROM webhook_event") == "ignored"
    assert _objects(aws) == set()


def test_the_object_of_a_call_that_is_not_ours_goes(database: Database, aws: Aws) -> None:
    database.run("INSERT INTO vapi_number (id, ignored) VALUES ('assistant-of-another-stack', true)")
    call = {"id": sqs_records.vapi_id(1), "assistantId": "assistant-of-another-stack"}
    assert handle([_stored(sqs_records.report(1, call=call), aws)]) == []
    assert database.value("SELECT outcome FROM webhook_event") == "ignored"
    assert _objects(aws) == set()


# Objects that stay


def test_a_record_that_waits_keeps_its_object(database: Database, aws: Aws) -> None:
    early = sqs_records.report(21)
    pointer = _stored(early, aws)
    assert handle([pointer, sqs_records.report(1)]) == [pointer["messageId"]]
    assert _objects(aws) == {_key(early)}
    database.run(
        "INSERT INTO call (organization_id, customer_number, status)"
        " SELECT id, '+12025550121', 'Ready' FROM organization"
    )
    assert handle([received(pointer, 2)]) == []
    assert database.statuses()[20] == "Completed"
    assert _objects(aws) == set()


def test_a_dead_letter_keeps_its_object_and_is_applied_when_it_is_moved_back(database: Database, aws: Aws) -> None:
    assert handle([sqs_records.status(1)]) == []
    content = json.loads(sqs_records.report(2, score=3)["body"]) | {"vapi_call_id": sqs_records.vapi_id(1)}
    conflicting = sqs_records.posted(json.dumps(content))
    assert handle([_stored(conflicting, aws)]) == []
    (dead,) = aws.dead_letters()
    assert attributes_of(dead)["reason"] == "CallIdentityConflict"
    assert _objects(aws) == {_key(conflicting)}
    database.run("UPDATE call SET vapi_call_id = NULL WHERE id = 1; DELETE FROM vapi_call")
    assert handle([sqs_records.posted(dead["Body"])]) == []
    assert database.value("SELECT nps_score FROM call WHERE id = 2") == 3
    assert _objects(aws) == set()


@pytest.mark.parametrize("content", [b"\xff\xfe", b"{}", b""])
def test_a_spoiled_object_is_dead_lettered_and_stays(content: bytes, database: Database, aws: Aws) -> None:
    report = sqs_records.report(1)
    assert handle([_stored(report, aws, content), sqs_records.report(2)]) == []
    assert database.statuses()[:2] == ["Ready", "Completed"]
    (letter,) = aws.dead_letters()
    assert attributes_of(letter)["reason"] == "InvalidMessage"
    assert _objects(aws) == {_key(report)}


def test_the_object_of_another_event_is_not_read(database: Database, aws: Aws) -> None:
    report = sqs_records.report(1)
    assert handle([_stored(report, aws, sqs_records.report(2)["body"].encode())]) == []
    assert database.statuses()[:2] == ["Ready", "Ready"]
    (letter,) = aws.dead_letters()
    assert "another event" in attributes_of(letter)["detail"]


def test_without_a_commit_the_object_stays(database: Database, aws: Aws) -> None:
    report = sqs_records.report(1)
    pointer = _stored(report, aws)

    def kill(_place: int, statement: str) -> None:
        if statement == "COMMIT":
            database.kill_others()

    assert handle([sqs_records.report(2)]) == []  # so that there is an engine to listen to
    with before_statement(kill):
        assert handle([pointer], seconds=5.5) == [pointer["messageId"]]
    assert _objects(aws) == {_key(report)}
    assert handle([received(pointer, 2)]) == []
    assert database.statuses()[0] == "Completed"
    assert _objects(aws) == set()


@pytest.mark.parametrize("code", ["SlowDown", "InternalError", "AccessDenied"])
def test_a_bucket_that_fails_is_tried_again_later(
    code: str, database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pointer = _pointer(sqs_records.report(1))
    with _stubbed(monkeypatch) as s3:
        s3.add_client_error("get_object", code)
        assert handle([pointer, sqs_records.report(2)]) == [pointer["messageId"]]
    assert database.statuses()[:2] == ["Ready", "Completed"]
    assert metrics(capsys.readouterr().out)["RecordFailed:kind=end_of_call_report,reason=payload-unavailable"] == 1


# Objects that are gone


def test_a_record_whose_object_went_with_its_receipt_is_a_repeat(
    database: Database, aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = sqs_records.report(1), sqs_records.report(2, score=7)
    assert handle([_stored(one, aws), _stored(other, aws)]) == []
    capsys.readouterr()
    with before_statement(lambda *_: None) as statements:
        assert handle([_pointer(one), _pointer(other), _pointer(one)]) == []
    assert statements[-1] == "COMMIT"
    assert len(statements) == 2, "one for all of them"
    assert (_repeats(database, one), _repeats(database, other)) == (2, 1)
    assert aws.dead_letters() == []
    output = capsys.readouterr().out
    assert metrics(output)["RecordDuplicate"] == 3
    assert "RecordFailed" not in metrics(output)
    lines = [json.loads(line) for line in output.splitlines()]
    settled = [(line["disposition"], line["call_id"]) for line in lines if line.get("message") == "record settled"]
    assert settled == [("duplicate", 1), ("duplicate", 2), ("duplicate", 1)]


def test_a_repeat_and_a_new_record_in_one_batch_differ(database: Database, aws: Aws) -> None:
    old, new = sqs_records.report(1), sqs_records.report(2)
    assert handle([_stored(old, aws)]) == []
    assert handle([_pointer(old), _stored(new, aws), _pointer(sqs_records.report(3))]) == []
    assert database.statuses()[:3] == ["Completed", "Completed", "Ready"]
    (letter,) = aws.dead_letters()
    assert json.loads(letter["Body"])["event_id"] == event_id_of(sqs_records.report(3))


def test_a_record_without_object_and_receipt_is_a_dead_letter_that_says_so(
    database: Database, aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    report = sqs_records.report(1)
    pointer = _pointer(report)
    assert handle([pointer]) == []
    (letter,) = aws.dead_letters()
    assert letter["Body"] == pointer["body"]
    assert attributes_of(letter)["reason"] == "PayloadGone"
    assert attributes_of(letter)["detail"] == "payload_key names no object, and the event has no receipt"
    output = capsys.readouterr().out
    assert metrics(output)["RecordFailed:kind=end_of_call_report,reason=PayloadGone"] == 1
    failed = next(json.loads(line) for line in output.splitlines() if "record failed" in line)
    assert failed["event_id"] == event_id_of(report)
    assert database.statuses()[0] == "Ready"


def test_a_dead_letter_whose_resend_was_applied_is_a_repeat_when_it_is_moved_back(database: Database, aws: Aws) -> None:
    late = sqs_records.report(21)
    assert handle([received(_stored(late, aws), UNKNOWN_CALL_TRIES + 1)]) == []
    (dead,) = aws.dead_letters()
    database.run(
        "INSERT INTO call (organization_id, customer_number, status)"
        " SELECT id, '+12025550121', 'Ready' FROM organization"
    )
    assert handle([_stored(late, aws)]) == []
    assert handle([sqs_records.posted(dead["Body"])]) == []
    assert _repeats(database, late) == 1
    assert database.statuses()[20] == "Completed"


def test_a_record_that_is_delivered_again_while_its_object_is_deleted_changes_nothing(
    database: Database, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second delivery comes after the commit of the first, before and after the deletion."""
    report = sqs_records.report(1)
    pointer = _stored(report, aws)
    answers: list[list[str]] = []

    def meanwhile(*arguments: Any) -> int:  # noqa: ANN401 - as it is called
        monkeypatch.setattr("autopulse.consumers.runner.delete_payloads", payloads.delete_payloads)
        answers.append(handle([received(pointer, 2)]))
        return payloads.delete_payloads(*arguments)

    monkeypatch.setattr("autopulse.consumers.runner.delete_payloads", meanwhile)
    assert handle([pointer]) == []
    assert handle([received(pointer, 3)]) == []
    assert answers == [[]]
    assert _repeats(database, report) == 2
    assert database.value("SELECT count(*) FROM transcript WHERE call_id = 1") == 4
    assert aws.dead_letters() == []
    assert _objects(aws) == set()


def test_without_a_database_a_record_without_its_object_is_retried(database: Database, aws: Aws) -> None:
    report = sqs_records.report(1)
    assert handle([_stored(report, aws)]) == []
    pointer = _pointer(report)

    def kill(*_: object) -> None:
        database.kill_others()

    with before_statement(kill):
        assert handle([pointer], seconds=5.5) == [pointer["messageId"]]
    assert aws.dead_letters() == []
    assert handle([received(pointer, 2)]) == []
    assert _repeats(database, report) == 1


def test_an_ignored_unknown_call_loses_its_object_and_is_ignored_again(
    database: Database, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNKNOWN_CALLS", "ignore")
    unknown = sqs_records.report(UNKNOWN)
    pointer = _stored(unknown, aws)
    assert handle([received(pointer, UNKNOWN_CALL_TRIES)]) == [pointer["messageId"]]
    assert _objects(aws) == {_key(unknown)}
    assert handle([received(pointer, UNKNOWN_CALL_TRIES + 1)]) == []
    assert _objects(aws) == set()
    assert handle([received(pointer, UNKNOWN_CALL_TRIES + 2)]) == []
    assert aws.dead_letters() == []
    assert database.value("SELECT count(*) FROM webhook_event") == 0
    assert handle([_pointer(sqs_records.report(UNKNOWN, score=2))]) == []
    assert [attributes_of(letter)["reason"] for letter in aws.dead_letters()] == ["PayloadGone"]


# Deletions that fail


def test_a_deletion_that_fails_is_counted_and_fails_nothing(
    database: Database, aws: Aws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = sqs_records.report(1), sqs_records.report(2)
    batch = [_stored(one, aws), _stored(other, aws)]
    client = boto3.client("s3")

    def delete_objects(**wanted: Any) -> dict[str, Any]:  # noqa: ANN401 - boto3's
        (first, *_) = wanted["Delete"]["Objects"]
        return {"Errors": [{"Key": first["Key"], "Code": "InternalError", "Message": "We encountered …"}]}

    with monkeypatch.context() as patch:
        patch.setattr(client, "delete_objects", delete_objects)
        patch.setattr(clients, "s3", lambda: client)
        assert handle(batch) == []
    output = capsys.readouterr().out
    assert metrics(output)["PayloadLeft:kind=end_of_call_report"] == 1
    assert metrics(output)["RecordApplied"] == 2
    left = next(json.loads(line) for line in output.splitlines() if "payloads left" in line)
    assert (left["count"], left["cause"]) == (1, ["InternalError"])
    assert database.statuses()[:2] == ["Completed"] * 2
    assert handle([received(batch[0], 2)]) == []
    assert _objects(aws) == {_key(other)}


@pytest.mark.parametrize("code", ["AccessDenied", "SlowDown"])
def test_a_bucket_that_refuses_is_not_asked_for_the_rest(code: str, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    assert aws.bucket
    with _stubbed(monkeypatch) as s3:
        s3.add_client_error("delete_objects", code)
        assert payloads.delete_payloads((f"envelopes/{n}.json" for n in range(2_500)), math.inf, Services()) == 2_500


def test_more_objects_than_one_call_takes_are_deleted_in_several(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []

    class Bucket:
        def delete_objects(self, **wanted: Any) -> dict[str, Any]:  # noqa: ANN401 - boto3's
            assert wanted["Bucket"] == aws.bucket
            sizes.append(len(wanted["Delete"]["Objects"]))
            return {"Errors": [{"Code": "InternalError"}] * (len(sizes) == 2)}

    monkeypatch.setattr(clients, "s3", Bucket)
    keys = [f"envelopes/{n % 2_100}.json" for n in range(4_200)]
    assert payloads.delete_payloads(keys, math.inf, Services()) == 1
    assert sizes == [1000, 1000, 100]


def test_a_bucket_that_cannot_be_reached_fails_nothing(
    database: Database, aws: Aws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pointer = _stored(sqs_records.report(1), aws)
    client = boto3.client("s3")

    def unreachable(**_: Any) -> None:  # noqa: ANN401 - boto3's
        raise ConnectTimeoutError(endpoint_url="https://s3.example")

    monkeypatch.setattr(client, "delete_objects", unreachable)
    monkeypatch.setattr(clients, "s3", lambda: client)
    assert handle([pointer]) == []
    assert database.statuses()[0] == "Completed"
    assert metrics(capsys.readouterr().out)["PayloadLeft:kind=end_of_call_report"] == 1


def test_nothing_is_deleted_when_there_is_no_time_to_wait_for_it(
    database: Database, aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    report = sqs_records.report(1)
    assert handle([_stored(report, aws)], seconds=8.5) == []
    assert database.statuses()[0] == "Completed"
    assert metrics(capsys.readouterr().out)["PayloadLeft:kind=end_of_call_report"] == 1
    assert _objects(aws) == {_key(report)}
