"""Check which call a message is about, and which calls come to exist (docs/call-state.md 2)."""

from typing import Any

import pytest

from tests.integration.bodies import (
    NUMBER,
    VAPI_ID,
    conversation,
    fragment,
    inbound,
    outbound,
    report,
    status,
    turn,
    web,
)
from tests.integration.pipeline import ORGANIZATION, OTHER_ORGANIZATION, Pipeline, envelope

RINGING = {"type": "status-update", "status": "ringing"}
SIP_END = "t.desk.of.the.garage"
"""The last 20 characters of a user part."""


def reasons(pipeline: Pipeline) -> list[str]:
    return [letter.reason for letter in pipeline.queues.dead_letters]


def test_the_first_message_with_both_ids_links_them(pipeline: Pipeline) -> None:
    call_id = pipeline.make_call()
    pipeline.send_each(status("ringing", outbound(call_id), 1), status("in-progress", outbound(None), 2))
    call = pipeline.call(call_id)
    assert (call["status"], call["vapi_call_id"]) == ("In Progress", VAPI_ID)
    assert pipeline.count("call") == 1


def test_a_link_counts_for_the_whole_batch(pipeline: Pipeline) -> None:
    call_id = pipeline.make_call()
    pipeline.own("phone-number-1")
    bodies = [status("in-progress", outbound(None), 2), status("ringing", outbound(call_id), 1)]
    assert pipeline.send(*bodies) == []
    assert pipeline.call(call_id)["status"] == "In Progress"
    assert pipeline.count("call") == 1, "linked before one is created"


def test_our_id_alone_is_enough(pipeline: Pipeline) -> None:
    call_id = pipeline.make_call()
    assert (
        pipeline.deliver("status_update", [envelope("status_update", RINGING, call_id=call_id, vapi_call_id=None)])
        == []
    )
    call = pipeline.call(call_id)
    assert (call["status"], call["vapi_call_id"]) == ("Ringing", None)


def test_a_message_that_names_no_call_is_invalid(pipeline: Pipeline) -> None:
    assert pipeline.deliver("status_update", [envelope("status_update", RINGING, vapi_call_id=None)]) == []
    assert reasons(pipeline) == ["InvalidMessage"]
    assert pipeline.count("webhook_event") == 0


def test_another_vapi_id_of_a_row_is_another_attempt(pipeline: Pipeline) -> None:
    call_id = pipeline.make_call(vapi_call_id="another")
    pipeline.send_each(status("ringing", outbound(call_id), 1))
    call = pipeline.call(call_id)
    assert (call["status"], call["vapi_call_id"]) == ("Ringing", VAPI_ID)
    assert sorted(pipeline.attempts(call_id)) == [VAPI_ID, "another"]


def test_several_vapi_ids_of_a_row_in_one_batch_are_attempts(pipeline: Pipeline) -> None:
    call_id = pipeline.make_call()
    bodies = [status("ringing", outbound(call_id, vapi_id), 1) for vapi_id in ("first", "second", "first")]
    bodies[2]["message"]["status"] = "in-progress"
    assert pipeline.send(*bodies) == []
    statuses = {vapi_id: row["status"] for vapi_id, row in pipeline.attempts(call_id).items()}
    assert statuses == {"first": "In Progress", "second": "Ringing"}


@pytest.mark.parametrize("linked_by", ["the application", "a message"])
def test_a_vapi_id_of_another_row_is_a_conflict(pipeline: Pipeline, linked_by: str) -> None:
    other = pipeline.make_call(vapi_call_id=VAPI_ID if linked_by == "the application" else None)
    call_id = pipeline.make_call()
    if linked_by == "a message":
        pipeline.send_each(status("queued", outbound(other), 1))
    receipts, before = pipeline.count("webhook_event"), pipeline.call(other)
    assert pipeline.send(status("in-progress", outbound(call_id), 1)) == []
    assert reasons(pipeline) == ["CallIdentityConflict"]
    assert (pipeline.call(call_id)["status"], pipeline.call(other)) == ("Ready", before)
    assert (pipeline.count("webhook_event"), pipeline.attempts(call_id)) == (receipts, {})


def test_in_a_batch_too_the_first_link_of_a_vapi_id_counts(pipeline: Pipeline) -> None:
    one, other = pipeline.make_call(), pipeline.make_call()
    bodies = [
        status("ringing", outbound(other), 1),
        status("ringing", outbound(one), 2),
        status("in-progress", outbound(None), 3),
        status("forwarding", outbound(other), 4),
    ]
    assert pipeline.send(*bodies) == []
    assert reasons(pipeline) == ["CallIdentityConflict"]
    assert (pipeline.call(one)["status"], pipeline.call(other)["status"]) == ("Ready", "Forwarding")


def test_a_conflict_or_an_unknown_call_does_not_hold_up_the_rest(pipeline: Pipeline) -> None:
    good, other = pipeline.make_call(), pipeline.make_call()
    pipeline.make_call(vapi_call_id="conflicting")
    bodies = [
        status("ringing", outbound(other, "conflicting"), 1),
        status("ringing", outbound(good, "good"), 1),
        status("ringing", outbound(999_999, "unknown"), 1),
    ]
    assert pipeline.send(*bodies) == [2]
    assert reasons(pipeline) == ["CallIdentityConflict"]
    assert pipeline.call(good)["status"] == "Ringing"


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(outbound(999_999), id="our id without a row"),
        pytest.param(outbound(None, createdAt=None), id="outbound, not created"),
        pytest.param({"id": VAPI_ID}, id="no type"),
        pytest.param({"id": VAPI_ID, "type": "carrierPigeon", "createdAt": "2026-07-11T01:00:00Z"}, id="another type"),
    ],
)
@pytest.mark.usefixtures("default_organization")
def test_any_other_call_is_unknown_and_waits(pipeline: Pipeline, call: dict[str, Any]) -> None:
    assert pipeline.send(status("ringing", call, 1)) == [0]
    assert pipeline.send(status("ringing", call, 1), receive_count=10) == [0]
    assert reasons(pipeline) == []
    assert pipeline.send(status("ringing", call, 1), receive_count=11) == []
    assert reasons(pipeline) == ["UnknownCall"]
    assert (pipeline.count("call"), pipeline.count("webhook_event")) == (0, 0)
    assert len(pipeline.queues.delays) == 2


def test_without_an_organization_no_call_is_created(pipeline: Pipeline) -> None:
    assert pipeline.send(status("in-progress", inbound(), 1)) == [0]
    assert pipeline.count("call") == 0


def test_an_unknown_call_is_applied_when_its_row_has_come(pipeline: Pipeline) -> None:
    body = status("ringing", outbound(None, createdAt=None), 1)
    assert pipeline.send(body) == [0]
    call_id = pipeline.make_call(vapi_call_id=VAPI_ID)
    assert pipeline.send(body, receive_count=2) == []
    assert pipeline.call(call_id)["status"] == "Ringing"


@pytest.mark.parametrize(
    ("call", "number"),
    [
        (inbound(), NUMBER),
        (web(), "unknown"),
        (inbound(type="vapi.websocketCall", customer=None), "unknown"),
        (inbound(customer={"sipUri": "sip:someone@customer.example"}), "someone"),
        (inbound(customer={"sipUri": "sips:front.desk.of.the.garage:secret@pbx.example;transport=tls"}), SIP_END),
        (inbound(customer={"number": " ", "sipUri": "sip:a@b.example"}), "a"),
        (inbound(customer={"number": NUMBER, "sipUri": "sip:a@b.example"}), NUMBER),
        (inbound(customer={"number": [12025550101]}), "unknown"),
        (inbound(customer={"number": 12025550101}), "12025550101"),
    ],
)
@pytest.mark.usefixtures("default_organization")
def test_a_call_that_the_application_did_not_create_gets_a_row(
    pipeline: Pipeline, call: dict[str, Any], number: str
) -> None:
    pipeline.send_each(conversation(call, 1))
    row = pipeline.row("SELECT *, organization_id::text AS organization FROM call")
    assert (row["status"], row["direction"], row["customer_number"]) == ("Ready", "inbound", number)
    assert (row["vapi_call_id"], row["organization"], row["is_demo"]) == (VAPI_ID, ORGANIZATION, False)


@pytest.mark.usefixtures("default_organization")
def test_an_outbound_call_gets_a_row_of_its_own_when_its_waiting_is_over(pipeline: Pipeline) -> None:
    body = status("ringing", outbound(None), 1)
    for count in (1, 10):
        assert pipeline.send(body, receive_count=count) == [0]
        assert pipeline.count("call") == 0
    assert pipeline.send(body, receive_count=11) == []
    row = pipeline.row("SELECT status, direction, customer_number, vapi_call_id FROM call")
    assert row == {"status": "Ringing", "direction": "outbound", "customer_number": NUMBER, "vapi_call_id": VAPI_ID}
    assert reasons(pipeline) == []


@pytest.mark.usefixtures("default_organization")
def test_a_number_that_was_unknown_is_filled_in_later(pipeline: Pipeline) -> None:
    pipeline.send_each(status("ringing", inbound(customer=None), 1))
    assert pipeline.row("SELECT customer_number FROM call") == {"customer_number": "unknown"}
    pipeline.send_each(status("in-progress", inbound(), 2))
    assert pipeline.row("SELECT customer_number FROM call") == {"customer_number": NUMBER}
    pipeline.send_each(status("ended", inbound(customer={"number": "+12025550199"}), 3))
    assert pipeline.row("SELECT customer_number FROM call") == {"customer_number": NUMBER}, "the least counts"


def test_the_number_of_the_applications_call_is_left_alone(pipeline: Pipeline) -> None:
    call_id = pipeline.make_call(customer_number="+12025550177")
    pipeline.send_each(status("ringing", outbound(call_id), 1))
    assert pipeline.call(call_id)["customer_number"] == "+12025550177"


def test_the_phone_number_beats_the_assistant_and_both_the_default(
    pipeline: Pipeline, default_organization: str
) -> None:
    pipeline.add_other_organization()
    pipeline.own("assistant-of-other", OTHER_ORGANIZATION)
    pipeline.own("number-of-ours", ORGANIZATION)
    calls = [
        inbound("a", phoneNumberId="number-of-ours", assistantId="assistant-of-other"),
        inbound("b", phoneNumberId="nobody's", assistantId="assistant-of-other"),
        inbound("c", phoneNumberId="nobody's", assistantId="nobody's"),
    ]
    assert pipeline.send(*(status("ringing", call, 1) for call in calls)) == []
    rows = pipeline.rows("SELECT organization_id::text AS owner FROM call ORDER BY vapi_call_id")
    assert [row["owner"] for row in rows] == [ORGANIZATION, OTHER_ORGANIZATION, default_organization]


@pytest.mark.usefixtures("default_organization")
def test_calls_that_are_marked_as_not_ours_are_ignored(pipeline: Pipeline) -> None:
    pipeline.own("phone-number-1", None, ignored=True)
    body = report(inbound())
    assert pipeline.send(body) == []
    assert pipeline.send(body) == []
    (receipt,) = pipeline.receipts()
    assert (receipt["outcome"], receipt["call_id"], receipt["repeats"]) == ("ignored", None, 1)
    assert (pipeline.count("call"), pipeline.queues.dead_letters) == (0, [])


def test_what_is_marked_as_not_ours_does_not_touch_a_call_whose_id_it_happens_to_carry(pipeline: Pipeline) -> None:
    call_id = pipeline.make_call()
    pipeline.own("staging-assistant", None, ignored=True)
    assert pipeline.send(status("ended", outbound(call_id, "staging-call", assistantId="staging-assistant"), 1)) == []
    (call,) = pipeline.rows("SELECT status, vapi_call_id FROM call")
    assert (call["status"], call["vapi_call_id"]) == ("Ready", None)
    assert [receipt["outcome"] for receipt in pipeline.receipts()] == ["ignored"]


@pytest.mark.usefixtures("default_organization")
def test_strangers_and_known_calls_fit_into_one_batch(pipeline: Pipeline) -> None:
    known = pipeline.make_call()
    pipeline.own("number-of-others", None, ignored=True)
    bodies = [
        status("ringing", inbound("stranger-b"), 1),
        status("ringing", outbound(known, "known"), 1),
        status("in-progress", inbound("stranger-a"), 2),
        status("ringing", inbound("not-ours", phoneNumberId="number-of-others"), 1),
        status("in-progress", inbound("stranger-b"), 2),
    ]
    assert pipeline.send(*bodies) == []
    rows = pipeline.rows("SELECT vapi_call_id, status FROM call ORDER BY vapi_call_id")
    assert [(row["vapi_call_id"], row["status"]) for row in rows] == [
        ("known", "Ringing"),
        ("stranger-a", "In Progress"),
        ("stranger-b", "In Progress"),
    ]


@pytest.mark.usefixtures("default_organization")
def test_a_created_call_is_found_by_the_next_kind(pipeline: Pipeline) -> None:
    pipeline.send_each(
        fragment(web(), 1, "assistant", "Hello"),
        conversation(web(), 2, turn("bot", "Hello", 1)),
        report(web()),
    )
    assert pipeline.row("SELECT status, outcome FROM call") == {"status": "Completed", "outcome": "reached"}


def test_our_id_is_found_in_every_place(pipeline: Pipeline) -> None:
    for place in (
        {"assistantOverrides": {"variableValues": {"call_id": "%d"}}},
        {"metadata": {"call_id": "%d"}, "assistantOverrides": {"variableValues": {"call_id": "none"}}},
        {"assistantOverrides": {"metadata": {"call_id": "%d"}}},
    ):
        call_id = pipeline.make_call()
        call = _fill({"id": f"vapi-{call_id}", **place}, call_id)
        pipeline.send_each(status("ringing", call, 1))
        assert pipeline.call(call_id)["status"] == "Ringing"


def _fill(value: Any, call_id: int) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return {key: _fill(item, call_id) for key, item in value.items()}
    return str(call_id) if value == "%d" else value
