"""`follow_up`: what messages open, change and withdraw (docs/follow-ups.md)."""

from datetime import datetime, timezone
from typing import Any, Final

import pytest

from autopulse import settings
from autopulse.domain.events import CallEventType
from autopulse.operations import unlink
from tests.integration.bodies import VAPI_ID, Body, inbound, ours_alone, outbound, report, status
from tests.integration.orders import FIRST_CALL, end_in_equal_rows
from tests.integration.pipeline import ORGANIZATION, OTHER_ORGANIZATION, Pipeline, after

OTHER_ID: Final = "0197f9d4-bbbb-4000-8000-000000000002"


def scored(call: Body, score: int | None, at: float = 130, **answers: Any) -> Body:  # noqa: ANN401 - any JSON value
    data = answers if score is None else {"nps_score": score, **answers}
    return report(call, at, analysis={"structuredData": data})


def follow_ups(pipeline: Pipeline) -> list[dict[str, Any]]:
    return pipeline.rows("SELECT * FROM follow_up ORDER BY call_id")


def entries(pipeline: Pipeline) -> list[tuple[str, str | None, str]]:
    rows = pipeline.rows("SELECT * FROM follow_up_entry ORDER BY id")
    return [(row["action"], row["from_state"], row["to_state"]) for row in rows]


def events(pipeline: Pipeline) -> list[tuple[CallEventType, str]]:
    told = [one for one in pipeline.call_events if one.type.value.startswith("FollowUp")]
    return [(one.type, one.changed["state"]) for one in told]


def touch(pipeline: Pipeline) -> None:
    pipeline.database.run("UPDATE follow_up SET state = 'acknowledged', version = 2")


@pytest.fixture
def call_id(pipeline: Pipeline) -> int:
    return pipeline.make_call()


def test_a_low_score_opens_one_for_the_visits_advisor(pipeline: Pipeline) -> None:
    advisor = pipeline.insert('"user"', id=7, name="Avery Example", organization_id=ORGANIZATION)
    visit = pipeline.make_service_record(service_advisor_id=advisor, service_advisor_name="A. Example")
    call_id = pipeline.make_call(service_record_id=visit)
    pipeline.send_each(scored(outbound(call_id), 4))
    (row,) = follow_ups(pipeline)
    assert row.pop("id") > 0
    assert row.pop("due_at") == datetime(2026, 7, 13, 21, tzinfo=timezone.utc)  # it was a Friday night in New York
    assert str(row.pop("organization_id")) == ORGANIZATION
    assert row == {
        "call_id": call_id,
        "state": "open",
        "trigger": "score",
        "assignee_id": 7,
        "assignee_name": "Avery Example",
        "cause": None,
        "note": None,
        "opened_at": after(130),
        "acknowledged_at": None,
        "resolved_at": None,
        "overdue_at": None,
        "version": 1,
    }
    assert entries(pipeline) == [("opened", None, "open")]
    assert events(pipeline) == [(CallEventType.FOLLOW_UP_OPENED, "open")]


def test_an_advisor_of_another_organization_is_not_assigned(pipeline: Pipeline) -> None:
    pipeline.add_other_organization()
    advisor = pipeline.insert('"user"', id=8, name="Blake Example", organization_id=OTHER_ORGANIZATION)
    visit = pipeline.make_service_record(service_advisor_id=advisor, service_advisor_name="B. Example")
    pipeline.send_each(scored(outbound(pipeline.make_call(service_record_id=visit)), 4))
    (row,) = follow_ups(pipeline)
    assert (row["assignee_id"], row["assignee_name"]) == (None, "B. Example")


def test_a_visit_of_another_organization_names_nobody(pipeline: Pipeline) -> None:
    pipeline.add_other_organization()
    visit = pipeline.make_service_record(organization_id=OTHER_ORGANIZATION, service_advisor_name="Blake Example")
    pipeline.send_each(scored(outbound(pipeline.make_call(service_record_id=visit)), 4))
    (row,) = follow_ups(pipeline)
    assert (row["assignee_id"], row["assignee_name"]) == (None, None)


def test_one_that_is_overdue_stays_so_whatever_a_later_report_corrects(pipeline: Pipeline) -> None:
    """Else it would be told as overdue once more."""
    visit = pipeline.make_service_record(service_advisor_name="Avery Example")
    call_id = pipeline.make_call(service_record_id=visit)
    pipeline.send_each(scored(outbound(call_id), 4))
    pipeline.database.run("UPDATE follow_up SET overdue_at = due_at")
    (before,) = follow_ups(pipeline)
    pipeline.send_each(scored(outbound(call_id), 2, 140))
    pipeline.database.run("UPDATE service_record SET service_advisor_name = 'Blake Example'")
    pipeline.send_each(scored(outbound(call_id), 2, 150))
    (row,) = follow_ups(pipeline)
    assert (row["opened_at"], row["assignee_name"]) == (after(150), "Blake Example")
    assert row["overdue_at"] == before["overdue_at"]


def test_one_that_has_time_again_is_not_overdue(pipeline: Pipeline, call_id: int) -> None:
    pipeline.send_each(scored(outbound(call_id), 4))
    pipeline.database.run("UPDATE follow_up SET overdue_at = now()")
    pipeline.database.run(
        "INSERT INTO organization_setting (organization_id, time_zone, days, opens_at, closes_at, hours_to_answer) "
        "VALUES (CAST(:id AS uuid), 'UTC', '{1}', '09:00', '10:00', 200)",
        id=ORGANIZATION,
    )
    pipeline.send_each(scored(outbound(call_id), 2, 140))
    (row,) = follow_ups(pipeline)
    assert row["due_at"] > datetime(2030, 1, 1, tzinfo=timezone.utc)
    assert row["overdue_at"] is None


def test_a_request_for_a_callback_opens_one_whatever_the_score(pipeline: Pipeline, call_id: int) -> None:
    pipeline.send_each(scored(outbound(call_id), 10, callback_requested=True))
    assert [row["trigger"] for row in follow_ups(pipeline)] == ["callback_requested"]


def test_action_items_open_one_if_the_stack_says_so(
    pipeline: Pipeline, call_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.send_each(scored(outbound(call_id), 10, action_items="Send the invoice."))
    assert follow_ups(pipeline) == []
    monkeypatch.setenv("FOLLOW_UP_ACTION_ITEMS", "on")
    settings.follow_up_rules.cache_clear()
    try:
        pipeline.send_each(scored(outbound(call_id), 10, 131, action_items="Send the invoice."))
    finally:
        settings.follow_up_rules.cache_clear()
    assert [row["trigger"] for row in follow_ups(pipeline)] == ["action_item"]


def test_a_content_customer_costs_no_statement_and_opens_none(pipeline: Pipeline, call_id: int) -> None:
    pipeline.send_each(scored(outbound(call_id), 9))
    assert follow_ups(pipeline) == []
    assert events(pipeline) == []


def test_a_corrected_report_withdraws_what_nobody_has_touched(pipeline: Pipeline, call_id: int) -> None:
    pipeline.send_each(scored(outbound(call_id), 4), scored(outbound(call_id), 9, 140))
    assert follow_ups(pipeline) == []
    assert entries(pipeline) == []
    assert events(pipeline)[-1] == (CallEventType.FOLLOW_UP_CHANGED, "withdrawn")


def test_a_later_report_moves_its_time(pipeline: Pipeline, call_id: int) -> None:
    pipeline.send_each(scored(outbound(call_id), 4), scored(outbound(call_id), 3, 140))
    (row,) = follow_ups(pipeline)
    assert (row["opened_at"], row["version"]) == (after(140), 1)
    assert entries(pipeline) == [("opened", None, "open")]


@pytest.mark.parametrize("score", [3, 9, None])
def test_no_message_changes_what_somebody_has_touched(pipeline: Pipeline, call_id: int, score: int | None) -> None:
    pipeline.send_each(scored(outbound(call_id), 4))
    touch(pipeline)
    before = follow_ups(pipeline)
    pipeline.send_each(scored(outbound(call_id), score, 140), status("in-progress", outbound(call_id, OTHER_ID), 900))
    assert follow_ups(pipeline) == before


def test_no_message_changes_what_somebody_has_opened(pipeline: Pipeline, call_id: int) -> None:
    pipeline.insert(
        "follow_up",
        call_id=call_id,
        organization_id=ORGANIZATION,
        trigger="manual",
        opened_at=after(0).isoformat(),
        due_at=after(60).isoformat(),
    )
    before = follow_ups(pipeline)
    pipeline.send_each(scored(outbound(call_id), 4), scored(outbound(call_id), 9, 140))
    assert follow_ups(pipeline) == before


def test_a_new_attempt_withdraws_what_nobody_has_touched(pipeline: Pipeline, call_id: int) -> None:
    """The row shows the new attempt, which has no report."""
    old = outbound(call_id, VAPI_ID, createdAt=after(0).isoformat())
    new = outbound(call_id, OTHER_ID, createdAt=after(500).isoformat())
    pipeline.send_each(scored(old, 4), status("in-progress", new, 900))
    assert follow_ups(pipeline) == []
    pipeline.send_each(status("ended", new, 910, endedReason="voicemail"))
    assert [row["opened_at"] for row in follow_ups(pipeline)] == [after(130)]


def test_any_order_ends_in_one_follow_up(pipeline: Pipeline) -> None:
    def prepare() -> None:
        pipeline.make_call(id=FIRST_CALL, service_record_id=pipeline.make_service_record(id=2_000_001))
        pipeline.make_call(id=FIRST_CALL + 1)

    first, second = outbound(FIRST_CALL), outbound(FIRST_CALL + 1, OTHER_ID)
    rows = end_in_equal_rows(
        pipeline,
        prepare,
        [
            scored(first, 9),
            scored(first, 3, 140),
            scored(first, 5, 150),
            scored(second, 3),
            scored(second, 10, 140),
            status("in-progress", first, 60),
        ],
    )
    assert len(rows["follow_up"]) == 1


@pytest.mark.usefixtures("default_organization")
def test_a_takeover_takes_what_somebody_has_touched_along(pipeline: Pipeline) -> None:
    pipeline.send_each(scored(inbound(), 4))
    touch(pipeline)
    call_id = pipeline.make_call(id=FIRST_CALL, direction="inbound")
    variables = {"assistantOverrides": {"variableValues": {"call_id": str(call_id)}}}
    pipeline.send_each(status("in-progress", inbound() | variables, 60))
    (row,) = follow_ups(pipeline)
    assert (row["call_id"], row["version"], row["state"]) == (call_id, 2, "acknowledged")
    assert entries(pipeline) == [("opened", None, "open")]


@pytest.mark.usefixtures("default_organization")
def test_a_takeover_computes_what_nobody_has_touched_anew(pipeline: Pipeline) -> None:
    pipeline.send_each(scored(inbound(), 4))
    call_id = pipeline.make_call(id=FIRST_CALL, direction="inbound")
    variables = {"assistantOverrides": {"variableValues": {"call_id": str(call_id)}}}
    pipeline.send_each(status("in-progress", inbound() | variables, 60))
    (row,) = follow_ups(pipeline)
    assert (row["call_id"], row["version"], row["opened_at"]) == (call_id, 1, after(130))


@pytest.mark.usefixtures("default_organization")
@pytest.mark.parametrize("first", [4, 9])
def test_a_takeover_tells_no_second_opening(pipeline: Pipeline, first: int) -> None:
    """Nor is anybody alerted once more: it is the same follow-up. It is withdrawn as any other is."""
    pipeline.send_each(scored(inbound(), 4))
    before = follow_ups(pipeline)
    call_id = pipeline.make_call(id=FIRST_CALL, direction="inbound")
    variables = {"assistantOverrides": {"variableValues": {"call_id": str(call_id)}}}
    pipeline.send_each(scored(inbound() | variables, first, 140))
    opened = [type_ for type_, _ in events(pipeline) if type_ is CallEventType.FOLLOW_UP_OPENED]
    assert len(opened) == 1
    expected = [] if first == 9 else [(before[0]["id"], call_id, after(140))]
    assert [(row["id"], row["call_id"], row["opened_at"]) for row in follow_ups(pipeline)] == expected


@pytest.mark.usefixtures("default_organization")
@pytest.mark.parametrize("touched", [(), (0,), (1,), (0, 1)])
def test_two_rows_that_are_taken_over_by_one_leave_one_follow_up(pipeline: Pipeline, touched: tuple[int, ...]) -> None:
    ids = (VAPI_ID, OTHER_ID)
    pipeline.send_each(*(scored({**inbound(), "id": id_}, 4) for id_ in ids))
    before = follow_ups(pipeline)
    assert len(before) == 2
    for place in touched:
        pipeline.database.run("UPDATE follow_up SET version = 2 WHERE id = :id", id=before[place]["id"])
    call_id = pipeline.make_call(id=FIRST_CALL, direction="inbound")
    variables = {"assistantOverrides": {"variableValues": {"call_id": str(call_id)}}}
    pipeline.send(*(scored({**inbound(), "id": id_} | variables, 4, 140) for id_ in ids))
    (row,) = follow_ups(pipeline)
    assert (row["call_id"], row["version"]) == (call_id, 2 if touched else 1)
    assert row["id"] == before[touched[0] if touched else 0]["id"]


def test_a_link_that_is_taken_back_withdraws_it(pipeline: Pipeline, call_id: int) -> None:
    pipeline.send_each(scored(outbound(call_id), 4))
    assert "removed" in unlink.handler({"call_id": call_id, "vapi_call_id": VAPI_ID, "unlink": True})
    assert follow_ups(pipeline) == []


def test_a_row_that_moves_to_another_organization_takes_it_along(pipeline: Pipeline) -> None:
    pipeline.place(ORGANIZATION)
    pipeline.add_other_organization()
    pipeline.own("number-of-other", OTHER_ORGANIZATION)
    pipeline.send_each(scored({**inbound(), "phoneNumberId": None}, 4))
    touch(pipeline)
    pipeline.send_each(status("in-progress", inbound(phoneNumberId="number-of-other"), 60))
    pipeline.place("")
    (row,) = follow_ups(pipeline)
    assert str(row["organization_id"]) == OTHER_ORGANIZATION


def test_messages_with_our_id_alone_open_one(pipeline: Pipeline, call_id: int) -> None:
    pipeline.send_each(scored(ours_alone(call_id), 4))
    pipeline.send_each(status("ended", outbound(call_id), 900))  # the attempt gets its id
    assert [row["opened_at"] for row in follow_ups(pipeline)] == [after(130)]
