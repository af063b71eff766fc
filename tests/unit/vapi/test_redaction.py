import copy
import json
import re
import time
from typing import Any

import pytest

from autopulse.domain.bounds import MAX_PARTS, MAX_TURN_LATENCIES
from autopulse.vapi.gathering import turns_of
from autopulse.vapi.masking import mask_secrets
from autopulse.vapi.redaction import KEPT, apply_allow_list
from autopulse.vapi.routes import KINDS
from autopulse.vapi.secret_shapes import REDACTED
from tests.unit.vapi import samples


def size(value: object) -> int:
    return len(json.dumps(value, separators=(",", ":")))


def redacted(kind: str, body: dict[str, Any]) -> dict[str, Any]:
    return apply_allow_list(kind, body["message"])


def test_every_kind_has_an_allow_list() -> None:
    assert set(KEPT) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_no_canary_passes(kind: str) -> None:
    assert "CANARY" in json.dumps(samples.BY_KIND[kind])
    assert "CANARY" not in json.dumps(redacted(kind, samples.BY_KIND[kind]))


@pytest.mark.parametrize("kind", KINDS)
def test_the_allow_list_changes_nothing_of_what_was_sent(kind: str) -> None:
    before = copy.deepcopy(samples.BY_KIND[kind])
    redacted(kind, samples.BY_KIND[kind])
    assert before == samples.BY_KIND[kind]


def test_a_status_update_of_21_kb_is_under_2_kb() -> None:
    body = samples.status_update("ended")
    assert size(body) > 21_000
    assert size(redacted("status_update", body)) < 2_000


def test_a_report_of_50_kb_is_about_12_kb() -> None:
    body = samples.report(30)
    assert size(body) > 50_000
    assert size(redacted("end_of_call_report", body)) < 13_000


CALL = {
    "id": samples.VAPI_CALL_ID,
    "createdAt": "2025-07-11T01:00:09.301Z",
    "type": "outboundPhoneCall",
    "status": "queued",
    "assistantId": "a5515ced-0000-4000-8000-000000000001",
    "phoneNumberId": "90e0e000-0000-4000-8000-000000000002",
    "customer": {"number": "+12025550101", "name": "Odette Example"},
}


def test_a_status_update_keeps_exactly_this() -> None:
    assert redacted("status_update", samples.status_update("ended")) == {
        "type": "status-update",
        "status": "ended",
        "endedReason": "customer-ended-call",
        "call": CALL,
    }


def test_a_hang_keeps_exactly_this() -> None:
    assert redacted("hang", samples.hang()) == {"type": "hang", "call": CALL}


def test_a_transcript_keeps_exactly_this() -> None:
    assert redacted("transcript", samples.transcript()) == {
        "type": "transcript",
        "role": "user",
        "transcript": "It went well, an eight.",
        "call": CALL,
    }


def test_a_ping_keeps_exactly_this() -> None:
    message = samples.PING["message"] | {"call": samples.call(), "secret": "CANARY"}
    assert apply_allow_list("status_update", message) == {"type": "autopulse.ping", "id": "probe-1"}


def test_the_messages_of_ours_keep_exactly_this() -> None:
    call = {"id": samples.VAPI_CALL_ID}
    more = {"secret": "CANARY", "status": "CANARY", "endedReason": "CANARY"}
    result = {"type": "autopulse.reconciliation", "call": call, "result": "unrecoverable"}
    assert apply_allow_list("status_update", result | more) == result
    recording = {
        "type": "autopulse.recording",
        "call": call,
        "state": "stored",
        "key": f"recordings/15/{samples.VAPI_CALL_ID}.wav",
        "bytes": 1_920_000,
        "content_type": "audio/wav",
        "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    }
    assert apply_allow_list("status_update", recording | more) == recording


def test_a_ping_s_long_id_is_dropped() -> None:
    assert apply_allow_list("status_update", {"type": "autopulse.ping", "id": "x" * 101}) == {"type": "autopulse.ping"}


def test_a_report_keeps_exactly_this() -> None:
    message = samples.report(2)["message"]
    turns = [
        {name: turn[name] for name in ("role", "message", "time", "secondsFromStart")} for turn in samples.turns(2)
    ]
    sent = message["artifact"]
    artifact = ("recordingUrl", "recording", "presignedMonoUrl", "presignedUrlsExpiresAt", "structuredOutputs")
    facts = ("endedReason", "startedAt", "endedAt", "durationSeconds", "durationMs", "durationMinutes", "cost")
    texts = ("type", "summary", "recordingUrl", "stereoRecordingUrl", "campaignId", "assistantVersion")
    analysis = {
        name: message["analysis"][name]
        for name in ("summary", "structuredData", "structuredDataMulti", "successEvaluation")
    }
    assert apply_allow_list("end_of_call_report", message) == {
        **{name: message[name] for name in (*facts, *texts)},
        "call": CALL,
        "analysis": analysis,
        "messages": turns,
        "artifact": {
            **{name: sent[name] for name in (*artifact, "scorecards")},
            "performanceMetrics": {
                "turnLatencies": [{"turnLatency": 1200, "modelLatency": 500.4}, {"turnLatency": 900}],
                "turnLatencyAverage": 1050,
                "numUserInterrupted": 1,
            },
            "transfers": [{"destination": {"type": "number"}, "mode": "warm-transfer", "status": "no-answer"}],
            "skippedStructuredOutputs": [
                {"name": "feedback", "unmetCondition": {"type": "minMessages", "minMessages": 4}}
            ],
            "assistantActivations": [
                {
                    "assistantId": "a5515ced-0000-4000-8000-000000000001",
                    "assistantName": "Piper",
                    "assistantVersion": "7",
                }
            ],
        },
        "assistant": {"id": "a5515ced-0000-4000-8000-000000000001", "name": "Piper"},
        "compliance": {"recordingConsent": {"type": "verbal", "grantedAt": "2025-07-11T01:00:20.000Z"}},
        "costs": [{"type": "model", "cost": 0.1}, {"type": "vapi", "cost": 0.0234}],
        "costBreakdown": {"llm": 0.1, "total": 0.1234, "analysisCostBreakdown": {"summary": 0.001}},
        "endedMessage": f"The carrier refused {REDACTED} <{REDACTED}>.",
    }


CANARY_HOLDERS = ("assistant", "variableValues", "monitor", "compliance", "transport", "destination", "artifact")
NEVER_KEPT = {
    "monitor": {"listenUrl": "wss://listen.example.com", "monitors": [{"monitorId": "1"}]},
    "transport": {"callSid": "1", "accountSid": "2", "provider": "twilio"},
    "variableValues": {"customer_name": "Odette", "twilioAuthToken": "1", "call": {"monitor": {"listenUrl": "1"}}},
}


def _with_canaries(value: Any, path: str = "") -> Any:  # noqa: ANN401 - any JSON value
    """A copy in which every text is a canary that names its place, and every object has one more."""
    if isinstance(value, dict):
        items = {name: _with_canaries(item, f"{path}.{name}") for name, item in value.items()}
        return {**items, "unknown": f"CANARY{path}.unknown", f"CANARY{path}": {"a": "CANARY"}}
    if isinstance(value, list):
        return [*(_with_canaries(item, path) for item in value), f"CANARY{path}[]", {"unknown": f"CANARY{path}"}]
    return f"CANARY{path}" if isinstance(value, str) else value


BELONG = {
    "assistant.id",
    "assistant.name",
    *(f"artifact.assistantActivations.{name}" for name in ("assistantId", "assistantName", "assistantVersion")),
    "artifact.skippedStructuredOutputs.CANARY-id.name",
    "artifact.skippedStructuredOutputs.CANARY-id.unmetCondition.type",
    *(f"artifact.transfers.{name}" for name in ("destination.type", "mode", "status")),
    *(f"compliance.recordingConsent.{name}" for name in ("type", "grantedAt")),
}
"""Places of texts that are kept, of those that say how a call ran; what was said and answered is not among them."""
SAID = ("messages", "messagesOpenAIFormatted", "transcript", "structuredOutputs", "scorecards")


@pytest.mark.parametrize("place", ["message", "call"])
def test_of_how_a_call_ran_no_text_is_kept_that_does_not_belong(place: str) -> None:
    sent = samples.report(2)["message"] | NEVER_KEPT
    sent["artifact"] = {
        name: item for name, item in sent["artifact"].items() if name not in SAID and "ecord" not in name
    }
    holders = {name: _with_canaries(sent[name], f" {name}") for name in CANARY_HOLDERS}
    urls = [name for name in holders["artifact"] if "resigned" in name]
    for name in urls:
        del holders["artifact"][name]
    message = {"type": "end-of-call-report", **(holders if place == "message" else {"call": holders})}
    kept = json.dumps(apply_allow_list("end_of_call_report", message))
    assert set(re.findall(r"CANARY ([^\"]+)\"", kept)) == BELONG


@pytest.mark.parametrize("place", ["message", "call", "artifact", "call.artifact"])
def test_how_a_call_ran_is_looked_for_in_every_place(place: str) -> None:
    told = {"performanceMetrics": {"turnLatencyAverage": 900}, "transfers": [{"status": "busy"}]}
    holders: dict[str, dict[str, Any]] = {
        "message": told,
        "call": {"call": told},
        "artifact": {"artifact": told},
        "call.artifact": {"call": {"artifact": told}},
    }
    message = {"type": "end-of-call-report", "artifact": {"performanceMetrics": {}}} | holders[place]
    assert apply_allow_list("end_of_call_report", message)["artifact"] == told


def test_costs_consent_version_and_campaign_may_lie_inside_the_call() -> None:
    told = {
        "costs": [{"type": "vapi", "cost": 0.05}],
        "costBreakdown": {"vapi": 0.05},
        "compliance": {"recordingConsent": {"type": "stay-on-line"}},
        "assistantVersion": 3,
        "campaignId": "campaign-1",
        "endedMessage": "No route.",
        "assistant": {"name": "Piper"},
    }
    message = {"type": "end-of-call-report", "costs": [], "assistant": {"model": {}}, "call": told}
    kept = apply_allow_list("end_of_call_report", message)
    assert {name: kept[name] for name in told} == told


def test_long_lists_of_how_a_call_ran_are_cut_before_they_are_queued() -> None:
    artifact = {
        "performanceMetrics": {"turnLatencies": [{"turnLatency": place} for place in range(9_000)]},
        "transfers": [{"status": "busy"}] * 9_000,
        "skippedStructuredOutputs": {str(place): {"name": "one"} for place in range(9_000)},
        "assistantActivations": [{"assistantName": "Piper"}] * 9_000,
    }
    message = {"type": "end-of-call-report", "artifact": artifact, "costs": [{"type": "vapi", "cost": 1}] * 9_000}
    kept = apply_allow_list("end_of_call_report", message)
    assert len(kept["artifact"]["performanceMetrics"]["turnLatencies"]) == MAX_TURN_LATENCIES
    lists = [kept["costs"], *(kept["artifact"][name] for name in list(artifact)[1:])]
    assert [len(one) for one in lists] == [MAX_PARTS] * 4


@pytest.mark.parametrize("nothing", [True, [], {}, "fast", float("nan"), float("inf"), 10**9, -(10**9), "1e30"])
def test_a_figure_that_cannot_be_one_is_dropped(nothing: object) -> None:
    metrics = {"turnLatencyAverage": nothing, "modelLatencyAverage": "12.5"}
    kept = apply_allow_list("end_of_call_report", {"type": "x", "artifact": {"performanceMetrics": metrics}})
    assert kept["artifact"]["performanceMetrics"] == {"modelLatencyAverage": "12.5"}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Twilio 21211: the number +12025550101 is not valid.", f"Twilio 21211: the number {REDACTED} is not valid."),
        ("No answer of (202) 555-0101", f"No answer of ({REDACTED}"),
        ("404 at sip:odette@sip.example.com;transport=tls", f"404 at {REDACTED}"),
        ("token: hunter2hunter2", f"token: {REDACTED}"),
        ("The call was over after 3600 seconds.", "The call was over after 3600 seconds."),
    ],
)
def test_an_ended_message_loses_numbers_and_addresses_of_people(text: str, kept: str) -> None:
    message = {"type": "end-of-call-report", "endedMessage": text}
    assert apply_allow_list("end_of_call_report", message)["endedMessage"] == kept


@pytest.mark.parametrize("text", ["x" * 10**6, "x@" * 10**5, "1 " * 10**5, "sip:" * 10**5], ids=["x", "x@", "1", "sip"])
def test_a_hostile_ended_message_takes_no_longer_than_its_length(text: str) -> None:
    started = time.process_time()
    apply_allow_list("end_of_call_report", {"type": "end-of-call-report", "endedMessage": text})
    assert time.process_time() - started < 3


@pytest.mark.parametrize(
    ("condition", "kept"),
    [
        ("minMessages", "minMessages"),
        (
            {"type": "endedReason", "oneOf": ["customer-ended-call", 5]},
            {"type": "endedReason", "oneOf": ["customer-ended-call"]},
        ),
        ({"type": "minCallDuration", "seconds": 30, "b": 5}, {"type": "minCallDuration", "seconds": 30}),
        ({"type": 5, "prompt": "x"}, None),
        (["minMessages"], None),
    ],
)
def test_a_condition_is_its_type_its_limit_and_ended_reasons(condition: object, kept: object) -> None:
    artifact = {"skippedStructuredOutputs": {"1": {"name": "feedback", "unmetCondition": condition}}}
    message = {"type": "end-of-call-report", "artifact": artifact}
    (skipped,) = apply_allow_list("end_of_call_report", message)["artifact"]["skippedStructuredOutputs"]
    assert skipped.get("unmetCondition") == kept


def test_simple_shapes_keep_what_they_have() -> None:
    assert redacted("conversation_update", samples.SIMPLE_CONVERSATION) == samples.SIMPLE_CONVERSATION["message"]
    assert redacted("end_of_call_report", samples.SIMPLE_REPORT) == samples.SIMPLE_REPORT["message"]
    assert redacted("hang", samples.SIMPLE_HANG) == samples.SIMPLE_HANG["message"]


def test_structured_data_is_never_judged_by_names() -> None:
    data = {"repair_authorization": "by phone", "secret": "menu", "token_count": 3, "password": None, "": [True]}
    message = {"type": "end-of-call-report", "analysis": {"structuredData": data}}
    assert apply_allow_list("end_of_call_report", message)["analysis"]["structuredData"] == data


# Alternate places


NOTHING = [None, "", " ", "\x00", 5.5, True, [], {}, ["x"], {"x": 1}]
"""Values that say nothing where a text is wanted."""


@pytest.mark.parametrize("nothing", NOTHING, ids=repr)
def test_what_the_call_lacks_is_found_beside_it(nothing: object) -> None:
    customer = {"number": nothing, "sipUri": nothing, "name": "Odette Example"}
    message = {
        "type": "hang",
        "call": {"id": "call_123", "phoneNumberId": nothing, "squadId": nothing, "customer": customer},
        "customer": {"number": "+12025550107", "sipUri": "sip:odette@example.com", "name": "Somebody Else"},
        "phoneNumber": {"id": "number_1"},
    }
    assert apply_allow_list("hang", message)["call"] == {
        "id": "call_123",
        "phoneNumberId": "number_1",
        "customer": {"number": "+12025550107", "sipUri": "sip:odette@example.com", "name": "Odette Example"},
    }


def test_the_assistant_that_speaks_is_not_the_call_s() -> None:
    speaking = {"assistant": {"id": "speaking"}, "squad": {"id": "other"}, "workflow": {"id": "other"}}
    message = {"type": "hang", "call": {"id": "call_123"}, **speaking}
    assert apply_allow_list("hang", message)["call"] == {"id": "call_123"}


@pytest.mark.parametrize("owner", ["phoneNumber", "assistant", "squad", "workflow"])
@pytest.mark.parametrize("nothing", NOTHING, ids=repr)
def test_an_owner_s_id_is_also_found_in_the_owner(owner: str, nothing: object) -> None:
    given: dict[str, Any] = {f"{owner}Id": nothing, owner: {"id": "own", "secret": "CANARY"}}
    assert apply_allow_list("hang", {"type": "hang", "call": given})["call"] == {f"{owner}Id": "own"}
    named = given | {f"{owner}Id": "named"}
    assert apply_allow_list("hang", {"type": "hang", "call": named})["call"] == {f"{owner}Id": "named"}
    assert "call" not in apply_allow_list("hang", {"type": "hang", "call": {owner: nothing}})


@pytest.mark.parametrize("place", ["variables", "variableValues"])
def test_a_call_below_the_artifact_is_the_call(place: str) -> None:
    inner = samples.call() | {"squadId": "squad_1", "customer": {"number": "+12025550101", "name": "Odette Example"}}
    message = {"type": "hang", "artifact": {place: {"call": inner}}}
    assert apply_allow_list("hang", message)["call"] == CALL | {"squadId": "squad_1"}
    assert apply_allow_list("hang", message | {"call": {}})["call"] == CALL | {"squadId": "squad_1"}


def test_a_call_below_the_artifact_adds_what_the_call_lacks() -> None:
    inner = samples.call() | {"id": "other", "status": "ended", "createdAt": "2020-01-01T00:00:00Z"}
    message = {
        "type": "hang",
        "call": {"id": "call_123", "status": "queued", "createdAt": "soon"},
        "artifact": {"variables": {"call": inner, "customer": {"number": "+12025550109"}}},
    }
    assert apply_allow_list("hang", message)["call"] == {
        "id": "call_123",
        "type": "outboundPhoneCall",
        "status": "queued",
        "createdAt": "2020-01-01T00:00:00Z",
        "phoneNumberId": CALL["phoneNumberId"],
        "assistantId": CALL["assistantId"],
        "customer": {"number": "+12025550109"},
    }


@pytest.mark.parametrize(("number", "kept"), [(12025550107, "12025550107"), ("+12025550107", "+12025550107")])
def test_a_customer_s_number_may_be_a_number(number: object, kept: str) -> None:
    message = {"type": "hang", "call": {"customer": {"number": number}}}
    assert apply_allow_list("hang", message)["call"]["customer"] == {"number": kept}


def test_what_the_call_has_beats_what_is_beside_it() -> None:
    message = {
        "type": "hang",
        "call": {"customer": {"number": "+12025550101"}, "phoneNumberId": "own"},
        "customer": {"number": "+12025550102"},
        "phoneNumber": {"id": "other"},
    }
    assert apply_allow_list("hang", message)["call"] == message["call"]


def test_a_call_of_nothing_is_absent() -> None:
    assert apply_allow_list("hang", {"type": "hang", "call": {}}) == {"type": "hang"}


FACTS = {
    "endedReason": "customer-ended-call",
    "startedAt": "2026-09-14T15:00:10.000Z",
    "endedAt": 1789398070000,
    "durationSeconds": 60.5,
    "durationMs": "60500",
    "durationMinutes": 1,
    "cost": "0.0812",
    "summary": "Odette was content.",
    "transcript": "AI: Hello.",
    "recordingUrl": "https://cdn.example.com/mono.wav",
    "stereoRecordingUrl": "https://cdn.example.com/stereo.wav",
    "analysis": {"summary": "Content.", "structuredData": {"nps_score": 8}},
    "artifact": {"recording": "https://cdn.example.com/recording.wav"},
}


def test_a_report_s_facts_may_lie_inside_its_call() -> None:
    message = {"type": "end-of-call-report", "call": FACTS | {"id": "call_123", "listenUrl": "CANARY"}}
    assert apply_allow_list("end_of_call_report", message) == FACTS | {
        "type": "end-of-call-report",
        "call": {"id": "call_123"},
    }


@pytest.mark.parametrize("nothing", [None, "", " ", "\x00", True, [], {}, ["x"], float("nan")], ids=repr)
def test_a_value_that_says_nothing_does_not_hide_the_call_s(nothing: object) -> None:
    messages = {name: {"type": "end-of-call-report", name: nothing, "call": FACTS} for name in FACTS}
    kept = {name: apply_allow_list("end_of_call_report", message)[name] for name, message in messages.items()}
    assert kept == FACTS


@pytest.mark.parametrize("name", FACTS)
def test_what_the_report_says_itself_beats_its_call(name: str) -> None:
    message = {"type": "end-of-call-report"} | FACTS
    others: dict[str, Any] = {
        **dict.fromkeys(FACTS, "1"),
        **dict.fromkeys(("startedAt", "endedAt"), "2025-01-01"),
        "analysis": {"summary": "x", "structuredData": {"x": 1}},
        "artifact": {"recording": "https://cdn.example.com/x.wav"},
    }
    assert apply_allow_list("end_of_call_report", message | {"call": others})[name] == FACTS[name]


def test_analysis_and_artifact_are_joined_by_field() -> None:
    message = {
        "type": "end-of-call-report",
        "analysis": {"summary": "Content.", "structuredData": {}},
        "artifact": {"recordingUrl": "", "presignedMonoUrl": "https://cdn.example.com/m?sig=1"},
        "call": {
            "analysis": {"summary": "x", "structuredData": {"nps_score": 8}},
            "artifact": {"recordingUrl": "https://cdn.example.com/r", "presignedMonoUrl": "x", "messages": [A]},
        },
    }
    assert apply_allow_list("end_of_call_report", message) == {
        "type": "end-of-call-report",
        "analysis": {"summary": "Content.", "structuredData": {"nps_score": 8}},
        "artifact": {
            "recordingUrl": "https://cdn.example.com/r",
            "presignedMonoUrl": "https://cdn.example.com/m?sig=1",
        },
        "messages": [A],
    }


@pytest.mark.parametrize("list_", ["messages", "artifact"])
def test_turns_may_lie_inside_the_call(list_: str) -> None:
    held = {"messages": [A, B]} if list_ == "messages" else {"artifact": {"messages": [A, B]}}
    assert apply_allow_list("end_of_call_report", {"type": "end-of-call-report", "call": held})["messages"] == [A, B]
    given = {"type": "end-of-call-report", "messages": [B], "call": held}
    assert apply_allow_list("end_of_call_report", given)["messages"] == [B]


def test_a_status_s_reason_may_lie_inside_its_call() -> None:
    call = {"id": "call_123", "endedReason": "voicemail", "startedAt": "2026-09-14T15:00:10.000Z"}
    message = {"type": "status-update", "status": "ended", "call": call}
    assert apply_allow_list("status_update", message) == {
        "type": "status-update",
        "status": "ended",
        "endedReason": "voicemail",
        "call": {"id": "call_123"},
    }
    assert (
        apply_allow_list("status_update", message | {"endedReason": "customer-busy"})["endedReason"] == "customer-busy"
    )
    assert apply_allow_list("status_update", message | {"endedReason": " "})["endedReason"] == "voicemail"


@pytest.mark.parametrize(
    ("given", "cost"),
    [
        ({"cost": 0.1, "costBreakdown": {"total": 0.2}, "costs": [{"cost": 0.3}]}, 0.1),
        ({"cost": 0, "costBreakdown": {"total": 0.2}}, 0),
        ({"cost": " 0.0812 "}, "0.0812"),
        ({"cost": None, "costBreakdown": {"total": 0.2}, "costs": [{"cost": 0.3}]}, 0.2),
        ({"cost": "", "costBreakdown": {"total": "0.2"}}, "0.2"),
        ({"cost": True, "costBreakdown": {"total": False}, "costs": [{"cost": 0.1}, {"cost": 0.2}]}, "0.3"),
        ({"costBreakdown": {"llm": 0.2}, "costs": [{"type": "model"}, {"cost": "0.25"}, None, {"cost": True}]}, "0.25"),
        ({"costs": [{"type": "model"}], "call": {"cost": 0.5}}, 0.5),
        ({"costs": [], "call": {"costBreakdown": {"total": 0.5}}}, 0.5),
        ({"call": {"costs": [{"cost": 0.125}, {"cost": 0.5}]}}, "0.625"),
        ({"cost": {"total": 1}, "costBreakdown": 5, "costs": {"cost": 1}}, None),
        ({}, None),
    ],
)
def test_the_cost_is_also_found_in_its_parts(given: dict[str, Any], cost: object) -> None:
    assert apply_allow_list("end_of_call_report", {"type": "end-of-call-report"} | given).get("cost") == cost


@pytest.mark.parametrize("recording", ["https://cdn.example.com/r.wav", {"mono": "https://cdn.example.com/m.wav"}])
def test_a_recording_may_be_an_address_alone(recording: object) -> None:
    message = {"type": "end-of-call-report", "artifact": {"recording": recording}}
    assert apply_allow_list("end_of_call_report", message) == message


def test_an_address_alone_loses_its_password_too() -> None:
    artifact = {"recording": {"mono": "https://a:b@cdn.example.com/m.wav"}}
    kept = apply_allow_list("end_of_call_report", {"type": "end-of-call-report", "artifact": artifact})
    assert kept["artifact"] == {"recording": {"mono": "https://[redacted]@cdn.example.com/m.wav"}}


A, B = {"role": "user", "message": "a"}, {"role": "bot", "message": "b"}
SYSTEM = {"role": "system", "message": "prompt"}
SILENT = {"role": "bot", "message": " "}
TOOL = {"role": "tool_calls", "toolCalls": [{"function": {"name": "book", "arguments": "{}"}}]}


@pytest.mark.parametrize(
    ("message", "turns"),
    [
        ({}, []),
        ({"messages": [A], "artifact": {"messages": [B]}, "conversation": [B]}, [A]),
        ({"messages": [], "artifact": {"messages": [B]}}, [B]),
        ({"messages": None, "artifact": None, "conversation": [B]}, [B]),
        ({"messages": [SYSTEM], "conversation": [SYSTEM, B]}, [B]),
        ({"messagesOpenAIFormatted": [A, B]}, [A, B]),
        ({"artifact": {"messagesOpenAIFormatted": [A]}}, [A]),
        ({"messagesOpenAIFormatted": [A], "artifact": {"messagesOpenAIFormatted": [B]}}, [A]),
        ({"messages": [SILENT], "artifact": {"messages": [SILENT, B]}}, [SILENT, B]),
        ({"messages": [{"role": "narrator", "message": "x"}], "conversation": [B]}, [B]),
        ({"messages": [TOOL], "artifact": {"messagesOpenAIFormatted": [B]}}, [B]),
        ({"messages": [SILENT], "conversation": [TOOL]}, [TOOL]),
        ({"messages": [SILENT], "conversation": []}, [SILENT]),
        ({"messages": [{}], "conversation": []}, []),
        ({"transcript": [A, B]}, [A, B]),
        ({"artifact": {"transcript": [A]}}, [A]),
        ({"messages": [SYSTEM, A, {"role": " Developer "}, {"role": "SYSTEM"}, B]}, [A, B]),
        ({"messages": [None, "x", 5, [A], A]}, [A]),
        ({"messages": {"0": A}}, []),
    ],
)
def test_the_first_turn_list_with_words_counts(message: dict[str, Any], turns: list[Any]) -> None:
    assert turns_of(message) == turns


@pytest.mark.parametrize("place", ["messages", "conversation", "messagesOpenAIFormatted"])
def test_a_report_finds_its_turns_inside_the_call_too(place: str) -> None:
    message = {
        "type": "end-of-call-report",
        "messages": [SILENT],
        "call": {"artifact": {"messages": []}, place: [A, B]},
    }
    assert apply_allow_list("end_of_call_report", message)["messages"] == [A, B]


@pytest.mark.parametrize("place", ["message", "artifact", "call"])
def test_a_report_s_transcript_that_is_a_list_has_its_turns(place: str) -> None:
    holder = {"transcript": [A, B]}
    message = {"type": "end-of-call-report"} | (holder if place == "message" else {place: holder})
    assert apply_allow_list("end_of_call_report", message)["messages"] == [A, B]
    assert "transcript" not in apply_allow_list("end_of_call_report", message)


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        ([{"type": "text", "text": "Nine."}], "Nine."),
        ([{"type": "text", "text": "Nine,"}, {"type": "image_url"}, "really"], "Nine, really"),
        ({"text": "Nine."}, "Nine."),
        ([[{"content": [{"text": {"value": "Nine."}}]}]], "Nine."),
        (9, 9),
        (8.5, 8.5),
        ([{"type": "image_url"}], None),
        ([], None),
        (True, None),
    ],
)
@pytest.mark.parametrize("field", ["message", "content", "text"])
def test_a_content_in_parts_is_kept_as_its_words(field: str, content: Any, kept: Any) -> None:  # noqa: ANN401 - any JSON value
    (turn,) = apply_allow_list(
        "conversation_update", {"type": "conversation-update", "messages": [{"role": "user", field: content}]}
    )["messages"]
    assert turn == ({"role": "user"} if kept is None else {"role": "user", field: kept})


def test_a_turn_of_nothing_keeps_its_place() -> None:
    message = {"type": "conversation-update", "messages": [A, {"secret": "CANARY"}, B]}
    assert apply_allow_list("conversation_update", message)["messages"] == [A, {}, B]


@pytest.mark.parametrize(
    "turn",
    [
        {"role": "tool_calls", "toolCalls": [{"function": {"name": "book", "arguments": '{"day": "Monday"}'}}]},
        {"role": "assistant", "tool_calls": [{"name": "book", "arguments": {"day": "Monday"}}]},
        {"role": "function_call", "name": "book", "args": '{"day": "Monday"}'},
        {"role": "function_call", "functionCall": {"name": "book", "arguments": {"day": ["Monday"]}}},
        {"role": "assistant", "function_call": {"name": "book", "arguments": "{}"}},
        {"role": "tool_call_result", "name": "book", "result": "Booked."},
        {"role": "tool", "content": "Booked.", "time": 1752365369974.9998, "secondsFromStart": 3.25},
    ],
)
def test_turns_of_tools_keep_what_is_read(turn: dict[str, Any]) -> None:
    message = {"type": "conversation-update", "messages": [turn | {"id": "CANARY", "server": {"secret": "CANARY"}}]}
    assert apply_allow_list("conversation_update", message)["messages"] == [turn]


@pytest.mark.parametrize(
    ("message", "transcript"),
    [
        ({"transcript": "AI: Hello."}, "AI: Hello."),
        ({"artifact": {"transcript": "AI: Hello."}}, "AI: Hello."),
        ({"transcript": "", "artifact": {"transcript": "AI: Hello."}}, "AI: Hello."),
        ({"transcript": {"speaker": "x"}}, None),
        ({"transcript": "AI: Hello.", "messages": [A]}, None),
        ({"transcript": "AI: Hello.", "messages": [SILENT]}, "AI: Hello."),
        ({"transcript": "AI: Hello.", "messages": [TOOL, {}]}, "AI: Hello."),
        ({"transcript": "AI: Hello.", "messages": [SYSTEM], "conversation": [B]}, None),
        ({"transcript": "AI:\nUser: ", "artifact": {"transcript": "AI: Hello."}}, "AI: Hello."),
        ({"call": {"transcript": "AI: Hello."}}, "AI: Hello."),
        ({"call": {"artifact": {"transcript": "AI: Hello."}}}, "AI: Hello."),
    ],
)
def test_a_report_s_text_is_kept_only_without_words_in_a_list(message: dict[str, Any], transcript: str | None) -> None:
    kept = apply_allow_list("end_of_call_report", {"type": "end-of-call-report"} | message)
    assert kept.get("transcript") == transcript
    assert transcript is None or "messages" not in kept


def test_a_report_s_text_comes_with_the_names_of_its_speakers_and_no_others() -> None:
    message = {
        "type": "end-of-call-report",
        "transcript": "Piper: Hello.\nOdette: Hello.\n",
        "assistant": {"name": "Piper", "artifactPlan": {"transcriptPlan": {"assistantName": "Robin"}}},
        "customer": {"name": "Odette Example"},
    }
    assert apply_allow_list("end_of_call_report", message)["transcriptNames"] == {
        "assistant": ["Piper"],
        "customer": ["Odette Example"],
    }
    assert "transcriptNames" not in apply_allow_list("end_of_call_report", message | {"messages": [A]})
    assert "transcriptNames" not in apply_allow_list("end_of_call_report", message | {"transcript": "AI: Hello."})


@pytest.mark.parametrize("wrong", [None, [], {}, True, "1", 5, float("nan"), float("inf"), [[]], {"a": 1}])
@pytest.mark.parametrize("kind", KINDS)
def test_wrong_types_are_dropped_not_raised(kind: str, wrong: object) -> None:
    message: dict[str, Any] = {name: wrong for body in samples.BY_KIND.values() for name in body["message"]}
    nested = {"call": dict.fromkeys(samples.call(), wrong), "analysis": dict.fromkeys(samples.analysis(), wrong)}
    for variant in (message, message | nested):
        kept = apply_allow_list(kind, variant | {"type": "x"})
        json.dumps(kept, allow_nan=False)
        assert None not in kept.values()


def test_numbers_must_be_numbers_and_texts_texts() -> None:
    message = {
        "type": "end-of-call-report",
        "cost": "half a dollar",
        "durationMinutes": False,
        "durationSeconds": True,
        "durationMs": float("inf"),
        "summary": ["x"],
        "startedAt": {"$date": 1},
        "endedAt": 1752195615957,
        "analysis": {"successEvaluation": True, "structuredData": {"nps_score": float("nan")}},
    }
    assert apply_allow_list("end_of_call_report", message) == {
        "type": "end-of-call-report",
        "endedAt": 1752195615957,
        "analysis": {"successEvaluation": True, "structuredData": {"nps_score": None}},
    }


def test_text_that_postgres_refuses_is_cleaned_everywhere() -> None:
    message = {
        "type": "end-of-call-report",
        "summary": "a\x00b\ud800",
        "recordingUrl": "https://cdn.example.com/\x00a",
        "analysis": {"structuredData": {"k\x00ey": ["\udfffx"]}},
    }
    kept = apply_allow_list("end_of_call_report", message)
    assert kept["summary"] == "ab\ufffd"
    assert kept["recordingUrl"] == "https://cdn.example.com/a"
    assert kept["analysis"]["structuredData"] == {"key": ["\ufffdx"]}


# The last defence

SECRETS = {
    "jwt": samples.jwt(),
    "jwt without signature": samples.jwt().rpartition(".")[0] + ".",
    "bearer": "Bearer abcdef0123456789",
    "bearer in capitals": "BEARER 0123456789abcdef",
    "bearer of words and signs": "bearer canary-token_value",
    "authorization basic": "Authorization: Basic b2RldHRlOmV4YW1wbGU=",
    "openai": "sk-abcdefghijklmnop1234",
    "openai project": "sk-proj-abcdefghijklmnop_1234-5678",
    "anthropic": "sk-ant-api03-abcdefghijklmnop",
    "stripe": "sk_live_abcdefgh12345678",
    "stripe restricted": "rk_test_abcdefgh12345678",
    "webhook secret": "whsec_abcdefghijklmnopqrstuvwx",
    "aws": "AKIAIOSFODNN7EXAMPLE",
    "aws session": "ASIAIOSFODNN7EXAMPLE",
    "twilio": "SK" + "0123456789abcdef" * 2,
    "github": "ghp_" + "a1" * 18,
    "slack": "xoxb-0123456789-abcdef",
    "google": "AIza" + "a" * 35,
    "pem": "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAKC\n-----END RSA PRIVATE KEY-----",
    "bearer of letters": "Bearer AbCdEfGhIjKl",
    "bearer of many small letters": "Bearer abcdefghijklmnopqrstuvwx",
}


@pytest.mark.parametrize("around", ["{}", "It is {}", '"{}"', "key={}", "a\n{}"])
def test_credentials_in_a_text_are_masked(around: str) -> None:
    masked = {name: mask_secrets(around.format(secret)) for name, secret in SECRETS.items()}
    assert masked == dict.fromkeys(SECRETS, around.format(REDACTED))


def test_a_private_key_without_an_end_takes_the_rest() -> None:
    assert mask_secrets("It is -----BEGIN PRIVATE KEY-----\nMIIEow\nIBAAKC") == f"It is {REDACTED}"


def test_the_rest_of_the_text_stays() -> None:
    text = f"Use {SECRETS['stripe']} or {SECRETS['jwt']}, then call me."
    assert mask_secrets(text) == f"Use {REDACTED} or {REDACTED}, then call me."


@pytest.mark.parametrize(
    "text",
    [
        "https://odette:pass@example.com/a",
        "postgresql://odette:p@ss:word@example.com:5432/calls",
        "https://token@example.com",
    ],
)
def test_user_and_password_of_a_url_are_masked(text: str) -> None:
    scheme, _, rest = text.partition("://")
    assert mask_secrets(text) == f"{scheme}://{REDACTED}@{rest.rpartition('@')[2]}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I am the bearer of good news",
        "The bearer responsibilities are mine, and Bearer Responsibilities. Bearer uncharacteristically, he said",
        "a risk-free desk-job task-list-for-tomorrow",
        "repair authorization: approved by phone",
        "Authorization: basic",
        "sk-8 is the room",
        "AKIA is no word, SKODA is a car, ASIAN food",
        "odette@example.com and https://example.com/@odette?to=a@b.example",
        "-----BEGIN CERTIFICATE-----",
        "eyJust kidding",
        "a5515ced-0000-4000-8000-000000000001",
        "a" * 64,
    ],
)
def test_what_people_say_stays(text: str) -> None:
    assert mask_secrets(text) == text


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_credentials_are_masked_in_everything_kept(secret: str) -> None:
    message = {
        "type": "end-of-call-report",
        "summary": secret,
        "endedReason": secret,
        "recordingUrl": secret,
        "call": {"id": secret, "status": secret, "customer": {"name": secret}},
        "messages": [{"role": "user", "message": secret, "result": {"x": [secret]}, "name": secret}],
        "analysis": {
            "summary": secret,
            "structuredData": {"a": [{"b": secret}], secret: 1},
            "structuredDataMulti": [secret, {"a": secret}],
            "successEvaluation": secret,
        },
        "artifact": {
            "structuredOutputs": {"1": {"name": "x", "result": secret}},
            "scorecards": [{secret: secret}],
        },
    }
    kept = apply_allow_list("end_of_call_report", message)
    assert secret not in json.dumps(kept)
    assert json.dumps(secret)[1:-1] not in json.dumps(kept)
    assert "id" not in kept["call"]


def test_credentials_are_masked_in_a_text_and_in_the_names_of_its_speakers() -> None:
    secret = "sk-abcdefghijklmnop1234"
    message = {
        "type": "end-of-call-report",
        "transcript": f"{secret}: It is {secret}",
        "assistant": {"name": secret},
        "messages": [{"role": "bot", "content": [" "]}],
    }
    kept = apply_allow_list("end_of_call_report", message)
    assert kept["transcript"] == f"{REDACTED}: It is {REDACTED}"
    assert kept["transcriptNames"] == {"assistant": [REDACTED]}
    parts = {"type": "conversation-update", "messages": [{"role": "bot", "content": [{"text": secret}, "x"]}]}
    assert apply_allow_list("conversation_update", parts)["messages"] == [{"role": "bot", "content": f"{REDACTED} x"}]


def test_recording_urls_keep_their_query() -> None:
    url = f"https://cdn.example.com/m.wav?X-Amz-Credential={SECRETS['aws']}%2F2026&token={SECRETS['jwt']}"
    artifact = {"presignedMonoUrl": url, "recording": {"stereoUrl": url, "mono": {"combinedUrl": url}}}
    message = {"type": "end-of-call-report", "recordingUrl": url, "artifact": artifact}
    assert apply_allow_list("end_of_call_report", message) == message


def test_a_recording_url_loses_its_password() -> None:
    message = {"type": "end-of-call-report", "recordingUrl": "https://a:b@cdn.example.com/m.wav?x=1"}
    assert (
        apply_allow_list("end_of_call_report", message)["recordingUrl"]
        == "https://[redacted]@cdn.example.com/m.wav?x=1"
    )
