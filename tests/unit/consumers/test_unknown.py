"""Words that messages say and nobody knows are counted by sort, and named in one line of the log."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

import pytest

from autopulse.consumers.consumer import Disposition, Record
from autopulse.consumers.queue import ReceivedMessage
from autopulse.consumers.telemetry import account_for
from autopulse.consumers.unknown import MAX_CALL_IDS
from autopulse.domain.answers import FIELDS, answer_names, other_names
from autopulse.observability import Measurements, Metric
from autopulse.vapi import drift
from autopulse.vapi.messages import (
    ConversationMessage,
    HangMessage,
    Message,
    ReportMessage,
    StatusMessage,
    TranscriptMessage,
    read_envelope,
)

NOW = datetime(2026, 7, 11, 1, 0, 30, tzinfo=timezone.utc)
Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _new_container(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("ANALYSIS_ALIASES", raising=False)
    drift.named.cache_clear()
    yield
    drift.named.cache_clear()


def settled(
    message: Message, disposition: Disposition = Disposition.APPLIED, vapi_call_id: str = "call_1"
) -> ReceivedMessage:
    given = {"version": 1, "kind": "hang", "event_id": "e", "received_at": "2026-07-11T01:00:29Z"}
    envelope = read_envelope(json.dumps({**given, "vapi_call_id": vapi_call_id}))
    return ReceivedMessage("message", "handle", 1, "{}", envelope, Record(envelope, message), disposition=disposition)


def counted(capsys: Capture, *deliveries: ReceivedMessage) -> tuple[dict[str, float], list[Mapping[str, Any]]]:
    """The metric by its dimension, and what the log names."""
    measurements = Measurements()
    account_for("end_of_call_report", deliveries, [], NOW, measurements)
    measurements.flush()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    metric = Metric.VALUE_UNKNOWN.name
    counts = {line["what"]: sum(line[metric]) for line in lines if metric in line}
    return counts, [one for line in lines for one in line.get(drift.DRIFT, ())]


def report(**fields: object) -> ReportMessage:
    return ReportMessage.model_validate({"type": "end-of-call-report", **fields})


def outputs(**results: object) -> ReportMessage:
    given = {f"id-{name}": {"name": name, "result": result} for name, result in results.items()}
    return report(artifact={"structuredOutputs": given})


@pytest.mark.parametrize(
    ("message", "what", "value"),
    [
        (StatusMessage(type="status-update", status="ended", endedReason="was-levitated"), "ended_reason", ""),
        (report(endedReason="was-levitated"), "ended_reason", ""),
        (HangMessage(type="hang", reason="was-levitated"), "ended_reason", ""),
        (report(messages=[{"role": "was-levitated", "message": "Hello"}]), "role", ""),
        (ConversationMessage(type="conversation-update", messages=[{"role": "Was-Levitated "}]), "role", ""),
        (TranscriptMessage(type="transcript", role="was-levitated", transcript="Hello"), "role", ""),
        (outputs(**{"Return date": "Monday"}), "structured_output", "Return date"),
    ],
)
def test_an_unknown_word_is_counted_and_named(capsys: Capture, message: Message, what: str, value: str) -> None:
    counts, named = counted(capsys, settled(message), settled(message, vapi_call_id="call_2"))
    assert counts == {what: 2}
    said = value or "was-levitated"
    assert named == [{"what": what, "value": said, "count": 2, "vapi_call_ids": ["call_1", "call_2"]}]


def test_an_unknown_role_of_a_fragment_is_counted(capsys: Capture) -> None:
    fragment = {"type": "conversation-update", "transcript": {"speaker": "Odette", "text": "Hello"}}
    counts, (named,) = counted(capsys, settled(ConversationMessage.model_validate(fragment)))
    assert (counts, named["value"]) == ({"role": 1}, "(speaker)")


def test_what_may_be_somebody_s_words_is_counted_and_not_named(capsys: Capture) -> None:
    said = [
        report(endedReason="Odette levitated quietly"),
        report(messages=[{"role": "Odette Example", "message": "Hello"}]),
    ]
    counts, named = counted(capsys, *map(settled, said))
    assert counts == {"ended_reason": 1, "role": 1}
    assert {one["value"] for one in named} == {drift.SEVERAL_WORDS}


@pytest.mark.parametrize(("word", "named"), [("levitating", "levitating"), (None, "(none)")])
def test_an_unknown_status_is_counted_though_its_record_is_ignored(
    capsys: Capture, word: str | None, named: str
) -> None:
    ignored = settled(StatusMessage(type="status-update", status=word), Disposition.IGNORED)
    counts, said = counted(capsys, ignored)
    assert (counts, [one["value"] for one in said]) == ({"status": 1}, [named])


KNOWN = [
    report(),
    report(endedReason="customer-busy"),
    report(messages=[{"role": role} for role in ("system", "developer", "bot", "User", "tool_calls")] + [{}, 7]),
    outputs(**dict.fromkeys(FIELDS, "7")),
    outputs(**{"NPS Score (0-10)": 7, "What went well?": ["the coffee"]}),
    outputs(visit={"nps_score": 7, "somethingElse": True}),
    outputs(**{"Callback requested": "no", "visit": {"wants_callback": True, "day": "Monday"}}),
    report(artifact={"structuredOutputs": {"id": {"result": "has no name"}}}),
    report(artifact={"structuredOutputs": "no object"}),
    StatusMessage(type="status-update", status="not-found"),
    StatusMessage(type="status-update", status="deletion-failed"),
    StatusMessage(type="autopulse.ping"),
    ConversationMessage.model_validate(
        {"type": "conversation-update", "transcript": {"speaker": "Assistant", "text": "Hello"}}
    ),
    TranscriptMessage(type="transcript", role="user", transcript="Hello"),
]


@pytest.mark.parametrize("message", KNOWN)
def test_what_is_known_is_not_counted(capsys: Capture, message: Message) -> None:
    assert counted(capsys, settled(message)) == ({}, [])


@pytest.mark.parametrize("disposition", [Disposition.DUPLICATE, Disposition.IGNORED])
def test_a_word_without_effect_is_not_counted(capsys: Capture, disposition: Disposition) -> None:
    assert counted(capsys, settled(report(endedReason="vanished"), disposition)) == ({}, [])


def test_an_output_that_the_stack_has_an_alias_for_is_known(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    message = outputs(**{"Return date": "Monday"})
    monkeypatch.setenv("ANALYSIS_ALIASES", "action_items=Return date")
    assert counted(capsys, settled(message)) == ({}, [])


def test_an_output_that_the_stack_knows_to_answer_nothing_is_known(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANALYSIS_ALIASES", "summary=recap; none=return-date, mood")
    message = outputs(**{"Return date": "Monday", "Mood": "sunny", "Weather": "rain"})
    counts, named = counted(capsys, settled(message))
    assert (counts, [one["value"] for one in named]) == ({"structured_output": 1}, ["Weather"])


@pytest.mark.parametrize("text", ["none=comments", "none=recap;summary=recap", "summary=recap;none=recap"])
def test_a_name_is_an_answer_or_none(text: str) -> None:
    for read in (answer_names, other_names):
        with pytest.raises(ValueError, match="cannot stand for"):
            read(text)


def test_a_name_of_no_field_is_no_answer() -> None:
    assert answer_names("none=mood") == answer_names()


def test_an_extraction_that_failed_tells_its_name_all_the_same(capsys: Capture) -> None:
    assert counted(capsys, settled(outputs(**{"Return date": None})))[0] == {"structured_output": 1}


def test_the_log_names_values_once_with_a_few_calls_and_no_more_than_a_few(capsys: Capture) -> None:
    many = [settled(report(endedReason="vanished"), vapi_call_id=f"call_{n}") for n in range(9)]
    others = [settled(report(endedReason=f"odd-{word}")) for word in "abcdefghijklmnopq"]
    counts, named = counted(capsys, *many, *others)
    assert counts == {"ended_reason": len(many) + len(others)}
    assert len(named) == drift.MAX_VALUES
    assert named[0] == {
        "what": "ended_reason",
        "value": "vanished",
        "count": len(many),
        "vapi_call_ids": [f"call_{n}" for n in range(MAX_CALL_IDS)],
    }


@pytest.mark.parametrize(
    ("reason", "logged"),
    [
        ("x" * 500, "x" * drift.MAX_CHARACTERS),
        ("somebody-at-+12025550101-smiled", "somebody-at-+#-smiled"),
        ("sip-999-odd", "sip-999-odd"),
    ],
)
def test_a_word_in_the_log_is_short_and_has_no_number_of_a_customer(capsys: Capture, reason: str, logged: str) -> None:
    assert [one["value"] for one in counted(capsys, settled(report(endedReason=reason)))[1]] == [logged]
