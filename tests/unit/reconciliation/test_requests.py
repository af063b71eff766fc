"""The shapes that the parts of reconciliation exchange are read as they were written, and nothing else is read."""

import json
from datetime import datetime, timezone
from typing import Any

import pytest

from autopulse.errors import InvalidMessage
from autopulse.reconciliation.request_reading import read_answer, read_page, read_question, read_request, read_summaries
from autopulse.reconciliation.requests import (
    CallRequest,
    CallSummary,
    ErrorReason,
    FindRequest,
    Found,
    GetQuestion,
    ListQuestion,
    NotFound,
    Page,
    Question,
    Reason,
    Request,
    WindowRequest,
    is_askable,
)

NOON = datetime(2026, 11, 30, 12, 0, 0, 1000, timezone.utc)
EVENING = datetime(2026, 11, 30, 18, tzinfo=timezone.utc)
VAPI_CALL_ID = "019b0000-0000-7000-8000-00000000000a"
SUMMARY = CallSummary(
    vapi_call_id=VAPI_CALL_ID,
    call_id=7,
    type="outboundPhoneCall",
    status="Ended",
    ended_reason="customer-ended-call",
    nps_score=9,
    has_turns=True,
    has_answers=True,
    created_at=NOON,
    ended_at=EVENING,
    updated_at=EVENING,
    owner_ids=("phone-number-1", "assistant-1"),
)
EMPTY_SUMMARY = CallSummary(VAPI_CALL_ID, None, None, "unknown", None, None, False, False, None, None, None)
PAGE = Page("2026-11-30T07:43", (SUMMARY, EMPTY_SUMMARY), complete=False, since=NOON, until=EVENING)
REQUESTS: list[Request] = [
    CallRequest(VAPI_CALL_ID, 7, Reason.NO_REPORT),
    CallRequest(VAPI_CALL_ID, None, Reason.NO_NEWS, 2, last=True, known_vapi_call_id=VAPI_CALL_ID, ends_by=NOON),
    FindRequest((7, 8), NOON),
    FindRequest((7,), NOON, EVENING),
    WindowRequest(NOON, "2026-11-30T07:43"),
    WindowRequest(NOON, "2026-11-30T07:43", EVENING),
]


@pytest.mark.parametrize("request_", REQUESTS)
def test_a_request_is_read_as_it_was_written(request_: Request) -> None:
    assert read_request(request_.to_json()) == request_


def test_a_request_is_json_in_the_documented_shape() -> None:
    assert json.loads(CallRequest(VAPI_CALL_ID, 7, Reason.NO_REPORT, ends_by=NOON).to_json()) == {
        "ask": "call",
        "vapi_call_id": VAPI_CALL_ID,
        "call_id": 7,
        "reason": "no_report",
        "tries": 0,
        "last": False,
        "known_vapi_call_id": None,
        "ends_by": "2026-11-30T12:00:00.001000+00:00",
    }
    assert json.loads(FindRequest((7,), NOON).to_json()) == {
        "ask": "find",
        "call_ids": [7],
        "since": "2026-11-30T12:00:00.001000+00:00",
        "before": None,
    }
    assert json.loads(WindowRequest(NOON, "walk").to_json()) == {
        "ask": "window",
        "since": "2026-11-30T12:00:00.001000+00:00",
        "before": None,
        "walk": "walk",
    }


def test_a_page_is_read_as_it_was_written() -> None:
    assert read_page(PAGE.to_json()) == PAGE


@pytest.mark.parametrize("question", [ListQuestion(NOON), ListQuestion(NOON, EVENING), GetQuestion(VAPI_CALL_ID)])
def test_a_question_is_read_as_it_was_put(question: Question) -> None:
    assert read_question(json.loads(json.dumps(question.to_object()))) == question


@pytest.mark.parametrize(
    "value", [None, {}, {"list": {}}, {"list": {"since": 7, "before": None}}, {"get": {}}, {"get": {"vapi_call_id": 7}}]
)
def test_a_question_of_another_shape_is_refused(value: object) -> None:
    with pytest.raises(InvalidMessage):
        read_question(value)


def test_an_answer_is_read_as_it_was_given() -> None:
    found = Found((SUMMARY, EMPTY_SUMMARY), NOON)
    failed = NotFound(ErrorReason.THROTTLED, "429", 12.5)

    assert read_answer(json.loads(json.dumps(found.to_object()))) == found
    assert read_answer(json.loads(json.dumps(failed.to_object()))) == failed
    assert read_answer(NotFound(ErrorReason.NOT_CONFIGURED).to_object()) == NotFound(ErrorReason.NOT_CONFIGURED)


def test_summaries_are_read_by_themselves() -> None:
    assert read_summaries([SUMMARY.to_object()]) == (SUMMARY,)


CALL = json.loads(CallRequest(VAPI_CALL_ID, 7, Reason.NO_REPORT).to_json())
FIND = json.loads(FindRequest((7,), NOON).to_json())
WINDOW = json.loads(WindowRequest(NOON, "walk").to_json())


@pytest.mark.parametrize("given", [CALL, FIND, WINDOW])
def test_a_request_without_one_of_its_fields_is_refused_by_the_fields_name(given: dict[str, Any]) -> None:
    for name in given:
        with pytest.raises(InvalidMessage, match=f": {name}$"):
            read_request(json.dumps({key: value for key, value in given.items() if key != name}))


@pytest.mark.parametrize(
    ("given", "name", "value"),
    [
        (CALL, "ask", "else"),
        (CALL, "ask", ["call"]),
        (CALL, "vapi_call_id", ""),
        (CALL, "vapi_call_id", "x" * 101),
        (CALL, "vapi_call_id", 7),
        (CALL, "call_id", 0),
        (CALL, "call_id", 2**31),
        (CALL, "call_id", "7"),
        (CALL, "call_id", True),
        (CALL, "reason", "curiosity"),
        (CALL, "reason", ["no_report"]),
        (CALL, "tries", -1),
        (CALL, "tries", 1.5),
        (CALL, "last", 1),
        (CALL, "known_vapi_call_id", {}),
        (CALL, "ends_by", "tomorrow"),
        (CALL, "ends_by", 1764504000),
        (FIND, "call_ids", 7),
        (FIND, "call_ids", [7, None]),
        (FIND, "call_ids", list(range(1, 1002))),
        (FIND, "since", None),
        (WINDOW, "walk", ""),
        (WINDOW, "before", "0"),
    ],
)
def test_a_field_that_cannot_be_used_is_refused_by_its_name(given: dict[str, Any], name: str, value: object) -> None:
    with pytest.raises(InvalidMessage, match=f"^cannot read the request: {name}$"):
        read_request(json.dumps(given | {name: value}))


@pytest.mark.parametrize("body", ["", "[]", "7", "null", "{", "[" * 100_000])
def test_what_is_no_object_is_refused(body: str) -> None:
    for read in (read_request, read_page):
        with pytest.raises(InvalidMessage):
            read(body)


@pytest.mark.parametrize("name", ["walk", "calls", "complete", "since", "until"])
def test_a_page_needs_each_of_its_fields(name: str) -> None:
    given = json.loads(PAGE.to_json())

    for wrong in ({key: value for key, value in given.items() if key != name}, given | {name: 7}):
        with pytest.raises(InvalidMessage, match=f": {name}$"):
            read_page(json.dumps(wrong))


@pytest.mark.parametrize("name", list(SUMMARY.to_object()))
def test_a_summary_needs_each_of_its_fields(name: str) -> None:
    given = SUMMARY.to_object()

    for wrong in ({key: value for key, value in given.items() if key != name}, given | {name: [7]}):
        with pytest.raises(InvalidMessage, match=f": {name}$"):
            read_summaries([wrong])


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"calls": []},
        {"error": None},
        {"error": {"reason": "else", "detail": "", "retry_after": None}},
        {"error": {"reason": "vapi-throttled", "detail": "", "retry_after": -1}},
        {"error": {"reason": "vapi-throttled", "detail": "", "retry_after": float("nan")}},
        {"error": {"reason": "vapi-throttled", "detail": 7, "retry_after": None}},
    ],
)
def test_an_answer_of_another_shape_is_refused(value: object) -> None:
    with pytest.raises(InvalidMessage):
        read_answer(value)


def test_no_value_is_in_an_errors_text() -> None:
    with pytest.raises(InvalidMessage) as refused:
        read_request(json.dumps(CALL | {"reason": "Jane Canary"}))

    assert "Canary" not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    "text", ["", None, "../account", "019b0000-0000-7000-8000-00000000000a/", "abc", f"{VAPI_CALL_ID}\n"]
)
def test_only_a_uuid_is_asked_for(text: str | None) -> None:
    assert not is_askable(text)
    assert is_askable(VAPI_CALL_ID)
