"""Whatever arrives, the verifier answers: accepted, ignored, or one refusal; and what it queues can be stored."""

import base64
import bisect
import json
import math
import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autopulse.errors import Refused
from autopulse.ingress.request import MAX_BODY_BYTES
from autopulse.vapi import routes
from autopulse.vapi.routes import KINDS
from autopulse.vapi.signature import Credential, Delivery, verify
from autopulse.vapi.webhook_credentials import read_credentials
from functions.verifier.app import SERVICES, handler
from tests.harness import start_anew
from tests.unit.ingress.requests import SECRET, event, signed, with_secret
from tests.unit.vapi import samples

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=timezone.utc)
TIMED = {"kind": "hmac", "timestamp_header": "x-timestamp", "encoding": "base64", "prefix": "v1,"}
CREDENTIALS = [
    {"kind": "shared-secret"},
    {"kind": "bearer"},
    {"kind": "hmac"},
    TIMED | {"message_id_header": "svix-id", "payload_format": "{svix-id}.{timestamp}.{body}"},
]
DOCUMENT = json.dumps({"secret": SECRET, "credentials": CREDENTIALS})


class Aws:
    """SQS, S3 and Secrets Manager, as far as the verifier calls them."""

    def __init__(self) -> None:
        self.queued: list[str] = []
        self.stored: dict[str, str] = {}

    def send_message(self, **message: Any) -> None:  # noqa: ANN401 - as boto3 has it
        assert len(message["MessageBody"]) < 1_000_000
        self.queued.append(message["MessageBody"])

    def put_object(self, **put: Any) -> None:  # noqa: ANN401 - as boto3 has it
        self.stored[put["Key"]] = put["Body"].decode()

    def get_secret_value(self, **_: object) -> dict[str, str]:
        return {"SecretString": DOCUMENT}

    def take(self) -> dict[str, Any]:
        """The one envelope that was queued."""
        (body,) = self.queued
        self.queued.clear()
        envelope = json.loads(body, parse_constant=_refuse)
        key = envelope.get("payload_key")
        return dict(json.loads(self.stored.pop(key), parse_constant=_refuse) if key else envelope)


def _refuse(constant: str) -> None:
    raise AssertionError(constant)


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    double = Aws()
    with pytest.MonkeyPatch.context() as patch:
        start_anew(SERVICES, sqs=double, s3=double, secretsmanager=double)
        for kind in KINDS:
            patch.setenv(f"{kind.upper()}_QUEUE_URL", f"https://sqs.example.com/{kind}")
        patch.setenv("PAYLOAD_BUCKET", "payloads")
        patch.setenv("WEBHOOK_SECRET_ARN", "arn:of:the:secret")
        patch.setenv("POWERTOOLS_SERVICE_NAME", "autopulse-test")
        yield double
    start_anew(SERVICES)


# Strategies

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=40)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**400, -(10**4200), 2**31, 1752195615957, 10**300]),
    st.floats(),
    ANY_TEXT,
    st.sampled_from(
        [samples.jwt(), "Bearer 0123456789abcdef", "2025-07-11T01:00:15.957Z", "a\x00\ud800", "final", "15"]
    ),
)
NAMES = st.one_of(
    ANY_TEXT,
    st.sampled_from(
        [
            *(
                "message",
                "type",
                "call",
                "id",
                "status",
                "timestamp",
                "transcript",
                "transcriptType",
                "role",
                "content",
            ),
            *(
                "messages",
                "artifact",
                "conversation",
                "analysis",
                "structuredData",
                "customer",
                "assistant",
                "metadata",
            ),
            *("assistantOverrides", "variableValues", "call_id", "recordingUrl", "recording", "mono", "cost", "text"),
            *("squad", "squadOverrides", "members", "workflow", "variables", "costs", "costBreakdown", "endedReason"),
            *("toolCallList", "toolCalls", "toolWithToolCallList", "toolCall", "function", "arguments", "phoneNumber"),
        ]
    ),
)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=6), max_leaves=40
)
NAMED = [*routes.KIND_BY_TYPE, *routes.INTERNAL, *routes.ANSWERS, *sorted(routes.IGNORED)]
TYPES = st.sampled_from([*NAMED, "other"]) | ANY_TEXT
MESSAGES = st.builds(lambda rest, name: rest | {"type": name}, st.dictionaries(NAMES, JSON, max_size=12), TYPES)
REAL = st.sampled_from([body["message"] for body in samples.BY_KIND.values()])
BENT = st.builds(lambda message, rest: message | rest, REAL, st.dictionaries(NAMES, JSON, max_size=6))
BODIES = st.one_of(MESSAGES, BENT, MESSAGES.map(lambda message: {"message": message}), JSON)

HEADER_NAMES = st.one_of(
    st.sampled_from(["X-Vapi-Secret", "authorization", "X-VAPI-SIGNATURE", "x-timestamp", "Svix-Id"]), ANY_TEXT
)
HEADER_VALUES = st.one_of(
    ANY_TEXT,
    st.sampled_from(
        ["", " ", "Bearer", "Bearer ", f"Bearer {SECRET}x", "sha256=", "v1,", "v1, v1,", "0" * 64, "=" * 44]
    ),
    st.from_regex(r"(sha256=|v1,)?[0-9a-fA-F+/=]{0,90}( [0-9a-f]{64})?"),
    st.sampled_from(
        ["1752195615", "1752195615957", "9" * 5000, "1e999", "inf", "nan", "-1", "0", "2025-07-11T01:00:15Z"]
    ),
)
HEADERS = st.dictionaries(HEADER_NAMES, HEADER_VALUES, max_size=6)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT | st.integers(), inner, max_size=4),
    max_leaves=20,
)
EVENTS = st.fixed_dictionaries(
    {},
    optional={
        "body": ANYTHING,
        "headers": HEADERS | ANYTHING,
        "multiValueHeaders": st.dictionaries(HEADER_NAMES, st.lists(HEADER_VALUES, max_size=3) | ANYTHING) | ANYTHING,
        "isBase64Encoded": ANYTHING,
        "httpMethod": ANYTHING,
        "requestContext": ANYTHING,
    },
)


FORMATS = st.sampled_from(["{svix-id}{body}", "{url}{timestamp}.{body}", "{method}{body}{body}", "{nonce}{body}"])
ENTRIES = st.fixed_dictionaries(
    {"kind": st.sampled_from(["shared-secret", "bearer", "hmac"])},
    optional={
        "secret": SCALARS,
        "header": SCALARS | HEADER_NAMES,
        "prefix": SCALARS,
        "algorithm": SCALARS | st.sampled_from(["sha1", "sha512"]),
        "encoding": SCALARS | st.just("base64"),
        "timestamp_header": SCALARS | HEADER_NAMES,
        "tolerance_seconds": SCALARS,
        "payload_format": SCALARS | FORMATS,
        "secret_is_base64": SCALARS,
        "message_id_header": SCALARS | HEADER_NAMES,
        "url": SCALARS,
    },
)
CONFIGURATIONS = JSON | st.fixed_dictionaries(
    {"secret": SCALARS | st.just(SECRET), "credentials": st.lists(JSON | ENTRIES, max_size=3)}
)


# What holds of every answer


def post(request: Any) -> tuple[int, dict[str, Any]]:  # noqa: ANN401 - also what is no event
    response = handler(request, SimpleNamespace(aws_request_id="1"))
    assert len(json.dumps(response)) < 100_000
    body = json.loads(response["body"], parse_constant=_refuse)
    status = response["statusCode"]
    assert status in {200, 400, 401, 413, 503}
    assert status == 200 or set(body) == {"error"}
    return status, body


def assert_storable(value: Any) -> None:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        for name, item in value.items():
            assert_storable(name)
            assert_storable(item)
    elif isinstance(value, list):
        for item in value:
            assert_storable(item)
    elif isinstance(value, float):
        assert math.isfinite(value)
    elif isinstance(value, str):
        assert not re.search("[\x00\ud800-\udfff]", value)
        assert samples.jwt() not in value


def assert_one_disposition(aws: Aws, body: bytes) -> None:
    """A signed body is queued once, in a storable form; or answered, ignored or told what is wrong."""
    status, answer = post(signed(body))
    assert status in {200, 400}
    if answer.get("status") != "accepted":
        assert aws.queued == []
        return
    envelope = aws.take()
    assert_storable(envelope)
    assert envelope["event_id"] == answer["event_id"]
    assert envelope["kind"] in KINDS
    assert envelope["message"]["type"] in routes.KIND_BY_TYPE
    assert post(with_secret(body))[1] == answer
    assert aws.take()["message"] == envelope["message"]


@given(ANYTHING | EVENTS)
def test_any_event_gets_a_refusal(aws: Aws, request_: object) -> None:
    assert post(request_)[0] in {400, 401}
    assert aws.queued == []


@given(st.binary(max_size=300), HEADERS)
def test_any_bytes_with_any_headers_get_a_refusal(aws: Aws, body: bytes, headers: dict[str, str]) -> None:
    assert post(event(body, headers)) == post(event(b"", {}))
    assert aws.queued == []


@given(st.binary(max_size=300))
def test_any_signed_bytes_get_an_answer(aws: Aws, body: bytes) -> None:
    assert_one_disposition(aws, body)


@given(BODIES)
def test_any_signed_json_gets_an_answer(aws: Aws, body: object) -> None:
    assert_one_disposition(aws, json.dumps(body).encode())


AWKWARD = {
    "5,000 digits": b'{"message": {"type": "hang", "x": ' + b"7" * 5_000 + b"}}",
    "4,000 digits": b'{"message": {"type": "end-of-call-report", "cost": ' + b"7" * 4_000 + b"}}",
    "4,000 digits of time": b'{"message": {"type": "hang", "timestamp": ' + b"7" * 4_000 + b"}}",
    "NaN": b'{"message": {"type": "end-of-call-report", "cost": NaN, "timestamp": NaN, "durationMs": -Infinity}}',
    "1e999": b'{"message": {"type": "end-of-call-report", "analysis": {"structuredData": {"x": [1e999]}}}}',
    "lone surrogates": b'{"message": {"type": "hang", "reason": "\\ud800\\udc00 \\udc00\\ud800", "\\udfff": 1}}',
    "surrogates in UTF-8": b'{"message": {"type": "hang", "reason": "\xed\xa0\x80"}}',
    "invalid UTF-8": b'{"message": {"type": "hang", "reason": "\xc3\x28"}}',
    "overlong UTF-8": b'{"message": {"type": "hang", "reason": "\xc0\xaf"}}',
    "UTF-16": '{"message": {"type": "hang"}}'.encode("utf-16"),
    "UTF-32": '{"message": {"type": "hang"}}'.encode("utf-32"),
    "byte order mark": b'\xef\xbb\xbf{"message": {"type": "hang"}}',
    "null bytes": b'{"message": {"type": "hang", "call": {"id": "\\u0000"}}}\x00',
    "twice the same key": b'{"message": {"type": "hang"}, "message": {"type": "status-update", "type": "hang"}}',
    "lists, 900 deep": b'{"type": "end-of-call-report", "analysis": {"structuredData": '
    + b"[" * 900
    + b"]" * 900
    + b"}}",
    "lists, 1,000,000 deep": b"[" * 1_000_000,
    "objects, 100,000 deep": b'{"message":' * 100_000 + b"1" + b"}" * 100_000,
    "objects, 900 deep": b'{"type":"hang","call":' * 900 + b"1" + b"}" * 900,
    "the longest text": b'{"type": "hang", "reason": "' + b"x" * (MAX_BODY_BYTES - 40) + b'"}',
    "a megabyte of turns": b'{"type": "conversation-update", "messages": [' + b'{"role":"user"},' * 60_000 + b"{}]}",
    "4 MiB of tool calls": json.dumps(
        {"type": "tool-calls", "toolCalls": [{"id": str(place)} for place in range(200_000)]}
    ).encode(),
}


@pytest.mark.parametrize("body", AWKWARD.values(), ids=AWKWARD)
def test_awkward_bodies_get_an_answer(aws: Aws, body: bytes) -> None:
    assert_one_disposition(aws, body)


@pytest.mark.parametrize("kind", KINDS)
def test_nesting_at_the_interpreter_s_limit_gets_an_answer(aws: Aws, kind: str) -> None:
    """Every field is nested as deeply as the parser just takes: nothing after it may need more of the stack."""
    deepest = bisect.bisect(range(100_000), 200, key=lambda depth: post(signed(nested(kind, depth)))[0])
    aws.queued.clear()
    for depth in range(deepest - 30, deepest + 3):
        assert_one_disposition(aws, nested(kind, depth))


def nested(kind: str, depth: int) -> bytes:
    deep = b"[" * depth + b"]" * depth
    type_name = next(name.encode() for name in routes.KIND_BY_TYPE if routes.KIND_BY_TYPE[name] == kind)
    turn = b'{"role": %s, "message": %s, "toolCalls": [{"name": %s}], "result": %s}' % (deep, deep, deep, deep)
    call = b'{"id": %s, "metadata": {"call_id": %s}, "customer": {"name": %s}}' % (deep, deep, deep)
    analysis = b'{"structuredData": %s, "successEvaluation": %s}' % (deep, deep)
    return b"""{"type": "%s", "transcriptType": "final", "messages": [%s], "call": %s, "analysis": %s,
        "timestamp": %s, "status": %s, "transcript": %s, "cost": %s, "recordingUrl": %s}""" % (
        *(type_name, turn, call, analysis),
        *(deep,) * 5,
    )


@pytest.mark.parametrize("text", ["!", "YQ=", "é", "\ud800", "=" * 5, "YQ==\n", "Y Q==", "\x00"])
def test_invalid_base64_gets_an_answer(aws: Aws, text: str) -> None:
    request = with_secret(b"") | {"body": text, "isBase64Encoded": True}
    assert post(request)[0] == 400
    assert aws.queued == []


@given(st.binary(max_size=100))
def test_bytes_survive_the_transport(aws: Aws, padding: bytes) -> None:
    text = base64.b64encode(padding).decode()
    assert_one_disposition(aws, json.dumps({"type": "hang", "reason": text}).encode() + b" " * len(padding))


# The signature check alone


@given(CONFIGURATIONS, HEADERS, st.binary(max_size=50))
def test_any_configuration_and_any_request_give_a_verdict(
    document: object, headers: dict[str, str], body: bytes
) -> None:
    credentials = read_credentials(json.dumps(document)).usable
    delivery = Delivery({name.lower(): (value,) for name, value in headers.items()}, body)
    assert verdict(credentials, delivery) in {"accepted", "missing", "mismatch", "stale", "malformed"}


def verdict(credentials: Sequence[Credential], delivery: Delivery) -> str:
    try:
        verify(credentials, delivery, NOW)
    except Refused as refusal:
        return refusal.reason
    return "accepted"


@given(st.text(st.characters(exclude_categories=()), max_size=200))
def test_any_text_is_a_configuration_or_none(text: str) -> None:
    credentials = read_credentials(text)
    assert credentials.usable == ()
    assert credentials.unusable
