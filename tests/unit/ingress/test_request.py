import base64
import json
from typing import Any

import pytest

from autopulse.errors import UnreadableRequest
from autopulse.ingress.request import MAX_BODY_BYTES, read_delivery, read_message

HANG = {"type": "hang"}


def test_the_bytes_are_those_that_were_sent() -> None:
    body = b'\xff{"a": "\xc3\xa9"}\r\n'
    event = {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    assert read_delivery(event).body == body


def test_a_text_body_is_its_utf_8() -> None:
    assert read_delivery({"body": "é\ud800", "isBase64Encoded": False}).body == "é\ud800".encode(
        "utf-8", "surrogatepass"
    )


@pytest.mark.parametrize("event", [None, [], "x", 5, {}, {"body": None}, {"body": 5}, {"body": ["x"]}])
def test_an_event_without_a_body_has_an_empty_one(event: object) -> None:
    delivery = read_delivery(event)
    assert (delivery.body, delivery.headers, delivery.method) == (b"", {}, "POST")


@pytest.mark.parametrize("text", ["é", "a", "!!!!", "YQ==YQ==", "\ud800", "YQ =="])
def test_what_is_not_base64_is_refused(text: str) -> None:
    with pytest.raises(UnreadableRequest) as refusal:
        read_delivery({"body": text, "isBase64Encoded": True})
    assert (refusal.value.status, refusal.value.reason) == (400, "not-base64")


@pytest.mark.parametrize("is_base64", [True, False])
def test_what_an_invocation_can_carry_is_the_limit(is_base64: bool) -> None:
    def event(length: int) -> dict[str, Any]:
        body = b"x" * length
        return {"body": base64.b64encode(body).decode() if is_base64 else body.decode(), "isBase64Encoded": is_base64}

    assert len(base64.b64encode(b"x" * MAX_BODY_BYTES)) == 6 * 1024 * 1024
    assert len(read_delivery(event(MAX_BODY_BYTES)).body) == MAX_BODY_BYTES
    with pytest.raises(UnreadableRequest) as refusal:
        read_delivery(event(MAX_BODY_BYTES + 1))
    assert (refusal.value.status, refusal.value.reason) == (413, "too-large")


def test_headers_are_compared_without_case_and_doubles() -> None:
    event = {
        "headers": {"X-Vapi-Secret": "b", "Accept": None, "x-other": 5},
        "multiValueHeaders": {"x-vapi-secret": ["a", "b", None], "X-VAPI-SECRET": ["c"], "Broken": "text"},
    }
    assert read_delivery(event).headers == {"x-vapi-secret": ("b", "a", "c")}


def test_only_multi_value_headers_will_do() -> None:
    assert read_delivery({"headers": None, "multiValueHeaders": {"A": ["b"]}}).headers == {"a": ("b",)}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"message": {"type": "hang", "a": 1}}, {"type": "hang", "a": 1}),
        ({"type": "hang", "a": 1}, {"type": "hang", "a": 1}),
        ({"message": "text", "type": "hang"}, {"type": "hang", "message": "text"}),
        ({"message": None, "type": "hang"}, {"type": "hang", "message": None}),
        ({"message": {"status": "ended"}, "type": "status-update"}, {"type": "status-update", "status": "ended"}),
        ({"message": {"type": "hang"}, "call": {"id": "c"}}, {"type": "hang", "call": {"id": "c"}}),
        (
            {"message": {"type": "hang", "call": {"id": "a"}}, "call": {"id": "b"}},
            {"type": "hang", "call": {"id": "a"}},
        ),
        ({"message": {"type": "hang", "call": None}, "call": {"id": "b"}}, {"type": "hang", "call": {"id": "b"}}),
        ({"message": {"type": "hang", "call": {}}, "call": {"id": "b"}}, {"type": "hang", "call": {"id": "b"}}),
        ({"message": {"type": "hang", "call": "x"}, "call": {"id": "b"}}, {"type": "hang", "call": "x"}),
        ({"message": {"type": "hang", "call": {"id": "a"}}, "call": "x"}, {"type": "hang", "call": {"id": "a"}}),
        (
            {"message": {"type": "hang", "a": "", "b": [], "c": 0}, "a": 1, "b": 2, "c": 3},
            HANG | {"a": 1, "b": 2, "c": 0},
        ),
        (
            {
                "message": {"type": "hang", "call": {"id": "a", "type": "", "status": None}},
                "call": {"id": "b", "type": "webCall", "metadata": {"call_id": 15}},
            },
            {"type": "hang", "call": {"id": "a", "type": "webCall", "metadata": {"call_id": 15}}},
        ),
    ],
)
def test_the_message_is_found(document: dict[str, Any], message: dict[str, Any]) -> None:
    assert read_message(json.dumps(document).encode()) == message


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not-json"),
        (b"hello", "not-json"),
        (b'{"message": {"type": "hang"}', "not-json"),
        (b'{"type": "hang"} x', "not-json"),
        (b'{"type": "\xff"}', "not-json"),
        (b'{"type": "hang", "x": ' + b"9" * 5_000 + b"}", "not-json"),
        (b"\x00" * 10, "not-json"),
        (b"[" * 100_000, "too-deep"),
        (b'{"type": "hang", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "too-deep"),
        (b"null", "not-an-object"),
        (b"[]", "not-an-object"),
        (b'"hang"', "not-an-object"),
        (b"NaN", "not-an-object"),
        (b"{}", "no-type"),
        (b'{"message": {}}', "no-type"),
        (b'{"message": {"type": ""}}', "no-type"),
        (b'{"message": {"type": " "}}', "no-type"),
        (b'{"message": {"type": null}}', "no-type"),
        (b'{"message": {"type": ["hang"]}}', "no-type"),
        (b'{"message": [{"type": "hang"}]}', "no-type"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_wrong_is_told(body: bytes, reason: str) -> None:
    with pytest.raises(UnreadableRequest) as refusal:
        read_message(body)
    assert (refusal.value.status, refusal.value.reason) == (400, reason)
    assert refusal.value.detail
