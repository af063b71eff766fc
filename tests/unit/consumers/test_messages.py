"""The message models: every field but identity is optional; what cannot be used is not given (docs/call-state.md 1)."""

import json
from contextlib import suppress
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autopulse.consumers import status_update
from autopulse.consumers.consumer import Consumer, Record
from autopulse.consumers.end_of_call_report import read_report
from autopulse.consumers.registry import REGISTRY
from autopulse.domain.answers import answer_names
from autopulse.errors import InvalidMessage
from autopulse.vapi.messages import (
    HangMessage,
    Message,
    ReceivedEnvelope,
    ReportMessage,
    StatusMessage,
    read_envelope,
    require_identity,
)

CONSUMERS = [kind.consumer for kind in REGISTRY.values()]
ENVELOPE: dict[str, Any] = {
    "version": 1,
    "kind": "status_update",
    "event_id": "e" * 64,
    "vapi_call_id": "call_123",
    "call_id": 15,
    "occurred_at": "2026-07-11T01:00:15.957000+00:00",
    "received_at": "2026-07-11T01:00:16.100000+00:00",
    "message": {"type": "status-update", "status": "ended"},
}
NAMES = answer_names()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def envelope(**values: Any) -> ReceivedEnvelope:  # noqa: ANN401 - any JSON value
    return read_envelope(json.dumps(ENVELOPE | values))


def report(**fields: Any) -> ReportMessage:  # noqa: ANN401 - any JSON value
    return ReportMessage.model_validate({"type": "end-of-call-report", **fields})


def test_an_envelope_is_read() -> None:
    read = envelope()
    assert (read.kind, read.vapi_call_id, read.call_id) == ("status_update", "call_123", 15)
    assert read.occurred_at == read.event_time == datetime(2026, 7, 11, 1, 0, 15, 957_000, tzinfo=timezone.utc)
    assert envelope(occurred_at=None).event_time == datetime(2026, 7, 11, 1, 0, 16, 100_000, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        *(("vapi_call_id", "", None), ("vapi_call_id", 5, None), ("vapi_call_id", "x" * 101, None)),
        *(("call_id", "15", 15), ("call_id", 0, None), ("call_id", True, None), ("call_id", 2**31, None)),
        *(("occurred_at", "soon", None), ("occurred_at", 1e300, None), ("occurred_at", {}, None)),
    ],
)
def test_a_field_of_an_envelope_that_cannot_be_used_is_not_given(field: str, value: Any, expected: object) -> None:  # noqa: ANN401 - any JSON value
    assert getattr(envelope(**{field: value}), field) == expected


@pytest.mark.parametrize(
    "body",
    [
        *("", "null", "[]", "5", '"text"', "{", "{}", "[" * 100_000, '{"version": ' + "9" * 5_000 + "}"),
        *(json.dumps(ENVELOPE | {"version": version}) for version in (2, 0, None, "1")),
        *(json.dumps(ENVELOPE | {"event_id": event_id}) for event_id in ("", None, 5, "e" * 129)),
        *(json.dumps(ENVELOPE | {"received_at": at}) for at in (None, "", "soon", -1, 1e300)),
        *(
            json.dumps({name: value for name, value in ENVELOPE.items() if name != left})
            for left in ("kind", "event_id")
        ),
    ],
)
def test_an_unreadable_envelope_is_invalid(body: str) -> None:
    with pytest.raises(InvalidMessage) as caught:
        read_envelope(body)
    assert caught.value.detail


@given(JSON)
def test_any_body_is_an_envelope_or_invalid(value: Any) -> None:  # noqa: ANN401 - any JSON value
    with suppress(InvalidMessage):
        read_envelope(json.dumps(value))


@pytest.mark.parametrize("escaped", [True, False])
def test_text_is_cleaned_again_however_it_is_written(escaped: bool) -> None:
    message = {"type": "status-update", "status": "a\ud800b", "\udfff": ["\udc00"]}
    read = read_envelope(json.dumps(ENVELOPE | {"message": message}, ensure_ascii=escaped))
    assert read.message == {"type": "status-update", "status": "a\ufffdb", "\ufffd": ["\ufffd"]}


def test_nul_is_removed() -> None:
    assert envelope(message={"type": "t\x00", "a\x00": "b\x00"}).message == {"type": "t", "a": "b"}


@pytest.mark.parametrize(
    ("call_id", "vapi_call_id", "type_", "valid"),
    [
        *((15, None, "hang", True), (None, "call_123", "hang", True), (15, "call_123", "hang", True)),
        *((None, None, "hang", False), (None, None, "autopulse.ping", True), (0, "", "status-update", False)),
    ],
)
def test_a_message_names_a_call_or_is_a_ping(
    call_id: int | None, vapi_call_id: str | None, type_: str, valid: bool
) -> None:
    read, message = envelope(call_id=call_id, vapi_call_id=vapi_call_id), Message(type=type_)
    if valid:
        require_identity(read, message)
    else:
        with pytest.raises(InvalidMessage):
            require_identity(read, message)


@pytest.mark.parametrize("consumer", CONSUMERS, ids=lambda consumer: consumer.kind)
@pytest.mark.parametrize("message", [None, {}, {"type": None}, {"type": 5}, [], "text"])
def test_a_message_without_a_type_is_invalid(consumer: Consumer[Any], message: Any) -> None:  # noqa: ANN401 - any JSON value
    with pytest.raises(InvalidMessage):
        consumer.read(message)


@pytest.mark.parametrize("consumer", CONSUMERS, ids=lambda consumer: consumer.kind)
@given(data=st.data())
def test_no_field_is_required_and_none_can_break_a_message(consumer: Consumer[Any], data: st.DataObject) -> None:
    names = {field.alias or name for name, field in consumer.model.model_fields.items()} - {"type"}
    fields = data.draw(st.fixed_dictionaries({}, optional=dict.fromkeys(sorted(names), JSON)))
    read = read_envelope(json.dumps(ENVELOPE | {"message": {"type": "some-type", **fields}}))
    message = consumer.read(read.message)
    assert message.type == "some-type"
    if isinstance(message, ReportMessage):
        told = read_report(Record(read, message), NAMES).facts.report
        assert told is not None
        assert told.cost is None or abs(told.cost) < 1_000_000
        assert message.duration_sec is None or 0 <= message.duration_sec < 2**31


# Status


@pytest.mark.parametrize(
    ("fields", "word", "ignored"),
    [
        ({"type": "status-update", "status": "In_Progress"}, "in-progress", False),
        ({"type": "status-update", "status": "levitating"}, "levitating", True),
        ({"type": "status-update"}, "", True),
        ({"type": "status-update", "status": 5}, "", True),
        ({"type": "call.started"}, "call.started", False),
        ({"type": "call.failed", "status": "in-progress"}, "call.failed", False),
        ({"type": "autopulse.ping"}, "", False),
    ],
)
def test_a_status_word(fields: dict[str, Any], word: str, ignored: bool) -> None:
    message = StatusMessage.model_validate(fields)
    assert (message.word, message.ignored) == (word, ignored)


@pytest.mark.parametrize(
    ("status", "given", "expected"),
    [
        *(("ended", "voicemail", "voicemail"), ("ended", None, None), ("ended", " ", None), ("ended", 5, None)),
        *(("completed", None, None), ("busy", None, "busy"), ("no_answer", None, "no-answer")),
        *(("failed", None, "failed"), ("canceled", None, "canceled"), ("busy", "customer-busy", "customer-busy")),
    ],
)
def test_why_a_call_ended(status: str, given: Any, expected: str | None) -> None:  # noqa: ANN401 - any JSON value
    message = StatusMessage.model_validate({"type": "status-update", "status": status, "endedReason": given})
    facts = status_update.facts_of(Record(envelope(), message))
    assert (facts.ending.reason if facts.ending else None) == expected
    assert facts.reported_columns == ({"end_time", "ended_reason"} if expected else {"end_time"})


@pytest.mark.parametrize(("type_", "reason"), [("call.ended", None), ("call.failed", "call.failed")])
def test_a_type_that_is_an_ending(type_: str, reason: str | None) -> None:
    facts = status_update.facts_of(Record(envelope(), StatusMessage(type=type_)))
    assert facts.ended_at is not None
    assert (facts.ending.reason if facts.ending else None) == reason


def test_without_a_sender_time_the_status_has_none_and_the_facts_have_the_receipts() -> None:
    read = envelope(occurred_at=None)
    for word in ("ended", "in-progress"):
        facts = status_update.facts_of(Record(read, StatusMessage(type="status-update", status=word)))
        assert facts.status is not None
        assert facts.status.at is None
        assert (facts.ended_at or facts.in_progress_at) == read.received_at


# Hang


@pytest.mark.parametrize(
    ("fields", "ends"),
    [
        ({}, False),
        ({"call": {"status": "queued"}}, False),
        ({"call": {"status": "in-progress"}}, False),
        ({"call": {"status": "ended"}}, True),
        ({"call": {"status": "Ended"}}, True),
        ({"reason": "user_initiated"}, True),
        ({"reason": "user_initiated", "call": {"status": "in-progress"}}, True),
        ({"reason": " "}, False),
        ({"reason": 5, "call": None}, False),
    ],
)
def test_a_hang_is_a_stall_unless_it_says_that_the_call_is_over(fields: dict[str, Any], ends: bool) -> None:
    assert HangMessage.model_validate({"type": "hang", **fields}).ends_call is ends


# The call


def test_a_call_s_constant_ids_are_read() -> None:
    ids = {"workflowId": "w", "squadId": "s", "assistantId": "a", "phoneNumberId": " "}
    call = Message.model_validate({"type": "hang", "call": ids}).call
    read = (call.phone_number_id, call.assistant_id, call.squad_id, call.workflow_id)
    assert read == (None, "a", "s", "w")


def test_who_was_called_is_read_whole() -> None:
    customer = {
        "number": 12025550107,
        "sipUri": "sip:a-desk-with-a-long-name@pbx.example.com",
        "name": "Odette Example",
    }
    read = Message.model_validate({"type": "hang", "call": {"customer": customer}}).call.customer
    assert (read.number, read.sip_uri, read.name) == ("12025550107", customer["sipUri"], customer["name"])


# Report


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        *(
            ({}, None),
            ({"durationSeconds": 90.841}, 91),
            ({"durationSeconds": 90.5}, 91),
            ({"durationSeconds": 91.5}, 92),
        ),
        *(({"durationSeconds": 90.499999}, 90), ({"durationSeconds": 0}, 0), ({"durationSeconds": 0.5}, 1)),
        *(({"durationSeconds": -3}, 0), ({"durationSeconds": -0.2}, 0), ({"durationSeconds": 2**31 - 1}, 2**31 - 1)),
        *(({"durationSeconds": 2**31}, None), ({"durationSeconds": 1e300}, None), ({"durationSeconds": 10**400}, None)),
        *(({"durationMs": 71194}, 71), ({"durationMs": 71500}, 72), ({"durationMinutes": 1.1866}, 71)),
        *(({"durationMinutes": 0.025}, 2), ({"durationSeconds": 1, "durationMs": 9_000}, 1)),
        *(({"durationSeconds": "60.4"}, 60), ({"durationMs": " 71500 "}, 72), ({"durationMinutes": "1.5"}, 90)),
        *(({"durationSeconds": "5s", "durationMs": 9_000}, 9), ({"durationMs": True, "durationMinutes": 1}, 60)),
        *(({"durationSeconds": "", "durationMs": "9000"}, 9), ({"durationSeconds": "1e99"}, None)),
    ],
)
def test_duration(fields: dict[str, Any], expected: int | None) -> None:
    assert report(**fields).duration_sec == expected


@pytest.mark.parametrize(
    ("cost", "expected"),
    [
        *((0.1651, "0.165100"), (0, "0.000000"), (0.0000005, "0.000001"), (0.00000049, "0.000000"), (12, "12.000000")),
        *((999_999.999999, "999999.999999"), (999_999.9999999, None), (1e6, None), (-1e6, None), (1e300, None)),
        *(("0.0812", "0.081200"), ("8.1e-02", "0.081000"), ("0,1", None), ("$0.1", None), ("", None), ("1e9", None)),
        *((None, None), (True, None), (10**400, None), (-0.5, "-0.500000")),
    ],
)
def test_cost_fits_its_column(cost: Any, expected: str | None) -> None:  # noqa: ANN401 - any JSON value
    assert report(cost=cost).cost == (None if expected is None else Decimal(expected))


@pytest.mark.parametrize(
    ("analysis", "beside", "expected"),
    [("a", "b", "a"), (None, "b", "b"), (" ", "b", "b"), (5, "b", "b"), ("a", None, "a"), (None, None, "c")],
)
def test_summary(analysis: Any, beside: Any, expected: str | None) -> None:  # noqa: ANN401 - any JSON value
    artifact = {"structuredOutputs": {"id": {"name": "Call Summary", "result": "c"}}}
    message = report(analysis={"summary": analysis}, summary=beside, artifact=artifact)
    told = read_report(Record(envelope(), message), NAMES).facts.report
    assert told is not None
    assert told.feedback_summary == expected


RECORDINGS: list[dict[str, Any]] = [
    {"artifact": {"presignedMonoUrl": "https://mono.example"}},
    {"recordingUrl": "https://top.example"},
    {"artifact": {"recordingUrl": "https://artifact.example"}},
    {"artifact": {"recording": {"mono": {"combinedUrl": "https://combined.example"}}}},
    {"artifact": {"recordingPath": "https://path.example"}},
    {"artifact": {"presignedStereoUrl": "https://presigned-stereo.example"}},
    {"stereoRecordingUrl": "https://top-stereo.example"},
    {"artifact": {"stereoRecordingUrl": "https://artifact-stereo.example"}},
    {"artifact": {"recording": {"stereoUrl": "https://recording-stereo.example"}}},
]
"""Places of a recording's address, best first."""


def _merge(one: Any, other: Any) -> Any:  # noqa: ANN401 - any JSON value
    if not (isinstance(one, dict) and isinstance(other, dict)):
        return other
    return {key: _merge(one.get(key), other[key]) if key in other else one[key] for key in one | other}


def _leaf(value: Any) -> str:  # noqa: ANN401 - any JSON value
    return _leaf(next(iter(value.values()))) if isinstance(value, dict) else value


@pytest.mark.parametrize("best", range(len(RECORDINGS)))
def test_the_best_recording_url_is_taken(best: int) -> None:
    fields: dict[str, Any] = {}
    for place in reversed(RECORDINGS[best:]):
        fields = _merge(fields, place)
    assert report(**fields).recording_url == _leaf(RECORDINGS[best])


@pytest.mark.parametrize("nothing", ["", " ", None, 5, {}])
def test_a_blank_recording_url_gives_way(nothing: Any) -> None:  # noqa: ANN401 - any JSON value
    fields = {
        "recordingUrl": nothing,
        "artifact": {"presignedMonoUrl": nothing, "recordingPath": "https://path.example"},
    }
    assert report(**fields).recording_url == "https://path.example"
    assert report(recordingUrl=nothing).recording_url is None


@pytest.mark.parametrize(
    "recording", ["https://mono.example", {"mono": "https://mono.example"}, {"stereoUrl": "https://mono.example"}]
)
def test_a_recording_may_be_its_address_alone(recording: Any) -> None:  # noqa: ANN401 - any JSON value
    assert report(artifact={"recording": recording}).recording_url == "https://mono.example"


PRIVATE = "https://0123456789abcdef.r2.cloudflarestorage.com/a-bucket/one-mono.wav"


@pytest.mark.parametrize("best", range(1, len(RECORDINGS)))
def test_an_address_in_private_storage_is_the_last_choice(best: int) -> None:
    fields = _merge({"artifact": {"presignedMonoUrl": PRIVATE}}, RECORDINGS[best])
    assert report(**fields).recording_url == _leaf(RECORDINGS[best])
    assert report(artifact={"presignedMonoUrl": PRIVATE}, recordingUrl=PRIVATE + "2").recording_url == PRIVATE


EXPIRES_AT = datetime(2026, 9, 14, 15, 31, 16, tzinfo=timezone.utc)


@pytest.mark.parametrize("told", ["2026-09-14T15:31:16Z", 1789399876000, "1789399876"])
@pytest.mark.parametrize("name", ["presignedMonoUrl", "presignedStereoUrl"])
def test_a_report_says_when_its_presigned_urls_end(name: str, told: Any) -> None:  # noqa: ANN401 - any JSON value
    artifact = {name: "https://signed.example/a?token=b", "presignedUrlsExpiresAt": told}
    assert report(artifact=artifact).recording_expires_at == EXPIRES_AT
    assert report(artifact=artifact, recordingUrl=PRIVATE).recording_expires_at == EXPIRES_AT


@pytest.mark.parametrize(
    "artifact",
    [
        {"presignedUrlsExpiresAt": "2026-09-14T15:31:16Z"},
        {"presignedUrlsExpiresAt": "2026-09-14T15:31:16Z", "recordingUrl": "https://lasting.example"},
        {"presignedUrlsExpiresAt": "2026-09-14T15:31:16Z", "presignedMonoUrl": " "},
        {"presignedUrlsExpiresAt": "soon", "presignedMonoUrl": "https://signed.example/a?token=b"},
        {"presignedMonoUrl": "https://signed.example/a?token=b"},
    ],
)
def test_other_urls_do_not_end_with_them(artifact: dict[str, Any]) -> None:
    assert report(artifact=artifact).recording_expires_at is None


def test_a_call_reason_is_cut_to_its_column() -> None:
    message = report(analysis={"structuredData": {"call_reason": "x" * 150}})
    told = read_report(Record(envelope(), message), NAMES).facts.report
    assert told is not None
    assert told.call_reason == "x" * 99 + "\u2026"


def test_a_report_without_a_turn_list_has_its_turns_in_its_text() -> None:
    said = read_report(Record(envelope(), report(messages=[], transcript="AI: Hello\nUser: Yes")), NAMES).turns
    assert [(turn.role, turn.content) for turn in said.turns] == [("assistant", "Hello"), ("human", "Yes")]
    names = {"assistant": ["Piper"], "customer": ["Odette Example", 5, None, " "]}
    named = report(transcript="Odette: Hello?\nPiper: Hello", transcriptNames=names)
    said = read_report(Record(envelope(), named), NAMES).turns
    assert [(turn.role, turn.content) for turn in said.turns] == [("human", "Hello?"), ("assistant", "Hello")]
    both = report(messages=[{"role": "bot", "message": "Listed"}], transcript="AI: Hello")
    assert [turn.content for turn in read_report(Record(envelope(), both), NAMES).turns.turns] == ["Listed"]
