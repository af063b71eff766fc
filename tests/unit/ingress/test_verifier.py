import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from botocore.exceptions import EndpointConnectionError

from autopulse.erasures.messages import Outcome, Told, read_message
from autopulse.ingress.queueing import MAX_QUEUED_BYTES
from autopulse.ingress.request import MAX_BODY_BYTES, MAX_INVOCATION_BYTES
from autopulse.ingress.verifier import ASKED
from autopulse.vapi import drift, routes
from autopulse.vapi.routes import KINDS
from functions.verifier.app import SERVICES, handler
from tests.unit.ingress.conftest import DEFAULT_CREDENTIALS, ERASURES, Account
from tests.unit.ingress.requests import SECRET, encoded, event, signed, with_secret
from tests.unit.vapi import samples

NUMBER = "+12025550147"
CONTEXT = SimpleNamespace(aws_request_id="invocation-1")
pytestmark = pytest.mark.usefixtures("account")


class Output:
    """The output of one or more invocations: log lines and metric lines, all of them JSON."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def read(self) -> tuple[list[dict[str, Any]], dict[str, list[dict[str, Any]]]]:
        captured = self._capsys.readouterr()
        assert captured.err == ""
        lines = [json.loads(line) for line in captured.out.splitlines()]
        metrics: dict[str, list[dict[str, Any]]] = {}
        for line in lines:
            for name in _metric_names(line):
                metrics.setdefault(name, []).append(line)
        return [line for line in lines if "_aws" not in line], metrics


def _metric_names(line: dict[str, Any]) -> list[str]:
    directives = line.get("_aws", {}).get("CloudWatchMetrics", [])
    return [metric["Name"] for directive in directives for metric in directive["Metrics"]]


@pytest.fixture
def output(capsys: pytest.CaptureFixture[str]) -> Output:
    return Output(capsys)


def post(request: Any) -> tuple[int, dict[str, Any]]:  # noqa: ANN401 - also what is no event
    response = handler(request, CONTEXT)
    assert response["headers"] == {"content-type": "application/json"}
    assert response["isBase64Encoded"] is False
    body = json.loads(response["body"])
    assert isinstance(body, dict)
    return response["statusCode"], body


# Accepted


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_accepted_and_queued(account: Account, kind: str) -> None:
    status, body = post(with_secret(samples.BY_KIND[kind]))
    (queued,) = account.bodies(kind)
    envelope = json.loads(queued)
    assert (status, body) == (200, {"status": "accepted", "event_id": envelope["event_id"]})
    assert re.fullmatch("[0-9a-f]{64}", envelope["event_id"])
    assert (envelope["vapi_call_id"], envelope["call_id"]) == (samples.VAPI_CALL_ID, samples.CALL_ID)
    assert account.everything_queued() == []


@pytest.mark.parametrize(
    ("kind", "body", "call_id"),
    [
        ("status_update", samples.SIMPLE_STATUS, 15),
        ("conversation_update", samples.SIMPLE_CONVERSATION, None),
        ("end_of_call_report", samples.SIMPLE_REPORT, None),
        ("hang", samples.SIMPLE_HANG, None),
        ("hang", samples.SIMPLE_HANG["message"], None),
        ("status_update", samples.PING, None),
    ],
)
def test_simple_shapes_are_accepted(account: Account, kind: str, body: dict[str, Any], call_id: int | None) -> None:
    assert post(signed(body))[1]["status"] == "accepted"
    (queued,) = account.bodies(kind)
    assert json.loads(queued)["call_id"] == call_id


def test_a_text_body_is_as_good_as_a_binary_one(account: Account) -> None:
    request = signed(samples.hang()) | {"body": encoded(samples.hang()).decode(), "isBase64Encoded": False}
    assert post(request)[0] == 200
    assert len(account.bodies("hang")) == 1


def test_a_signature_is_over_the_bytes_not_over_the_json(account: Account) -> None:
    body = b' {"message" :\t{"type": "hang", "call": {"id": "call_\xc3\xa9"}}}\r\n'
    assert post(signed(body))[0] == 200
    assert json.loads(account.bodies("hang")[0])["vapi_call_id"] == "call_é"


def test_a_repeat_has_the_same_event_id() -> None:
    body = samples.report()
    first = post(with_secret(body))[1]["event_id"]
    body["message"]["artifact"]["presignedMonoUrl"] = "https://cdn.example.com/again?X-Amz-Signature=2"
    assert post(signed(body))[1]["event_id"] == first


def test_a_signed_message_id_is_the_event_of_an_untimed_message(account: Account) -> None:
    account.put_secret(
        {
            "secret": SECRET,
            "credentials": [{"kind": "hmac", "message_id_header": "svix-id", "payload_format": "{body}{svix-id}"}],
        }
    )
    ids = []
    for message_id in ("msg_1", "msg_1", "msg_2"):
        payload = encoded(samples.SIMPLE_HANG)
        headers = signed(payload + message_id.encode())["headers"] | {"Svix-Id": message_id}
        ids.append(post(event(payload, headers))[1]["event_id"])
    assert ids[0] == ids[1] != ids[2]


def test_an_acceptance_is_one_line_and_one_metric(output: Output) -> None:
    body = samples.report()
    del body["message"]["authorization"]  # is no field of Vapi's, which would be told too
    event_id = post(with_secret(body))[1]["event_id"]
    logs, metrics = output.read()
    (line,) = logs
    assert line["message"] == "Webhook accepted"
    assert line["service"] == "autopulse-test"
    assert {
        "kind": "end_of_call_report",
        "type": "end-of-call-report",
        "event_id": event_id,
        "vapi_call_id": samples.VAPI_CALL_ID,
        "call_id": samples.CALL_ID,
        "body_bytes": len(encoded(body)),
        "credential": 0,
        "request_id": "invocation-1",
    }.items() <= line.items()
    assert 1_000 < line["envelope_bytes"] < line["body_bytes"]
    assert list(metrics) == ["WebhookAccepted"]
    assert metrics["WebhookAccepted"][0]["kind"] == "end_of_call_report"


@pytest.mark.parametrize("kind", KINDS)
def test_no_secret_and_nothing_personal_is_queued_or_logged(
    account: Account, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    post(with_secret(samples.BY_KIND[kind]))
    (queued,) = account.bodies(kind)
    printed = "".join(capsys.readouterr())
    assert "CANARY" not in queued
    assert SECRET not in queued
    for word in ("CANARY", SECRET, "Odette", "+1202", "brakes", "eight", "example.com"):
        assert word not in printed


def test_an_id_that_a_sender_chose_is_queued_as_it_is_and_logged_without_what_it_may_hide(
    account: Account, output: Output
) -> None:
    id_ = "Odette\u2028+12025550147"
    post(with_secret({"message": {"type": "hang", "call": {"id": id_}}}))
    assert json.loads(account.bodies("hang")[0])["vapi_call_id"] == id_
    assert output.read()[0][0]["vapi_call_id"] == "Odette?###########"


# Ignored and answered


@pytest.mark.parametrize("type_name", sorted({*routes.IGNORED, *routes.INTERNAL}))
def test_unhandled_message_types_are_ignored_and_counted(account: Account, output: Output, type_name: str) -> None:
    assert post(with_secret({"message": {"type": type_name}})) == (200, {"status": "ignored"})
    logs, metrics = output.read()
    assert [line["type"] for line in logs] == [type_name]
    assert metrics["WebhookIgnored"][0]["type"] == type_name
    assert account.everything_queued() == []


@pytest.mark.parametrize(
    "fields", [{"result": "unrecoverable"}, {"state": "stored", "key": "recordings/15/another.wav"}]
)
@pytest.mark.parametrize("type_name", sorted(routes.INTERNAL))
def test_no_webhook_brings_a_message_that_only_our_functions_write(
    account: Account, output: Output, type_name: str, fields: dict[str, Any]
) -> None:
    message = {"type": type_name, "timestamp": samples.SENT_AT_MS, "call": samples.call(), **fields}
    assert post(signed({"message": message, "origin": "reconciliation"})) == (200, {"status": "ignored"})
    assert [(line["message"], line["type"]) for line in output.read()[0]] == [("Webhook ignored", type_name)]
    assert account.everything_queued() == []


def test_no_webhook_says_that_vapi_was_asked(account: Account) -> None:
    hang = samples.hang()
    post(signed({"message": hang["message"] | {"origin": "reconciliation"}, "origin": "reconciliation"}))
    (queued,) = account.bodies("hang")
    assert "reconciliation" not in queued


def test_a_partial_transcript_is_ignored(account: Account, output: Output) -> None:
    assert post(with_secret(samples.transcript("partial"))) == (200, {"status": "ignored"})
    assert output.read()[1]["WebhookIgnored"][0]["type"] == "transcript"
    assert account.everything_queued() == []


def test_an_unknown_type_is_ignored_and_named_in_the_log_only(output: Output) -> None:
    type_name = 'invented.type\n\x1b[31m"x" ' + samples.jwt() + "y" * 500
    assert post(with_secret({"message": {"type": type_name}})) == (200, {"status": "ignored"})
    logs, metrics = output.read()
    assert metrics["WebhookIgnored"][0]["type"] == "other"
    assert logs[0]["type"] == 'invented.type?[31m"x" [redacted]'
    assert len(logs[0]["type"]) <= 80


def test_unknown_fields_are_counted_and_named_in_the_line_of_their_webhook(output: Output) -> None:
    drift.named.cache_clear()
    hang = samples.SIMPLE_HANG["message"] | {"id": "x"}
    message = hang | {"moodOfTheCall": samples.jwt(), f"call {NUMBER}": 1, samples.jwt(): NUMBER}
    assert post(with_secret({"message": message}))[1]["status"] == "accepted"
    (line,), metrics = output.read()
    assert [(counted["what"], counted["ValueUnknown"]) for counted in metrics["ValueUnknown"]] == [("field", [4])]
    values = ["id", "moodOfTheCall", drift.SEVERAL_WORDS, "[redacted]"]
    assert line["drift"] == [{"what": "field", "value": value} for value in values]
    assert line["vapi_call_id"] == "call_123"


def test_an_unknown_type_is_counted_and_named_with_its_call(output: Output) -> None:
    drift.named.cache_clear()
    post(with_secret({"message": {"type": "call.dreamt", "dream": NUMBER, "call": {"id": samples.VAPI_CALL_ID}}}))
    (line,), metrics = output.read()
    assert (metrics["ValueUnknown"][0]["what"], metrics["ValueUnknown"][0]["ValueUnknown"]) == ("message_type", [1])
    assert (line["drift"], line["vapi_call_id"]) == (
        [{"what": "message_type", "value": "call.dreamt"}],
        samples.VAPI_CALL_ID,
    )


@pytest.mark.parametrize("type_name", sorted(routes.ANSWERS))
def test_who_waits_for_an_answer_gets_one(account: Account, output: Output, type_name: str) -> None:
    message = {"type": type_name, "toolCallList": [{"id": "call_1"}], "call": samples.call()}
    status, body = post(with_secret({"message": message}))
    assert status == 200
    assert body == routes.ANSWERS[type_name](message)
    counted = output.read()[1]
    if type_name in ASKED:
        assert counted[ASKED[type_name].name][0]["reason"] == "unavailable"
    else:
        assert counted["AnswerRequested"][0]["type"] == type_name
    assert account.everything_queued() == []


# Refused


UNAUTHORIZED = {"error": {"code": "unauthorized", "message": "The request does not carry an accepted credential."}}


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (event(encoded(samples.hang())), "missing"),
        (event(encoded(samples.hang()), {"X-Vapi-Secret": ""}), "missing"),
        (with_secret(samples.hang(), "other"), "mismatch"),
        (signed(samples.hang(), "other"), "mismatch"),
        (event(encoded(samples.hang()), {"X-Vapi-Signature": "sha256=none"}), "malformed"),
        (event(b"", {"X-Vapi-Secret": "\ud800é"}), "mismatch"),
        ({}, "missing"),
        (None, "missing"),
        ([], "missing"),
        ({"headers": [], "multiValueHeaders": "x", "body": 5, "isBase64Encoded": "no"}, "missing"),
    ],
)
def test_what_proves_nothing_gets_one_answer(account: Account, output: Output, request_: object, reason: str) -> None:
    assert post(request_) == (401, UNAUTHORIZED)
    logs, metrics = output.read()
    assert [(line["reason"], line["status"]) for line in logs] == [(reason, 401)]
    assert [line["reason"] for line in metrics["WebhookRefused"]] == [reason]
    assert account.everything_queued() == []


def told_of(output: Output, request: Any) -> dict[str, Any]:  # noqa: ANN401 - as for post
    """What the log says of a refused request, and nobody else."""
    assert post(request) == (401, UNAUTHORIZED)
    (line,), _ = output.read()
    return line


def test_the_log_says_for_each_credential_what_did_not_match(output: Output) -> None:
    line = told_of(output, signed(samples.hang(), "other"))
    assert line["part"] == "signature-mismatch"
    assert line["misses"] == [
        {"credential": 0, "header": "x-vapi-secret", "part": "header-missing"},
        {"credential": 1, "header": "x-vapi-signature", "part": "signature-mismatch"},
    ]


def test_the_log_says_by_how_many_seconds_a_request_is_stale(account: Account, output: Output) -> None:
    account.put_secret({"secret": SECRET, "credentials": [{"kind": "hmac", "timestamp_header": "x-timestamp"}]})
    sent = int(time.time()) - 4_000
    payload = encoded(samples.hang())
    signature = hmac.new(SECRET.encode(), f"{sent}.".encode() + payload, hashlib.sha256).hexdigest()
    line = told_of(output, event(payload, {"x-timestamp": str(sent), "x-vapi-signature": signature}))
    (miss,) = line["misses"]
    assert line["part"] == "stale"
    assert 4_000 <= miss["seconds"] <= 4_060


@pytest.mark.parametrize("request_of", [with_secret, signed])
def test_a_secret_of_before_is_told_in_the_log_alone(
    account: Account, output: Output, request_of: Callable[[object, str], dict[str, Any]]
) -> None:
    account.put_secret(DEFAULT_CREDENTIALS | {"secret": "a-newer-invented-secret"})
    vars(SERVICES).pop("secret", None)  # as in a new container
    assert told_of(output, request_of(samples.hang(), SECRET))["part"] == "former-secret"
    assert "mismatch" in told_of(output, request_of(samples.hang(), "never-a-secret"))["part"]


def test_without_a_version_before_nobody_has_a_former_secret(monkeypatch: pytest.MonkeyPatch, output: Output) -> None:
    read = SERVICES.secretsmanager.get_secret_value
    asked: list[str] = []

    def answer(**parameters: str) -> dict[str, Any]:
        asked.append(parameters.get("VersionStage", ""))
        if "VersionStage" in parameters:
            raise EndpointConnectionError(endpoint_url="https://invented")
        return read(**parameters)

    monkeypatch.setattr(SERVICES.secretsmanager, "get_secret_value", answer)
    for _ in range(5):
        assert told_of(output, with_secret(samples.hang(), "other"))["part"] == "secret-mismatch"
    assert asked.count("AWSPREVIOUS") == 1, "a stranger makes us ask once in five minutes"


def test_a_request_without_any_proof_makes_nobody_look_at_former_secrets(
    monkeypatch: pytest.MonkeyPatch, output: Output
) -> None:
    client = SERVICES.secretsmanager
    get_secret_value = Mock(side_effect=client.get_secret_value)
    monkeypatch.setattr(client, "get_secret_value", get_secret_value)
    assert told_of(output, event(encoded(samples.hang())))["part"] == "header-missing"
    assert {call.kwargs.get("VersionStage") for call in get_secret_value.call_args_list} == {None}


def test_no_secret_signature_or_number_of_a_refused_request_is_logged(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    account.put_secret(
        {
            "secret": SECRET,
            "credentials": [
                {"kind": "shared-secret"},
                {"kind": "bearer"},
                {"kind": "hmac", "timestamp_header": "x-timestamp"},
                {"kind": "hmac", "encoding": "base64", "header": "x-signature"},
            ],
        }
    )
    canaries = ["canary-secret", "Bearer canary-token", NUMBER, SECRET, f"sha1={'ab' * 20}", "cd" * 32, "Canaria"]
    for canary in canaries:
        names = ("X-Vapi-Secret", "Authorization", "X-Vapi-Signature", "X-Signature", "X-Timestamp", NUMBER, canary)
        request_ = event(encoded({"message": {"type": f"hang {NUMBER}", NUMBER: canary}}), dict.fromkeys(names, canary))
        if canary != SECRET:  # which is right for the first of them
            assert post(request_)[0] == 401
    printed = capsys.readouterr().out
    found = [one for one in (*canaries, "canary", "2025550147", "ab" * 20) if one in printed]
    assert found == []


def test_a_stale_request_is_refused(account: Account, output: Output) -> None:
    timed = {"kind": "hmac", "timestamp_header": "x-timestamp"}
    account.put_secret({"secret": SECRET, "credentials": [timed]})
    payload = encoded(samples.hang())
    headers = signed(b"1752195615." + payload)["headers"] | {"X-Timestamp": "1752195615"}
    assert post(event(payload, headers)) == (401, UNAUTHORIZED)
    assert output.read()[1]["WebhookRefused"][0]["reason"] == "stale"


@pytest.mark.parametrize(
    ("body", "reason"),
    [(b"", "not-json"), (b"[]", "not-an-object"), (b"[" * 99_999, "too-deep"), (b'{"message": {}}', "no-type")],
)
def test_what_is_no_message_is_told_so(account: Account, output: Output, body: bytes, reason: str) -> None:
    status, answer = post(signed(body))
    assert status == 400
    assert answer["error"]["code"] == "bad_request"
    assert answer["error"]["message"].endswith(".")
    assert output.read()[1]["WebhookRefused"][0]["reason"] == reason
    assert account.everything_queued() == []


def test_nobody_learns_about_a_body_without_a_credential() -> None:
    assert post(event(b"[]")) == (401, UNAUTHORIZED)


def test_too_long_a_body_is_refused_before_it_is_verified(output: Output) -> None:
    status, answer = post(event(b"x" * (MAX_BODY_BYTES + 1)))
    assert (status, answer["error"]["code"]) == (413, "payload_too_large")
    assert output.read()[1]["WebhookRefused"][0]["reason"] == "too-large"


def test_broken_base64_is_refused(output: Output) -> None:
    status, answer = post(with_secret(b"") | {"body": "!"})
    assert (status, answer["error"]["code"]) == (400, "bad_request")
    assert output.read()[1]["WebhookRefused"][0]["reason"] == "not-base64"


# Not configured


@pytest.mark.parametrize(
    "document",
    [
        "not JSON",
        "{}",
        {"secret": SECRET},
        {"secret": SECRET, "credentials": []},
        {"secret": "", "credentials": [{"kind": "shared-secret"}, {"kind": "hmac"}]},
        {"secret": " ", "credentials": [{"kind": "shared-secret"}]},
        {"secret": SECRET, "credentials": [{"kind": "none"}]},
    ],
)
@pytest.mark.parametrize("sent", ["", " ", SECRET])
def test_without_a_usable_credential_nothing_is_accepted(
    account: Account, output: Output, document: object, sent: str
) -> None:
    account.put_secret(document)
    status, answer = post(with_secret(samples.hang(), sent))
    assert (status, answer["error"]["code"]) == (503, "unavailable")
    assert output.read()[1]["WebhookRefused"][0]["reason"] == "not-configured"
    assert account.everything_queued() == []


@pytest.mark.parametrize("name", ["WEBHOOK_SECRET_ARN", "HANG_QUEUE_URL", "PAYLOAD_BUCKET"])
def test_a_missing_setting_fails_closed(monkeypatch: pytest.MonkeyPatch, output: Output, name: str) -> None:
    monkeypatch.delenv(name)
    assert post(with_secret(samples.hang()))[0] == 503
    logs, metrics = output.read()
    assert metrics["WebhookRefused"][0]["reason"] == "not-configured"
    assert name in logs[0]["detail"]


def test_an_unusable_entry_is_reported_and_the_others_work(account: Account, output: Output) -> None:
    entries = [{"kind": "hmac", "algorithm": SECRET}, {"kind": "shared-secret"}]
    account.put_secret({"secret": SECRET, "credentials": entries})
    assert post(with_secret(samples.hang()))[0] == 200
    logs, metrics = output.read()
    assert logs[0]["fields"] == ["credentials[0].algorithm"]
    assert SECRET not in json.dumps(logs)
    assert metrics["CredentialUnusable"][0]["CredentialUnusable"] == [1]


def test_an_unreachable_secret_is_unavailable(
    account: Account, monkeypatch: pytest.MonkeyPatch, output: Output
) -> None:
    monkeypatch.setattr(SERVICES.secretsmanager, "get_secret_value", _unreachable)
    assert post(with_secret(samples.hang()))[0] == 503
    logs, metrics = output.read()
    assert metrics["WebhookRefused"][0]["reason"] == "secret-unavailable"
    assert logs[0]["detail"] == "EndpointConnectionError"
    assert account.everything_queued() == []


def _unreachable(**_: object) -> None:
    raise EndpointConnectionError(endpoint_url="https://aws.example.com")


# Rotation


def let_time_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = SERVICES.secret
    clock = secret.clock
    monkeypatch.setattr(secret, "clock", lambda: clock() + 10)


def test_a_rotated_secret_is_accepted_at_its_first_use(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    assert post(with_secret(samples.hang()))[0] == 200
    account.put_secret(DEFAULT_CREDENTIALS | {"secret": "rotated"})
    assert post(with_secret(samples.hang()))[0] == 200
    let_time_pass(monkeypatch)
    assert post(with_secret(samples.hang(), "rotated"))[0] == 200
    assert post(with_secret(samples.hang()))[0] == 401


def test_a_new_kind_of_credential_is_accepted_at_its_first_use(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert post(with_secret(samples.hang()))[0] == 200
    account.put_secret({"secret": SECRET, "credentials": [{"kind": "bearer"}]})
    let_time_pass(monkeypatch)
    assert post(event(encoded(samples.hang()), {"authorization": f"Bearer {SECRET}"}))[0] == 200


def test_strangers_cannot_make_it_read_the_secret_all_the_time(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = SERVICES.secretsmanager
    get_secret_value = Mock(side_effect=client.get_secret_value)
    monkeypatch.setattr(client, "get_secret_value", get_secret_value)
    assert {post(with_secret(samples.hang(), "other"))[0] for _ in range(20)} == {401}
    let_time_pass(monkeypatch)
    assert {post(with_secret(samples.hang(), "other"))[0] for _ in range(20)} == {401}
    versions = [call.kwargs.get("VersionStage", "AWSCURRENT") for call in get_secret_value.call_args_list]
    assert sorted(versions) == ["AWSCURRENT", "AWSCURRENT", "AWSPREVIOUS"]
    assert account.everything_queued() == []


def test_a_mismatch_that_cannot_be_checked_is_not_a_refusal(monkeypatch: pytest.MonkeyPatch, output: Output) -> None:
    assert post(with_secret(samples.hang()))[0] == 200
    monkeypatch.setattr(SERVICES.secretsmanager, "get_secret_value", _unreachable)
    let_time_pass(monkeypatch)
    assert post(with_secret(samples.hang(), "rotated"))[0] == 503
    assert post(with_secret(samples.hang()))[0] == 200
    assert output.read()[1]["WebhookRefused"][0]["reason"] == "secret-unavailable"


# The queue


def test_an_unreachable_queue_is_unavailable(monkeypatch: pytest.MonkeyPatch, output: Output) -> None:
    monkeypatch.setattr(SERVICES.sqs, "send_message", _unreachable)
    body = samples.hang()
    del body["message"]["authorization"]
    status, answer = post(with_secret(body))
    assert (status, answer["error"]["code"]) == (503, "unavailable")
    logs, metrics = output.read()
    assert list(metrics) == ["WebhookRefused"]
    assert metrics["WebhookRefused"][0]["reason"] == "queue-unavailable"
    assert logs[0]["vapi_call_id"] == samples.VAPI_CALL_ID
    assert logs[0]["level"] == "ERROR"


def test_a_long_message_goes_through_the_bucket(account: Account) -> None:
    body = samples.report()
    body["message"]["messages"] = samples.turns(9_000)
    event_id = post(with_secret(body))[1]["event_id"]
    (queued,) = account.bodies("end_of_call_report")
    pointer = json.loads(queued)
    assert len(queued) < 1_000
    assert "message" not in pointer
    assert pointer["event_id"] == event_id
    stored = account.s3.get_object(Bucket="autopulse-test-payloads", Key=pointer["payload_key"])["Body"].read()
    assert len(stored) > MAX_QUEUED_BYTES
    assert json.loads(stored)["event_id"] == event_id
    assert len(json.loads(stored)["message"]["messages"]) == 9_000


def test_a_report_as_long_as_an_invocation_carries_is_taken(account: Account) -> None:
    """Hours of talk with the confidence of each word: what is kept of it is a fraction."""
    body = samples.report(0)
    words = [{"word": "CANARY-word", "start": 1.25, "end": 1.5, "confidence": 0.99}] * 12
    long = [turn | {"metadata": {"wordLevelConfidence": words}} for turn in samples.turns(1_100)]
    body["message"]["messages"] = body["message"]["artifact"]["messages"] = long
    body["message"]["padding"] = ""
    room = MAX_INVOCATION_BYTES - len(json.dumps(with_secret(body)))
    body["message"]["padding"] = "x" * (room // 4 * 3 - 3)
    request = with_secret(body)
    assert MAX_INVOCATION_BYTES - 8 < len(json.dumps(request)) <= MAX_INVOCATION_BYTES
    assert post(request)[0] == 200
    (queued,) = account.bodies("end_of_call_report")
    assert len(json.loads(queued)["message"]["messages"]) == 1_100
    assert "CANARY" not in queued


def test_a_message_that_names_no_call_is_left_to_its_consumer(account: Account) -> None:
    assert post(with_secret({"message": {"type": "status-update", "call": {}, "status": "ended"}}))[0] == 200
    envelope = json.loads(account.bodies("status_update")[0])
    assert (envelope["vapi_call_id"], envelope["call_id"]) == (None, None)


def test_text_that_postgres_refuses_is_cleaned(account: Account) -> None:
    body = b'{"message": {"type": "hang", "reason": "a\\u0000b\\ud800", "call": {"id": "c\\u0000"}}}'
    assert post(signed(body))[0] == 200
    envelope = json.loads(account.bodies("hang")[0])
    assert envelope["message"] == {"type": "hang", "reason": "ab\ufffd", "call": {"id": "c"}}


def test_a_context_without_an_id_will_do() -> None:
    assert handler(with_secret(samples.hang()), None)["statusCode"] == 200


# Deletions at Vapi


@pytest.mark.parametrize(("type_", "outcome"), [("call.deleted", "deleted"), ("call.delete.failed", "failed")])
def test_what_becomes_of_a_deletion_at_vapi_is_told_by_its_id_alone(account: Account, type_: str, outcome: str) -> None:
    body = {"message": {"type": type_, "call": {"id": samples.VAPI_CALL_ID, "customer": {"number": NUMBER}}}}
    assert post(with_secret(body)) == (200, {"status": "ignored"})
    (told,) = account.bodies(ERASURES)
    assert read_message(told) == Told(samples.VAPI_CALL_ID, Outcome(outcome), type_)
    assert NUMBER not in told
    assert account.everything_queued() == []


def test_a_deletion_that_cannot_be_told_is_answered_503(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERASURE_QUEUE_URL", f"{account.queue_urls[ERASURES]}-gone")
    body = {"message": {"type": "call.deleted", "call": {"id": samples.VAPI_CALL_ID}}}
    assert post(with_secret(body))[0] == 503
