"""Rows that we made: computed from all messages, and taken over by the application's row (docs/call-state.md 2).

The application's rows expect a call to us: on others our id does not count in messages of such calls.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import pytest

from tests.integration.bodies import (
    NUMBER,
    VAPI_ID,
    Body,
    conversation,
    final_transcript,
    inbound,
    iso,
    message,
    ours_alone,
    outbound,
    report,
    status,
    turn,
    web,
)
from tests.integration.orders import FIRST_CALL, end_in_equal_rows
from tests.integration.pipeline import ORGANIZATION, OTHER_ORGANIZATION, Pipeline, after

CALL: Final = FIRST_CALL
SERVICE_RECORD: Final = 2_000_001
TURNS: Final = [turn("bot", "Hello.", 6), turn("user", "Yes?", 8)]


def both(call: Body, call_id: int = CALL) -> Body:
    """`message.call`, with our id."""
    return call | {"metadata": {"call_id": call_id}}


def told(call: Body) -> list[Body]:
    """Messages of all kinds of a call, which do not give our id."""
    return [
        status("in-progress", call, 5),
        final_transcript(call, 5.5, "user", "Hm."),
        conversation(call, 10, *TURNS),
        message("hang", call, 12),
        status("ended", call, 60, endedReason="customer-ended-call"),
        report(call, 130, messages=TURNS),
    ]


def reasons(pipeline: Pipeline) -> list[str]:
    return [letter.reason for letter in pipeline.queues.dead_letters]


TABLES: Final = ("vapi_call", "call_quality", "transcript", "webhook_event", "call_incident", "call_feedback")


def owners(pipeline: Pipeline) -> list[list[int]]:
    """For each table the calls that its rows belong to."""
    statements = [f"SELECT DISTINCT call_id FROM {table}" for table in TABLES]  # noqa: S608 - constants
    return [[row["call_id"] for row in pipeline.rows(statement)] for statement in statements]


SORTS: Final = {
    "inbound": (inbound(), 1),
    "web": (web(), 1),
    "websocket": (inbound(type="vapi.websocketCall", customer=None), 1),
    "outbound that had waited": (outbound(None), 11),
}


@pytest.fixture
def prepare(pipeline: Pipeline) -> Callable[[], None]:
    def write_as_the_application() -> None:
        pipeline.own("phone-number-1")
        pipeline.own("assistant-1")
        pipeline.make_service_record(id=SERVICE_RECORD)
        pipeline.make_call(
            id=CALL, service_record_id=SERVICE_RECORD, customer_number="+12025550177", direction="inbound"
        )

    write_as_the_application()
    return write_as_the_application


# Taken over


@pytest.mark.parametrize("sort", SORTS)
def test_a_row_of_ours_is_taken_over_by_the_applications(
    pipeline: Pipeline, prepare: Callable[[], None], sort: str
) -> None:
    call, receive_count = SORTS[sort]
    bodies = [*told(call), status("ringing", both(call), 1)]
    end_in_equal_rows(pipeline, prepare, bodies, receive_count)
    row = pipeline.row("SELECT * FROM call")
    assert (row["id"], row["vapi_call_id"], row["status"], row["outcome"]) == (CALL, VAPI_ID, "Completed", "reached")
    assert (row["nps_score"], row["customer_number"], row["direction"]) == (9, "+12025550177", "inbound")
    assert owners(pipeline) == [[CALL]] * len(TABLES)
    assert sorted(row[3] for row in pipeline.turns(CALL)) == ["Hello.", "Hm.", "Yes?"]
    assert not pipeline.facts(CALL)["made_call"]
    assert pipeline.service_record(SERVICE_RECORD) == {"status": "Completed", "feedback": "Very good.", "rating": 9}


@pytest.mark.parametrize("naming", range(7))
@pytest.mark.usefixtures("prepare")
def test_it_is_taken_over_at_whichever_message_names_both(pipeline: Pipeline, naming: int) -> None:
    bodies = told(inbound())
    naming_both = status("queued", both(inbound()), 0)
    for place, body in enumerate([*bodies[:naming], naming_both, *bodies[naming:]]):
        pipeline.send_each(body)
        ids = [row["id"] for row in pipeline.rows("SELECT id FROM call WHERE vapi_call_id IS NOT NULL")]
        assert (ids == [CALL]) == (place >= naming)
        assert len(ids) == 1
    assert owners(pipeline) == [[CALL]] * len(TABLES)


@pytest.mark.usefixtures("prepare")
def test_a_row_is_taken_over_within_the_batch_that_tells_more(pipeline: Pipeline) -> None:
    pipeline.send_each(told(inbound())[0])
    bodies = [
        status("ringing", inbound(), 1),
        status("ringing", both(inbound()), 2),
        status("ended", inbound(), 60, endedReason="customer-ended-call"),
        status("ended", ours_alone(CALL), 61),
    ]
    assert pipeline.send(*bodies) == []
    row = pipeline.row("SELECT id, status, start_time, end_time, outcome FROM call")
    assert row == {
        "id": CALL,
        "status": "Ended",
        "start_time": after(5),
        "end_time": after(60),
        "outcome": "reached",
    }
    assert [receipt["call_id"] for receipt in pipeline.receipts()] == [CALL] * 5


@pytest.mark.usefixtures("prepare")
def test_several_rows_are_taken_over_in_one_batch(pipeline: Pipeline) -> None:
    calls = [pipeline.make_call(direction="inbound") for _ in range(3)]
    ids = [f"vapi-{call_id}" for call_id in calls]
    assert pipeline.send(*(conversation(inbound(id_), 10, *TURNS) for id_ in ids)) == []
    assert pipeline.count("call") == 1 + 2 * len(calls)
    pairs = list(zip(ids, calls, strict=True))
    assert pipeline.send(*(status("ended", both(inbound(id_), call_id), 60) for id_, call_id in reversed(pairs))) == []
    assert reasons(pipeline) == []
    assert pipeline.count("call") == 1 + len(calls)
    assert [pipeline.call(call_id)["vapi_call_id"] for call_id in calls] == ids
    assert [len(pipeline.turns(call_id)) for call_id in calls] == [2] * len(calls)


@pytest.mark.usefixtures("prepare")
def test_no_row_is_made_where_the_same_batch_tells_whose_the_call_is(pipeline: Pipeline) -> None:
    assert pipeline.send(status("in-progress", inbound(), 5), status("ringing", both(inbound()), 1)) == []
    assert pipeline.row("SELECT id, status FROM call") == {"id": CALL, "status": "In Progress"}
    made = pipeline.make_call()
    assert made - 1 == pipeline.make_call() - 2, "no id was given away"


def test_a_row_is_made_though_the_same_batch_names_a_row_that_is_not_there(pipeline: Pipeline) -> None:
    pipeline.own("phone-number-1")
    bodies = [status("ringing", outbound(999_999), 1), status("in-progress", outbound(None), 5)]
    assert pipeline.send(*bodies, receive_count=11) == []
    assert reasons(pipeline) == ["UnknownCall"]
    assert pipeline.row("SELECT status FROM call") == {"status": "In Progress"}


def test_what_the_application_had_written_is_kept_when_its_row_takes_over(
    pipeline: Pipeline, prepare: Callable[[], None]
) -> None:
    written = {"status": "Completed", "start_time": after(-900), "nps_score": 10, "feedback_summary": "Content."}

    def finished() -> None:
        prepare()
        assignments = ", ".join(f"{name} = :{name}" for name in written)
        pipeline.database.run(f"UPDATE call SET {assignments}", **written)  # noqa: S608 - constants
        pipeline.insert("call_feedback", call_id=CALL, content="As the application heard it.")
        pipeline.insert("transcript", call_id=CALL, role="human", content="Written.", timestamp=after(-850))

    call = inbound()
    pipeline.clear()
    bodies = [
        conversation(call, 10, *TURNS),
        status("ended", call, 60, endedReason="customer-busy"),
        status("ringing", both(call), 1),
    ]
    end_in_equal_rows(pipeline, finished, bodies)
    call = pipeline.call(CALL)
    assert {name: call[name] for name in written} == written
    assert pipeline.row("SELECT call_id, nps_score FROM call_original") == {"call_id": CALL, "nps_score": 10}
    assert [row["content"] for row in pipeline.feedback(CALL)] == ["As the application heard it."]
    assert [row[3] for row in pipeline.turns(CALL)] == ["Hello.", "Yes?", "Written."]


def test_a_row_takes_over_one_attempt_and_keeps_its_others(pipeline: Pipeline, prepare: Callable[[], None]) -> None:
    first, second = outbound(CALL, "first", createdAt=iso(-500)), inbound("second", createdAt=iso(0))
    bodies = [
        status("ended", first, -400, endedReason="customer-busy"),
        report(first, -390, endedReason="customer-busy", analysis={"structuredData": {"overall_feedback": "Later."}}),
        *told(second),
        status("ringing", both(second), 1),
    ]
    end_in_equal_rows(pipeline, prepare, bodies)
    assert sorted(pipeline.attempts(CALL)) == ["first", "second"]
    row = pipeline.row("SELECT id, vapi_call_id, nps_score FROM call")
    assert row == {"id": CALL, "vapi_call_id": "second", "nps_score": 9}


@pytest.mark.parametrize("alone_at", range(4))
@pytest.mark.usefixtures("prepare")
def test_messages_with_our_id_alone_become_part_of_what_is_taken_over(pipeline: Pipeline, alone_at: int) -> None:
    bodies = [
        conversation(inbound(), 10, *TURNS),
        final_transcript(inbound(), 4, "bot", "One moment."),
        status("ringing", both(inbound()), 1),
    ]
    alone = [
        conversation(ours_alone(CALL), 11, *TURNS, turn("bot", "Goodbye.", 12)),
        final_transcript(ours_alone(CALL), 5, "user", "Hm."),
        message("hang", ours_alone(CALL), 13),
    ]
    pipeline.send_each(*bodies[:alone_at], *alone, *bodies[alone_at:])
    assert list(pipeline.attempts(CALL)) == [VAPI_ID]
    words = sorted(row[3] for row in pipeline.turns(CALL))
    assert words == sorted(["One moment.", "Hm.", "Hello.", "Yes?", "Goodbye."])
    assert {row["vapi_call_id"] for row in pipeline.rows("SELECT vapi_call_id FROM transcript")} == {VAPI_ID}
    assert pipeline.count("call") == pipeline.count("call_incident") == 1


# Not taken over


KNOWN_BY: Final = {"phoneNumberId": "number-of-other", "assistantId": "assistant-of-other", "squadId": "squad-of-other"}
KNOWN_BY_ANY: Final = KNOWN_BY | {"workflowId": "workflow-of-other"}


@pytest.fixture
def other_organization(pipeline: Pipeline) -> Callable[[], None]:
    def write_as_the_application() -> None:
        pipeline.add_other_organization()
        for id_ in KNOWN_BY_ANY.values():
            pipeline.own(id_, OTHER_ORGANIZATION)
        pipeline.make_call(id=CALL, direction="inbound")

    write_as_the_application()
    return write_as_the_application


def unowned(**ids: str) -> Body:
    """An inbound call whose constant ids nobody knows, but for these."""
    return inbound(**{"phoneNumberId": "nobody's", "assistantId": "nobody's", **ids})


@pytest.mark.parametrize("name", KNOWN_BY_ANY)
@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
@pytest.mark.usefixtures("other_organization")
def test_a_row_of_another_organization_is_not_taken_over(pipeline: Pipeline, name: str, order: Sequence[int]) -> None:
    call = unowned(**{name: KNOWN_BY_ANY[name]})
    bodies = [status("ringing", call, 1), status("in-progress", both(call), 5)]
    for place in order:
        assert pipeline.send(bodies[place]) == []
    assert reasons(pipeline) == ["CallIdentityConflict"]
    rows = pipeline.rows("SELECT organization_id::text AS owner, status, vapi_call_id FROM call ORDER BY id")
    assert rows == [
        {"owner": OTHER_ORGANIZATION, "status": "Ringing", "vapi_call_id": VAPI_ID},
        {"owner": ORGANIZATION, "status": "Ready", "vapi_call_id": None},
    ]
    assert len(pipeline.receipts()) == 1


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.usefixtures("other_organization", "default_organization")
def test_whichever_message_brought_the_constant_ids_they_count(pipeline: Pipeline, *, together: bool) -> None:
    pipeline.send_each(status("ringing", unowned(), 1))
    assert pipeline.row("SELECT organization_id::text AS owner FROM call WHERE id <> :id", id=CALL) == {
        "owner": ORGANIZATION
    }
    bodies = [status("in-progress", unowned(squadId="squad-of-other"), 5), status("ringing", both({"id": VAPI_ID}), 2)]
    if together:
        assert pipeline.send(*bodies) == []
    else:
        for body in bodies:
            assert pipeline.send(body) == []
    assert reasons(pipeline) == ["CallIdentityConflict"]
    rows = pipeline.rows("SELECT organization_id::text AS owner, status FROM call ORDER BY id")
    assert rows == [
        {"owner": OTHER_ORGANIZATION, "status": "In Progress"},
        {"owner": ORGANIZATION, "status": "Ready"},
    ]


@pytest.mark.usefixtures("other_organization")
def test_a_refused_message_links_nothing(pipeline: Pipeline) -> None:
    """In the batch of one that names a row of another organization, the rest is of a row of its own."""
    call = unowned(phoneNumberId="number-of-other")
    alone = {"id": VAPI_ID, "type": "inboundPhoneCall"}
    bodies = [status("ringing", both(call), 1), status("ringing", call, 2), status("in-progress", alone, 5)]
    assert pipeline.send(*bodies) == []
    assert reasons(pipeline) == ["CallIdentityConflict"]
    rows = pipeline.rows("SELECT organization_id::text AS owner, status FROM call ORDER BY id")
    assert rows == [
        {"owner": OTHER_ORGANIZATION, "status": "In Progress"},
        {"owner": ORGANIZATION, "status": "Ready"},
    ]


@pytest.mark.parametrize("alone_first", [False, True])
@pytest.mark.usefixtures("other_organization")
def test_the_phone_number_counts_before_the_assistant(pipeline: Pipeline, *, alone_first: bool) -> None:
    pipeline.own("number-of-ours")
    shared = {"id": VAPI_ID, "type": "inboundPhoneCall", "assistantId": "assistant-of-other"}
    bodies = [
        status("ringing", shared, 1),
        status("in-progress", both(shared | {"phoneNumberId": "number-of-ours"}), 5),
    ]
    pipeline.send_each(*(bodies if alone_first else reversed(bodies)))
    assert pipeline.row("SELECT id, status FROM call") == {"id": CALL, "status": "In Progress"}


@pytest.mark.usefixtures("default_organization")
def test_a_row_that_the_default_placed_may_move_to_another_organization(pipeline: Pipeline) -> None:
    def prepare() -> None:
        pipeline.add_other_organization()
        pipeline.make_call(id=CALL, organization_id=OTHER_ORGANIZATION, direction="inbound")

    end_in_equal_rows(pipeline, prepare, [*told(unowned()), status("ringing", both(unowned()), 1)])
    row = pipeline.row("SELECT id, organization_id::text AS owner, status FROM call")
    assert row == {"id": CALL, "owner": OTHER_ORGANIZATION, "status": "Completed"}


@pytest.mark.usefixtures("prepare")
def test_a_row_of_ours_that_the_application_has_dialled_is_not_taken_over(pipeline: Pipeline) -> None:
    pipeline.send_each(*told(inbound()))
    (made,) = (row["id"] for row in pipeline.rows("SELECT id FROM call WHERE id <> :id", id=CALL))
    pipeline.send_each(status("in-progress", outbound(made, "dialled", createdAt=iso(500)), 505))
    assert pipeline.send(status("ringing", both(inbound()), 1)) == []
    assert reasons(pipeline) == ["CallIdentityConflict"]
    assert sorted(pipeline.attempts(made)) == sorted([VAPI_ID, "dialled"])
    assert pipeline.attempts(CALL) == {}


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.usefixtures("prepare")
def test_of_two_rows_that_claim_a_call_the_first_keeps_it(pipeline: Pipeline, first: int) -> None:
    rows = [CALL, pipeline.make_call(direction="inbound")]
    pipeline.send_each(told(inbound())[0])
    claims = [status("ringing", both(inbound(), call_id), at) for at, call_id in enumerate(rows)]
    assert pipeline.send(claims[first], claims[1 - first]) == []
    assert reasons(pipeline) == ["CallIdentityConflict"]
    assert [pipeline.call(call_id)["status"] == "In Progress" for call_id in rows] == [first == 0, first == 1]
    assert pipeline.count("call") == len(rows)


# Computed


SHAPES: Final[list[dict[str, Any]]] = [
    {"type": "inboundPhoneCall", "assistantId": "nobody's"},
    {"type": "inboundPhoneCall", "phoneNumberId": "number-of-other"},
    {"phoneNumberId": "number-of-other", "assistantId": "nobody's"},
    {"customer": {"sipUri": "sip:jo.smith@pbx.example"}},
    {"customer": {"name": "Testa Placeholder", "sipUri": "sip:jo.smith@pbx.example"}},
    {"squadId": "nobody's either", "workflowId": "nobody's at all"},
]


@pytest.mark.parametrize("default", [False, True])
def test_a_row_of_ours_is_computed_from_all_its_messages(
    pipeline: Pipeline, request: pytest.FixtureRequest, *, default: bool
) -> None:
    if default:
        request.getfixturevalue("default_organization")

    def prepare() -> None:
        pipeline.add_other_organization()
        pipeline.own("number-of-other", OTHER_ORGANIZATION)

    calls = [{"id": VAPI_ID, "createdAt": iso(-20), **shape} for shape in SHAPES]
    end_in_equal_rows(pipeline, prepare, [status("in-progress", call, at) for at, call in enumerate(calls)])
    row = pipeline.row("SELECT *, organization_id::text AS owner FROM call")
    assert (row["owner"], row["direction"], row["customer_number"]) == (OTHER_ORGANIZATION, "inbound", "jo.smith")
    facts = pipeline.facts(row["id"])
    assert (facts["customer_sip_uri"], facts["customer_name"]) == ("sip:jo.smith@pbx.example", "Testa Placeholder")
    ids = ("phone_number_id", "assistant_id", "squad_id", "workflow_id", "call_type", "made_call")
    assert [facts[name] for name in ids] == [
        *("number-of-other", "nobody's", "nobody's either", "nobody's at all", "inboundPhoneCall"),
        True,
    ]


def test_a_number_counts_before_a_sip_address_whichever_comes_first(pipeline: Pipeline) -> None:
    customers = [{"sipUri": "sip:jo.smith@pbx.example"}, {"number": NUMBER}, {}]
    bodies = [status("in-progress", inbound(customer=customer), at) for at, customer in enumerate(customers)]
    end_in_equal_rows(pipeline, lambda: pipeline.own("phone-number-1"), bodies)
    assert pipeline.row("SELECT customer_number FROM call") == {"customer_number": NUMBER}


def test_an_outbound_call_of_nobodys_is_outbound_whichever_message_comes_first(pipeline: Pipeline) -> None:
    bodies = [status("ringing", outbound(None), 1), status("ended", {"id": VAPI_ID}, 60)]
    end_in_equal_rows(pipeline, lambda: pipeline.own("phone-number-1"), [bodies[0]], receive_count=11)
    pipeline.send_each(bodies[1])
    row = pipeline.row("SELECT direction, customer_number, status FROM call")
    assert row == {"direction": "outbound", "customer_number": NUMBER, "status": "Ended"}


@pytest.mark.parametrize("number", ["+12025550177", "unknown"])
def test_what_the_applications_row_says_of_the_customer_is_left_alone(pipeline: Pipeline, number: str) -> None:
    pipeline.make_call(id=CALL, customer_number=number, direction="inbound")
    pipeline.send_each(status("ringing", outbound(CALL), 1), status("ended", outbound(None), 60))
    row = pipeline.row("SELECT customer_number, direction FROM call")
    assert row == {"customer_number": number, "direction": "inbound"}
