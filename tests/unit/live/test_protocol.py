import json
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autopulse.live.protocol import MAX_FRAME_BYTES, BadRequest, Request, Topic, call_event, read_request

AT = datetime(2026, 11, 2, 17, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("message", "request_"),
    [
        ({"action": "ping"}, Request("ping", None)),
        ({"action": "subscribe", "topic": "calls"}, Request("subscribe", Topic())),
        ({"action": "subscribe", "call_id": 15}, Request("subscribe", Topic(15))),
        ({"action": "subscribe", "call_id": "15"}, Request("subscribe", Topic(15))),
        ({"action": "unsubscribe", "topic": "calls", "later": 1}, Request("unsubscribe", Topic())),
    ],
)
def test_what_clients_may_say(message: dict[str, object], request_: Request) -> None:
    assert read_request(json.dumps(message)) == request_


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "ping",
        "[]",
        "null",
        "{}",
        '{"action": "$connect"}',
        '{"action": ["ping"]}',
        '{"action": "subscribe"}',
        '{"action": "subscribe", "topic": "everything"}',
        '{"action": "subscribe", "topic": ["calls"]}',
        '{"action": "subscribe", "topic": "calls", "call_id": 15}',
        '{"action": "subscribe", "call_id": 0}',
        '{"action": "subscribe", "call_id": true}',
        '{"action": "subscribe", "call_id": null}',
        '{"action": "subscribe", "call_id": 2147483648}',
        '{"action": "subscribe", "call_id": ' + "9" * 5000 + "}",
        "[" * 100_000,
    ],
)
def test_anything_else_is_a_bad_request(text: str | None) -> None:
    with pytest.raises(BadRequest):
        read_request(text)


@given(st.one_of(st.text(), st.recursive(st.none() | st.text(), st.lists).map(json.dumps), st.none(), st.binary()))
def test_reading_is_total(text: object) -> None:
    with pytest.raises(BadRequest):
        read_request(text)


def test_a_call_event_says_what_the_event_says_but_not_whose_it_is() -> None:
    detail = {
        "version": 1,
        "call_id": 15,
        "vapi_call_id": "sample-call",
        "organization_id": "0a11ce00-0000-4000-8000-000000000001",
        "received_at": "2026-11-02T16:59:59.000000+00:00",
        "committed_at": "2026-11-02T16:59:59.900000+00:00",
        "changed": {"status": "Ended"},
    }
    text = call_event({"id": "sample", "detail-type": "CallStatusChanged", "detail": detail}, AT)
    shared = {name: value for name, value in detail.items() if name != "organization_id"}
    own = {
        "type": "event",
        "id": "sample",
        "event": "CallStatusChanged",
        "pushed_at": "2026-11-02T17:00:00.000000+00:00",
    }
    assert json.loads(text) == shared | own


@pytest.mark.parametrize("characters", [MAX_FRAME_BYTES, MAX_FRAME_BYTES // 3])
def test_a_call_event_that_does_not_fit_a_frame_is_cut_to_what_it_is_about(characters: int) -> None:
    detail = {"call_id": 15, "changed": {"text": "é" * characters}}
    text = call_event({"id": "sample", "detail-type": "TranscriptUpdated", "detail": detail}, AT)
    assert len(text.encode()) <= MAX_FRAME_BYTES < 32 * 1024
    cut = json.loads(text)
    assert (cut["call_id"], cut["event"], cut["changed"], cut["cut"]) == (15, "TranscriptUpdated", {}, True)


@pytest.mark.parametrize("name", ["received_at", "committed_at", "version"])
def test_a_call_event_fits_a_frame_whatever_the_event_says_of_itself(name: str) -> None:
    detail = {"call_id": 15, "vapi_call_id": "\u00e9" * 100, "changed": {}, name: "x" * MAX_FRAME_BYTES}
    event = {"id": "y" * MAX_FRAME_BYTES, "detail-type": ["z" * MAX_FRAME_BYTES], "detail": detail}
    text = call_event(event, AT)
    assert len(text) <= MAX_FRAME_BYTES
    assert {json.loads(text)[field] for field in ("id", "event", name)} == {None}
