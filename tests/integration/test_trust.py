"""Whom a webhook is believed about: a genuine one may carry a stranger's words (docs/call-state.md 2)."""

from collections.abc import Callable
from typing import Any, Final

import pytest

from tests.integration.bodies import (
    VAPI_ID,
    Body,
    bare_report,
    conversation,
    final_transcript,
    inbound,
    message,
    ours_alone,
    outbound,
    report,
    status,
    turn,
    web,
)
from tests.integration.orders import FIRST_CALL, end_in_equal_rows
from tests.integration.pipeline import OTHER_ORGANIZATION, Pipeline, envelope

STRANGER: Final = "vapi-call-of-a-stranger"
GENUINE: Final = "vapi-call-of-ours"
PLACES: Final[dict[str, Callable[[int], Body]]] = {
    "overrides' variables": lambda call_id: {"assistantOverrides": {"variableValues": {"call_id": call_id}}},
    "metadata": lambda call_id: {"metadata": {"call_id": call_id}},
    "overrides' metadata": lambda call_id: {"assistantOverrides": {"metadata": {"call_id": call_id}}},
    "the customer's variables": lambda call_id: {"customer": {"variableValues": {"call_id": str(call_id)}}},
}
SELF_STARTED: Final = ["webCall", "inboundPhoneCall", "vapi.websocketCall", "carrierPigeon"]
"""Types of call that the application does not start."""
OWNED: Final = ["phoneNumberId", "assistantId", "squadId", "workflowId"]


def stored(pipeline: Pipeline, call_id: int) -> dict[str, Any]:
    """Everything that there is of a call."""
    return {
        "call": pipeline.call(call_id),
        "attempts": pipeline.attempts(call_id),
        "turns": pipeline.turns(call_id),
        "feedback": pipeline.feedback(call_id),
        "incidents": pipeline.rows("SELECT * FROM call_incident WHERE call_id = :id", id=call_id),
        "receipts": pipeline.rows("SELECT * FROM webhook_event WHERE call_id = :id", id=call_id),
    }


def reasons(pipeline: Pipeline) -> list[str]:
    return [letter.reason for letter in pipeline.queues.dead_letters]


def started_by_a_stranger(type_: str, call_id: int | None, vapi_call_id: str = STRANGER, **values: Any) -> Body:  # noqa: ANN401 - any JSON value
    """`message.call` of a call that a stranger started, who gave it variables."""
    return web(vapi_call_id, type=type_, metadata={"call_id": call_id}, **values)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("type_", SELF_STARTED)
@pytest.mark.usefixtures("default_organization")
def test_a_report_of_a_call_that_we_did_not_start_says_nothing_of_the_row_that_it_names(
    pipeline: Pipeline, type_: str, place: str
) -> None:
    service_record = pipeline.make_service_record(status="Scheduled")
    call_id = pipeline.make_call(service_record_id=service_record)
    before = stored(pipeline, call_id)
    call = web(STRANGER, type=type_, **PLACES[place](call_id))
    waits = pipeline.send(report(call, analysis={"structuredData": {"nps_score": 0}}))
    assert stored(pipeline, call_id) == before
    assert pipeline.service_record(service_record)["status"] == "Scheduled"
    own = pipeline.rows("SELECT status FROM call WHERE vapi_call_id = :id", id=STRANGER)
    assert (waits, own) == (([0], []) if type_ == "carrierPigeon" else ([], [{"status": "Completed"}]))
    assert reasons(pipeline) == []


@pytest.mark.parametrize("kind", ["status_update", "conversation_update", "transcript", "hang"])
@pytest.mark.usefixtures("default_organization")
def test_no_kind_of_message_of_a_web_call_touches_an_outbound_row(pipeline: Pipeline, kind: str) -> None:
    call_id = pipeline.make_call(status="Scheduled")
    before = stored(pipeline, call_id)
    call = started_by_a_stranger("webCall", call_id)
    bodies = {
        "status_update": status("in-progress", call, 1),
        "conversation_update": conversation(call, 2, turn("user", "I was never called.", 1)),
        "transcript": final_transcript(call, 3, "user", "I was never called."),
        "hang": message("hang", call, 4, reason="customer-ended-call"),
    }
    assert pipeline.send(bodies[kind]) == []
    assert stored(pipeline, call_id) == before


@pytest.mark.usefixtures("default_organization")
def test_a_stranger_cannot_take_the_place_of_the_call_that_is_dialled_later(pipeline: Pipeline) -> None:
    call_id = pipeline.make_call()
    pipeline.send_each(
        status("in-progress", started_by_a_stranger("webCall", call_id), 1),
        status("ringing", outbound(call_id, GENUINE), 2),
        status("in-progress", outbound(None, GENUINE), 3),
        status("ended", web(STRANGER), 4),
    )
    assert [*pipeline.attempts(call_id)] == [GENUINE]
    assert pipeline.call(call_id)["status"] == "In Progress"


@pytest.mark.usefixtures("default_organization")
def test_a_row_that_we_made_for_another_call_expects_none(pipeline: Pipeline) -> None:
    pipeline.send_each(status("in-progress", inbound(), 1))
    (made,) = pipeline.rows("SELECT id FROM call")
    before = stored(pipeline, made["id"])
    pipeline.send_each(report(started_by_a_stranger("webCall", made["id"])))
    assert stored(pipeline, made["id"]) == before
    assert pipeline.count("call") == 2


@pytest.mark.usefixtures("default_organization")
def test_nor_does_one_that_the_application_has_dialled_since(pipeline: Pipeline) -> None:
    pipeline.send_each(status("in-progress", inbound(), 1))
    (made,) = pipeline.rows("SELECT id FROM call")
    pipeline.send_each(status("in-progress", outbound(made["id"], GENUINE), 2))
    before = stored(pipeline, made["id"])
    pipeline.send_each(report(started_by_a_stranger("inboundPhoneCall", made["id"])))
    assert stored(pipeline, made["id"]) == before


def test_a_stranger_without_an_id_of_vapis_is_of_no_call_at_all(pipeline: Pipeline) -> None:
    """Not of one whose attempt has no id either."""
    call_id, other = pipeline.make_call(), pipeline.make_call()
    pipeline.send_each(status("ringing", ours_alone(call_id), 1))
    stranger = {"type": "webCall", "metadata": {"call_id": other}}
    assert pipeline.send(status("ringing", ours_alone(call_id), 2), status("in-progress", stranger, 3)) == [1]
    assert [pipeline.call(id_)["status"] for id_ in (call_id, other)] == ["Ringing", "Ready"]


@pytest.mark.parametrize("type_", SELF_STARTED)
def test_a_row_that_expects_a_call_to_us_is_the_one_that_the_call_names(pipeline: Pipeline, type_: str) -> None:
    call_id = pipeline.make_call(direction="inbound")
    pipeline.send_each(report(started_by_a_stranger(type_, call_id, VAPI_ID)))
    assert (pipeline.call(call_id)["status"], pipeline.count("call")) == ("Completed", 1)


@pytest.mark.parametrize("type_", SELF_STARTED[:-1])
@pytest.mark.parametrize("direction", ["inbound", "outbound"])
@pytest.mark.usefixtures("default_organization")
def test_only_a_row_that_expects_the_call_takes_over_the_row_that_we_made(
    pipeline: Pipeline, type_: str, direction: str
) -> None:
    call_id = pipeline.make_call(direction=direction)
    pipeline.send_each(
        status("ringing", started_by_a_stranger(type_, None), 1),
        status("in-progress", started_by_a_stranger(type_, call_id), 2),
    )
    shown = pipeline.rows("SELECT id, status FROM call WHERE vapi_call_id = :id", id=STRANGER)
    assert [row["status"] for row in shown] == ["In Progress"]
    assert (shown[0]["id"] == call_id, pipeline.count("call")) == ((True, 1) if direction == "inbound" else (False, 2))


@pytest.mark.parametrize("call", [{"id": VAPI_ID}, {"id": VAPI_ID, "type": None}, {"id": VAPI_ID, "type": " "}, {}])
def test_our_id_counts_in_a_message_that_does_not_tell_the_type(pipeline: Pipeline, call: Body) -> None:
    call_id = pipeline.make_call()
    pipeline.send_each(status("ringing", {**call, "metadata": {"call_id": call_id}}, 1))
    assert pipeline.call(call_id)["status"] == "Ringing"


@pytest.mark.usefixtures("default_organization")
@pytest.mark.parametrize("together", [True, False])
def test_a_message_without_a_type_is_of_the_type_that_its_calls_other_messages_tell(
    pipeline: Pipeline, together: bool
) -> None:
    call_id = pipeline.make_call()
    typed = status("ringing", web(STRANGER), 1)
    untyped = status("in-progress", {"id": STRANGER, "metadata": {"call_id": call_id}}, 2)
    for batch in [[untyped, typed]] if together else [[typed], [untyped]]:
        assert pipeline.send(*batch) == []
    assert (pipeline.call(call_id)["status"], pipeline.attempts(call_id)) == ("Ready", {})
    row = pipeline.row("SELECT status FROM call WHERE vapi_call_id = :id", id=STRANGER)
    assert row == {"status": "In Progress"}


def test_our_id_alone_of_a_call_that_we_did_not_start_waits_and_is_dead_lettered(pipeline: Pipeline) -> None:
    call_id = pipeline.make_call()
    body = bare_report({"type": "webCall", "metadata": {"call_id": call_id}})
    assert pipeline.send(body) == [0]
    assert pipeline.send(body, receive_count=11) == []
    assert (reasons(pipeline), pipeline.call(call_id)["status"]) == (["UnknownCall"], "Ready")


def test_any_order_of_a_strangers_and_our_messages_ends_in_equal_rows(
    pipeline: Pipeline, default_organization: str
) -> None:
    def prepare() -> None:
        service_record = pipeline.make_service_record(id=2_000_001, status="Scheduled")
        pipeline.make_call(id=FIRST_CALL, service_record_id=service_record)
        pipeline.make_call(id=FIRST_CALL + 1, direction="inbound", organization_id=default_organization)

    stranger, expected = (
        started_by_a_stranger("webCall", FIRST_CALL),
        inbound("b", metadata={"call_id": FIRST_CALL + 1}),
    )
    bodies = [
        status("in-progress", stranger, 1),
        report(stranger, 5, analysis={"structuredData": {"nps_score": 0}}),
        status("ringing", outbound(FIRST_CALL, GENUINE), 2),
        report(outbound(FIRST_CALL, GENUINE), 130),
        status("in-progress", expected, 3),
        conversation(inbound("b"), 4, turn("user", "Hello?", 3.5)),
    ]
    prepare()
    rows = end_in_equal_rows(pipeline, prepare, bodies)
    assert len(rows["call"]) == 3


# Whose it is


def answers_of(pipeline: Pipeline, *bodies: Body) -> list[str]:
    """Return why the bodies, sent one by one, were dead-lettered; all were."""
    for body in bodies:
        assert pipeline.send(body) == []
    assert len(pipeline.queues.dead_letters) == len(bodies)
    return reasons(pipeline)


def named(id_: str, kind: str, **values: Any) -> Body:  # noqa: ANN401 - any JSON value
    """The constant ids of `message.call`, of which only one is known."""
    return {**dict.fromkeys(OWNED), kind: id_, **values}


@pytest.mark.parametrize("kind", OWNED)
@pytest.mark.parametrize("linked", [True, False])
def test_what_another_organizations_number_or_assistant_says_of_a_row_is_refused(
    pipeline: Pipeline, kind: str, linked: bool
) -> None:
    pipeline.add_other_organization()
    pipeline.own("of-the-other", OTHER_ORGANIZATION)
    call_id = pipeline.make_call()
    if linked:
        pipeline.send_each(status("queued", outbound(call_id, STRANGER, **named("of-nobody", kind)), 1))
    before, receipts = stored(pipeline, call_id), pipeline.count("webhook_event")
    call = outbound(call_id, STRANGER, **named("of-the-other", kind))
    bodies = [
        status("in-progress", call, 2),
        conversation(call, 3, turn("user", "It was bad.", 2)),
        report(call, 4, analysis={"structuredData": {"nps_score": 0}}),
        message("hang", call, 5),
    ]
    if linked:
        bodies.append(status("ended", {**call, "assistantOverrides": {}}, 6))
    assert answers_of(pipeline, *bodies) == ["CallIdentityConflict"] * len(bodies)
    assert (stored(pipeline, call_id), pipeline.count("webhook_event")) == (before, receipts)
    refused = [line for line in pipeline.log_lines() if line.get("reason") == "CallIdentityConflict"]
    assert len(refused) == len(bodies)


@pytest.mark.parametrize("kind", OWNED)
def test_what_an_attempt_was_placed_with_is_judged_when_a_later_message_does_not_tell_it(
    pipeline: Pipeline, kind: str
) -> None:
    pipeline.add_other_organization()
    call_id = pipeline.make_call()
    pipeline.send_each(status("queued", outbound(call_id, **named("registered-later", kind)), 1))
    pipeline.own("registered-later", OTHER_ORGANIZATION)
    before = stored(pipeline, call_id)
    later: list[Body] = [{"id": VAPI_ID}, {"id": VAPI_ID, "metadata": {"call_id": call_id}}]
    assert answers_of(pipeline, *(bare_report(call) for call in later)) == ["CallIdentityConflict"] * 2
    assert stored(pipeline, call_id) == before


@pytest.mark.parametrize("kind", OWNED)
def test_a_row_of_another_organizations_call_is_not_taken_over_by_a_message_that_does_not_tell_whose_it_is(
    pipeline: Pipeline, kind: str
) -> None:
    pipeline.add_other_organization()
    pipeline.own("of-the-other", OTHER_ORGANIZATION)
    pipeline.send_each(status("ringing", inbound(STRANGER, **named("of-the-other", kind)), 1))
    call_id = pipeline.make_call(direction="inbound")
    before = stored(pipeline, call_id)
    assert answers_of(
        pipeline,
        status("in-progress", {"id": STRANGER, "type": "inboundPhoneCall", "metadata": {"call_id": call_id}}, 2),
    ) == ["CallIdentityConflict"]
    assert stored(pipeline, call_id) == before
    assert pipeline.row("SELECT status FROM call WHERE vapi_call_id = :id", id=STRANGER) == {"status": "Ringing"}


def test_a_refused_message_links_nothing_for_the_rest_of_its_batch(pipeline: Pipeline) -> None:
    pipeline.add_other_organization()
    pipeline.own("of-the-other", OTHER_ORGANIZATION)
    call_id = pipeline.make_call()
    before = stored(pipeline, call_id)
    refused = status("ringing", outbound(call_id, STRANGER, phoneNumberId="of-the-other"), 1)
    assert pipeline.send(refused, status("in-progress", {"id": STRANGER}, 2)) == [1]
    assert reasons(pipeline) == ["CallIdentityConflict"]
    assert stored(pipeline, call_id) == before


def test_a_refused_message_moves_no_row_of_ours(pipeline: Pipeline, default_organization: str) -> None:
    pipeline.add_other_organization()
    pipeline.own("of-the-other", OTHER_ORGANIZATION)
    pipeline.send_each(status("ringing", inbound(STRANGER), 1))
    call_id = pipeline.make_call(direction="inbound", organization_id=default_organization)
    call = inbound(STRANGER, squadId="of-the-other", metadata={"call_id": call_id})
    assert pipeline.send(status("in-progress", call, 2)) == []
    assert (reasons(pipeline), pipeline.count("call")) == (["CallIdentityConflict"], 2)
    assert (pipeline.call(call_id)["status"], pipeline.attempts(call_id)) == ("Ready", {})


def test_a_row_that_we_made_is_not_joined_by_another_organizations_call(
    pipeline: Pipeline, default_organization: str
) -> None:
    pipeline.add_other_organization()
    pipeline.own("of-the-other", OTHER_ORGANIZATION)
    pipeline.send_each(status("in-progress", inbound(GENUINE), 1))
    made = pipeline.row("SELECT id, organization_id::text AS owner FROM call")
    assert made["owner"] == default_organization
    before = stored(pipeline, made["id"])
    call = outbound(made["id"], STRANGER, assistantId="of-the-other")
    alone = {**call, "id": None}
    assert answers_of(pipeline, report(call), report(alone)) == ["CallIdentityConflict"] * 2
    assert stored(pipeline, made["id"]) == before


def test_the_organization_of_the_phone_number_counts_before_that_of_the_assistant(pipeline: Pipeline) -> None:
    pipeline.add_other_organization()
    pipeline.own("of-the-other", OTHER_ORGANIZATION)
    pipeline.own("of-ours")
    call_id = pipeline.make_call()
    pipeline.send_each(status("ringing", outbound(call_id, phoneNumberId="of-ours", assistantId="of-the-other"), 1))
    assert pipeline.call(call_id)["status"] == "Ringing"


def test_the_envelope_says_which_id_was_told_though_it_does_not_count(pipeline: Pipeline) -> None:
    call_id = pipeline.make_call()
    said = {"type": "status-update", "status": "ringing", "call": {"id": STRANGER, "type": "webCall"}}
    assert (
        pipeline.deliver("status_update", [envelope("status_update", said, call_id=call_id, vapi_call_id=STRANGER)], 11)
        == []
    )
    (letter,) = pipeline.queues.dead_letters
    assert (letter.reason, f'"call_id": {call_id}' in letter.body) == ("UnknownCall", True)
