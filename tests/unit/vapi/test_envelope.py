import copy
import hashlib
import json
import re
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from autopulse.errors import InvalidMessage
from autopulse.vapi.envelope import RECONCILIATION, VERSION, Envelope, envelope_from, payload_prefix_of
from autopulse.vapi.messages import read_envelope
from autopulse.vapi.redaction import RESTATED_FIELDS, URL_FIELDS
from autopulse.vapi.routes import KINDS
from tests.unit.vapi import samples

RECEIVED_AT = datetime(2026, 11, 22, 12, 0, 0, 5, tzinfo=timezone.utc)


def enveloped(kind: str, body: dict[str, Any], message_id: str | None = None) -> Envelope:
    return envelope_from(kind, body["message"], RECEIVED_AT, message_id)


def test_the_envelope_of_what_vapi_answered_tells_its_origin_and_is_another_event() -> None:
    sent = enveloped("end_of_call_report", samples.BY_KIND["end_of_call_report"])
    message = samples.BY_KIND["end_of_call_report"]["message"]
    asked = envelope_from("end_of_call_report", message, RECEIVED_AT, origin=RECONCILIATION)
    assert "origin" not in json.loads(sent.to_json())
    assert json.loads(asked.to_json())["origin"] == json.loads(asked.to_pointer_json())["origin"] == RECONCILIATION
    assert asked.event_id != sent.event_id
    assert asked.event_id == envelope_from("end_of_call_report", message, RECEIVED_AT, origin=RECONCILIATION).event_id
    assert read_envelope(asked.to_json()).origin == RECONCILIATION
    assert read_envelope(sent.to_json()).origin == "webhook"


@pytest.mark.parametrize("origin", ["", "Webhook", "somebody", None, 1])
def test_an_envelope_of_another_origin_is_refused(origin: object) -> None:
    body = json.loads(enveloped("hang", samples.BY_KIND["hang"]).to_json())
    with pytest.raises(InvalidMessage, match="origin"):
        read_envelope(json.dumps(body | {"origin": origin}))


def event_id(kind: str, body: dict[str, Any], message_id: str | None = None) -> str:
    return enveloped(kind, body, message_id).event_id


def changed(body: dict[str, Any], **fields: object) -> dict[str, Any]:
    return {"message": body["message"] | fields}


def digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content, separators=(",", ":"), sort_keys=True).encode()).hexdigest()


def timed(*identity: object) -> str:
    """The event id of a message with the samples' time."""
    return f"{samples.SENT_AT_MS:012x}" + digest(identity)[:52]


def test_the_envelope_is_this() -> None:
    envelope = enveloped("status_update", samples.SIMPLE_STATUS)
    assert json.loads(envelope.to_json()) == {
        "version": VERSION,
        "kind": "status_update",
        "event_id": timed(samples.VAPI_CALL_ID, 15, "status-update", samples.SENT_AT, "in-progress", None, None, None),
        "vapi_call_id": samples.VAPI_CALL_ID,
        "call_id": 15,
        "occurred_at": samples.SENT_AT,
        "received_at": "2026-11-22T12:00:00.000005+00:00",
        "message": {
            "type": "status-update",
            "status": "in-progress",
            "call": {
                "id": samples.VAPI_CALL_ID,
                "status": "queued",
                "assistantId": "a5515ced-0000-4000-8000-000000000001",
                "customer": {"number": "+12025550101", "name": "Odette Example"},
            },
        },
    }


def test_the_keys_of_a_calls_envelopes_begin_alike_and_of_no_other_calls() -> None:
    id_ = "0b0b0000-0000-4000-8000-00000000abcd"
    assert payload_prefix_of(id_) == payload_prefix_of(f" {id_.upper()} ")
    assert payload_prefix_of("a/../b").count("/") == 2
    others = {payload_prefix_of(one) for one in (id_, f"{id_}0", id_[:-1], "none", None)}
    assert len(others) == 5


def test_a_pointer_has_the_key_for_the_message() -> None:
    envelope = enveloped("end_of_call_report", samples.report())
    whole, pointer = json.loads(envelope.to_json()), json.loads(envelope.to_pointer_json())
    assert pointer.pop("payload_key") == f"{payload_prefix_of(envelope.vapi_call_id)}{envelope.event_id}.json"
    assert whole.pop("message")
    assert pointer == whole


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_ascii_for_every_kind(kind: str) -> None:
    message = samples.BY_KIND[kind]["message"] | {"endedReason": "réparé \u2028 \ud83d\ude00", "reason": "é"}
    assert envelope_from(kind, message, RECEIVED_AT, None).to_json().isascii()


# Identities


@pytest.mark.parametrize(
    ("given", "read"),
    [("call_123", "call_123"), ("x" * 100, "x" * 100), ("x" * 101, None), ("", None), (5, None), (None, None)],
)
def test_vapi_s_call_id_is_short_text(given: object, read: str | None) -> None:
    envelope = envelope_from("hang", {"type": "hang", "call": {"id": given}}, RECEIVED_AT, None)
    assert envelope.vapi_call_id == read


def test_a_ping_names_no_call() -> None:
    envelope = envelope_from("status_update", samples.PING["message"] | {"call": samples.call()}, RECEIVED_AT, None)
    assert (envelope.vapi_call_id, envelope.call_id) == (None, None)


@pytest.mark.parametrize(
    ("timestamp", "occurred_at"),
    [
        (1752195615957, samples.SENT_AT),
        (1752195615.957, samples.SENT_AT),
        ("2025-07-11T01:00:15.957Z", samples.SENT_AT),
        ("2025-07-11T03:00:15.957+02:00", samples.SENT_AT),
        (1e300, None),
        (float("nan"), None),
        (True, None),
        ("soon", None),
        (None, None),
        ({}, None),
    ],
)
def test_the_sender_s_time_is_read_if_it_can_be(timestamp: object, occurred_at: str | None) -> None:
    envelope = enveloped("hang", changed(samples.hang(), timestamp=timestamp))
    assert json.loads(envelope.to_json())["occurred_at"] == occurred_at


# Event ids of messages with a sender's time


@pytest.mark.parametrize("kind", KINDS)
def test_an_event_id_begins_with_the_sender_s_time(kind: str) -> None:
    before, after = (event_id(kind, changed(samples.BY_KIND[kind], timestamp=at)) for at in (1_420_070_400, 1.9e12))
    at = event_id(kind, samples.BY_KIND[kind])
    assert all(re.fullmatch("[0-9a-f]{64}", id_) for id_ in (before, at, after))
    assert at.startswith("0197f6ff4cd5")
    assert before < at < after


def test_the_event_id_of_a_transcript() -> None:
    said = ("user", "It went well, an eight.")
    assert event_id("transcript", samples.transcript()) == timed(
        samples.VAPI_CALL_ID, 15, "transcript", samples.SENT_AT, None, *said, None
    )


def test_the_event_id_of_a_conversation_has_the_digest_of_its_turns() -> None:
    envelope = enveloped("conversation_update", samples.conversation_update())
    turns = digest(envelope.message["messages"])
    assert envelope.event_id == timed(
        samples.VAPI_CALL_ID, 15, "conversation-update", samples.SENT_AT, None, None, None, turns
    )


def test_the_event_id_of_a_simple_fragment_has_its_speaker_and_text() -> None:
    body = changed(samples.SIMPLE_CONVERSATION, timestamp=samples.SENT_AT_MS)
    assert event_id("conversation_update", body) == timed(
        "call_123",
        None,
        "conversation-update",
        samples.SENT_AT,
        None,
        "assistant",
        "Hello, this is Piper.",
        None,
    )


def test_the_event_id_of_a_ping_has_its_id() -> None:
    assert event_id("status_update", samples.PING) == timed(
        None, None, "autopulse.ping", samples.SENT_AT, None, None, "probe-1", None
    )
    assert event_id("status_update", changed(samples.PING, id="probe-2")) != event_id("status_update", samples.PING)


def test_the_event_id_of_a_report_has_the_digest_of_its_content_without_urls() -> None:
    envelope = enveloped("end_of_call_report", samples.report())
    content = copy.deepcopy(dict(envelope.message))
    for place in (content, content["artifact"]):
        for name in (URL_FIELDS | RESTATED_FIELDS) & set(place):
            del place[name]
    assert set(content) >= {"analysis", "artifact", "call", "cost", "endedReason", "messages", "summary"}
    assert envelope.event_id == timed(
        samples.VAPI_CALL_ID, 15, "end-of-call-report", samples.SENT_AT, None, None, None, digest(content)
    )


def test_a_report_sent_again_has_new_urls_and_the_same_id() -> None:
    first, again = samples.report(), samples.report()
    again["message"]["artifact"]["presignedMonoUrl"] = "https://cdn.example.com/mono.wav?X-Amz-Signature=2"
    again["message"]["artifact"]["presignedUrlsExpiresAt"] = "2025-07-11T02:01:36.500Z"
    again["message"]["recordingUrl"] = "https://cdn.example.com/other.wav"
    again["message"]["assistant"]["name"] = "Another Piper"
    assert event_id("end_of_call_report", again) == event_id("end_of_call_report", first)


def test_the_form_of_the_time_does_not_matter() -> None:
    body = samples.hang()
    for timestamp in ("2025-07-11T01:00:15.957Z", 1752195615.957, "2025-07-10T18:00:15.957-07:00"):
        assert event_id("hang", changed(body, timestamp=timestamp)) == event_id("hang", body)


def test_a_signed_message_id_does_not_matter_beside_a_time() -> None:
    assert event_id("hang", samples.hang(), "msg_1") == event_id("hang", samples.hang())


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("status_update", {"timestamp": samples.SENT_AT_MS + 1}),
        ("status_update", {"status": "ended"}),
        ("status_update", {"type": "call.started"}),
        ("status_update", {"call": samples.call() | {"id": "call_124"}}),
        ("status_update", {"call": {"id": samples.VAPI_CALL_ID}}),
        ("transcript", {"role": "assistant"}),
        ("transcript", {"transcript": "A nine."}),
        ("conversation_update", {"messages": samples.turns(5)}),
        ("end_of_call_report", {"messages": samples.turns(5)}),
        ("end_of_call_report", {"analysis": {}}),
        ("end_of_call_report", {"analysis": samples.analysis() | {"summary": "Odette was not content."}}),
        ("end_of_call_report", {"cost": 0.1235}),
        ("end_of_call_report", {"endedReason": "voicemail"}),
    ],
)
def test_what_makes_another_event(kind: str, fields: dict[str, Any]) -> None:
    body = samples.BY_KIND[kind]
    assert event_id(kind, changed(body, **fields)) != event_id(kind, body)


@pytest.mark.parametrize("timestamp", [samples.SENT_AT_MS, None])
@pytest.mark.parametrize("kind", KINDS)
def test_two_calls_without_any_id_are_two_events(kind: str, timestamp: int | None) -> None:
    """Also where what tells them apart is nothing that is kept."""
    nameless = {"call": {"type": "webCall"}, "assistant": None, "timestamp": timestamp}
    one = changed(samples.BY_KIND[kind], **nameless)
    other = changed(one, phoneCallProviderDetails={"sid": "1", "\ud800": [float("nan")]})
    assert (enveloped(kind, one).call_id, enveloped(kind, one).vapi_call_id) == (None, None)
    assert event_id(kind, one) != event_id(kind, other)
    assert event_id(kind, one) == event_id(kind, changed(one, recordingUrl="https://cdn.example.com/2"))
    assert event_id(kind, other) == event_id(kind, copy.deepcopy(other))


def test_a_call_below_the_artifact_names_itself() -> None:
    inner = {"id": "call_123", "metadata": {"call_id": "15"}}
    for place in ("variables", "variableValues"):
        message = {"type": "hang", "artifact": {place: {"call": inner}}}
        envelope = envelope_from("hang", message, RECEIVED_AT, None)
        assert (envelope.vapi_call_id, envelope.call_id) == ("call_123", 15)


# Event ids of messages without one


@pytest.mark.parametrize("kind", KINDS)
def test_the_signed_message_id_stands_for_an_untimed_message(kind: str) -> None:
    body = changed(samples.BY_KIND[kind], timestamp=None)
    assert event_id(kind, body, "msg_1") == digest(["message-id", "msg_1"])


def test_an_untimed_message_is_all_that_it_says() -> None:
    hang = samples.SIMPLE_HANG
    content = {"call": {"id": "call_123", "status": "ended"}, "reason": "user_initiated", "type": "hang"}
    assert event_id("hang", hang) == digest(["content", None, content])
    assert event_id("hang", changed(hang, reason="other")) != event_id("hang", hang)


def test_an_untimed_report_sent_again_has_new_urls_and_the_same_id() -> None:
    first = changed(samples.report(), timestamp=None)
    again = copy.deepcopy(first)
    for place in (again["message"], again["message"]["artifact"]):
        place["recordingUrl"] = place["stereoRecordingUrl"] = "https://cdn.example.com/again.wav?sig=2"
    again["message"]["artifact"] |= {
        "presignedMonoUrl": "https://cdn.example.com/again",
        "presignedStereoUrl": "https://cdn.example.com/again",
        "presignedUrlsExpiresAt": "2026-01-01T00:00:00Z",
        "recordingPath": "https://cdn.example.com/again",
        "recording": {"stereoUrl": "https://cdn.example.com/again"},
    }
    assert event_id("end_of_call_report", again) == event_id("end_of_call_report", first)
    assert event_id("end_of_call_report", changed(first, endedReason="other")) != event_id("end_of_call_report", first)


def test_untimed_messages_of_two_of_our_calls_are_two() -> None:
    first = {"message": {"type": "hang", "call": {"metadata": {"call_id": 1}}}}
    second = {"message": {"type": "hang", "call": {"metadata": {"call_id": 2}}}}
    assert event_id("hang", first) != event_id("hang", second)


@pytest.mark.parametrize("timestamp", [samples.SENT_AT_MS, None])
@pytest.mark.parametrize("kind", KINDS)
def test_the_order_of_keys_does_not_matter(kind: str, timestamp: int | None) -> None:
    body = changed(samples.BY_KIND[kind], timestamp=timestamp)
    assert event_id(kind, reversed_keys(body)) == event_id(kind, body)


def reversed_keys(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        return {name: reversed_keys(value[name]) for name in reversed(value)}
    return [reversed_keys(item) for item in value] if isinstance(value, list) else value


# Times that were never a time


FAR = [
    datetime(9998, 12, 30, tzinfo=timezone.utc),
    datetime(2031, 1, 1, tzinfo=timezone.utc),
    RECEIVED_AT + timedelta(hours=1, milliseconds=1),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("told", FAR)
def test_a_senders_time_more_than_an_hour_ahead_counts_as_absent(kind: str, told: datetime) -> None:
    body = changed(samples.BY_KIND[kind], timestamp=told.isoformat())
    envelope = enveloped(kind, body)
    assert envelope.occurred_at is None
    milliseconds = (told - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(milliseconds=1)
    assert envelope.event_id.startswith(f"{milliseconds:012x}"), "the event id has the time as it was sent"
    later = envelope_from(kind, body["message"], told, None)
    assert (later.event_id, later.occurred_at) == (envelope.event_id, told)


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(minutes=59), timedelta(hours=1), timedelta(days=-400)])
def test_a_clock_may_be_an_hour_ahead(ahead: timedelta) -> None:
    told = RECEIVED_AT + ahead
    assert enveloped("status_update", changed(samples.SIMPLE_STATUS, timestamp=told.isoformat())).occurred_at == told


# Messages that nobody sent


def _result(**fields: object) -> dict[str, Any]:
    message = {"type": "autopulse.reconciliation", "timestamp": 1763800000000, "call": {"id": "call_123"}}
    return message | {"result": "unrecoverable"} | fields


def test_a_message_of_ours_is_told_apart_by_all_that_it_says() -> None:
    ids = {event_id("status_update", {"message": _result(result=word)}) for word in ("unrecoverable", "missing")}
    assert len(ids) == 2
    assert event_id("status_update", {"message": _result()}) in ids
