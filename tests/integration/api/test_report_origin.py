"""How a call's report came, and that none will come: what lists and calls say of it."""

from datetime import datetime, timezone
from typing import Any, Final

import pytest

from tests.integration.api.client import Api

AT: Final = datetime(2026, 11, 2, 15, tzinfo=timezone.utc)
ID: Final = "0197f9d4-aaaa-4000-8000-000000000001"


def _said(api: Api, call: int) -> tuple[Any, Any]:
    """(reported_by, reconciliation), in which the list, the spreadsheet, the call and its attempt agree."""
    (item,) = (item for item in api.get("/calls").json["items"] if item["id"] == call)
    (row,) = (row for row in api.get("/calls.csv").rows if int(row["id"]) == call)
    detail = api.get(f"/calls/{call}").json
    said = item["reported_by"], item["reconciliation"]
    assert (detail["reported_by"], detail["reconciliation"]) == said
    assert (row["reported_by"] or None, row["reconciliation"] or None) == said
    assert [(one["reported_by"], one["reconciliation"]) for one in detail["attempts"] if one["shown"]] in ([said], [])
    return said


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        ({"reported_at": AT, "report_origin": "reconciliation"}, ("reconciliation", None)),
        ({"reported_at": AT, "report_origin": "webhook"}, ("webhook", None)),
        ({"reported_at": AT}, ("webhook", None)),
        ({"reported_at": AT, "reconciliation": "missing"}, ("webhook", None)),
        ({"reconciliation": "missing"}, (None, "missing")),
        ({"reconciliation": "unrecoverable"}, (None, "unrecoverable")),
        ({"status": "In Progress"}, (None, None)),
    ],
)
@pytest.mark.parametrize("vapi_call_id", [ID, ""])
def test_a_call_says_what_its_attempt_says(
    api: Api, stored: dict[str, Any], said: tuple[Any, Any], vapi_call_id: str
) -> None:
    call = api.call(vapi_call_id=vapi_call_id or None)
    api.attempt(call, vapi_call_id, **stored)
    assert _said(api, call) == said


def test_a_call_without_an_attempt_says_nothing(api: Api) -> None:
    assert _said(api, api.call()) == (None, None)


def test_of_several_attempts_the_shown_one_is_meant(api: Api) -> None:
    call = api.call(vapi_call_id="b")
    api.attempt(call, "a", created_at=AT, reported_at=AT, report_origin="reconciliation")
    api.attempt(call, "b", created_at=AT, reconciliation="missing")
    assert _said(api, call) == (None, "missing")


def test_the_timeline_says_where_a_message_is_from(api: Api) -> None:
    call = api.call()
    for origin in ("webhook", "reconciliation"):
        api.database.run(
            "INSERT INTO webhook_event (event_id, kind, type, call_id, received_at, processed_at, outcome, origin)"
            " VALUES (:origin, 'status_update', 'status-update', :call, :at, :at, 'applied', :origin)",
            origin=origin,
            call=call,
            at=AT,
        )
    timeline = api.get(f"/calls/{call}").json["timeline"]
    assert {event["event_id"]: event["origin"] for event in timeline} == {
        "webhook": "webhook",
        "reconciliation": "reconciliation",
    }
