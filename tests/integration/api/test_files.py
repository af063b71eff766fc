"""CSV of both lists."""

import pytest

from autopulse.api.models import Call, FeedbackItem
from tests.integration.api.readers import Api


def test_a_file_has_the_lists_columns_and_rows(api: Api) -> None:
    visit = api.visit(customer_name='=HYPERLINK("https://example.com")')
    call = api.call(service_record_id=visit, start_time="2026-11-02T15:00:00Z", nps_score=9)
    api.feedback(call, detractors='said "no",\nthen hung up', action_items="@call back")
    answer = api.get("/calls.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="calls.csv"'
    (row,) = answer.rows
    assert list(row) == list(Call.model_fields)
    assert (row["id"], row["phone"], row["start_time"]) == (str(call), "+12025550101", "2026-11-02T15:00:00Z")
    assert row["customer_name"].startswith("'=")
    (row,) = api.get("/feedback.csv").rows
    assert list(row) == list(FeedbackItem.model_fields)
    assert row["detractors"] == 'said "no",\nthen hung up'
    assert row["action_items"] == "'@call back"


@pytest.mark.parametrize("name", ["calls", "feedback"])
def test_a_file_that_does_not_end_says_where_the_next_begins(api: Api, name: str) -> None:
    calls = [api.call(start_time="2026-11-02T15:00:00Z") for _ in range(3)]
    for call in calls:
        api.feedback(call)
    first = api.get(f"/{name}.csv", limit=2)
    second = api.get(f"/{name}.csv", limit=2, cursor=first.headers["x-next-cursor"])
    assert "x-next-cursor" not in second.headers
    key = "id" if name == "calls" else "call_id"
    assert [int(row[key]) for row in [*first.rows, *second.rows]] == calls[::-1]


def test_a_file_goes_on_where_a_page_stopped(api: Api) -> None:
    calls = [api.call(start_time="2026-11-02T15:00:00Z") for _ in range(3)]
    cursor = api.get("/calls", limit=1).json["next_cursor"]
    assert [int(row["id"]) for row in api.get("/calls.csv", cursor=cursor).rows] == calls[1::-1]


def test_a_file_of_nothing_has_its_heading(api: Api) -> None:
    assert api.get("/calls.csv").text.startswith('\ufeff"id",')
    assert api.get("/calls.csv").rows == []


def test_filters_hold_for_files_too(api: Api) -> None:
    api.call(status="Ended")
    kept = api.call(status="Completed")
    assert [int(row["id"]) for row in api.get("/calls.csv", status="Completed").rows] == [kept]
