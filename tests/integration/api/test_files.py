"""CSV of both lists."""

import pytest

from autopulse.api.models import CallFields, FeedbackItem
from tests.integration.api.client import Api


def test_a_file_has_the_lists_columns_and_rows(api: Api) -> None:
    service_record = api.service_record(customer_name='=HYPERLINK("https://example.com")')
    call = api.call(service_record_id=service_record, start_time="2026-11-02T15:00:00Z", nps_score=9)
    api.feedback(call, detractors='said "no",\nthen hung up', action_items="@call back")
    answer = api.get("/calls.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="calls.csv"'
    (row,) = answer.rows
    assert list(row) == list(CallFields.model_fields)
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


def test_a_file_for_people_has_words_and_times_of_their_clock(api: Api) -> None:
    service_record = api.service_record(customer_name="Dana Example", service_advisor_name="Robin Sample")
    call = api.call(
        service_record_id=service_record,
        start_time="2026-11-02T15:00:00Z",
        duration_sec=3725,
        nps_score=2,
        outcome="no_answer",
    )
    api.feedback(call, content="It took long.", detractors="Long wait")
    for path in ("/calls.csv", "/feedback.csv"):
        (row,) = api.get(path, form="people", timezone="America/New_York").rows
        assert row["Customer"] == "Dana Example"
        assert row["Began (America/New_York)"] == "2026-11-02 10:00"
        assert row["Duration (h:mm:ss)"] == "1:02:05"
        assert (row["Outcome"], row["Score (0 to 10)"]) == ("No answer", "2")
        assert row["Call"] == str(call)
    assert (row["What was said"], row["Went wrong"]) == ("It took long.", "Long wait")


@pytest.mark.parametrize("zone", ["Nowhere/Atall", "America"])
def test_a_file_for_people_of_an_unknown_zone_says_that_it_is_utc(api: Api, zone: str) -> None:
    api.call(start_time="2026-11-02T15:00:00Z")
    (row,) = api.get("/calls.csv", form="people", timezone=zone).rows
    assert row["Began (UTC)"] == "2026-11-02 15:00"


def test_feedback_is_telling_with_a_score_or_a_complaint(api: Api) -> None:
    scored, complaining, nothing, unheard = (
        api.call(nps_score=9, outcome="reached", start_time="2026-11-02T15:00:03Z"),
        api.call(outcome="reached", start_time="2026-11-02T15:00:02Z"),
        api.call(outcome="reached", start_time="2026-11-02T15:00:01Z"),
        api.call(nps_score=9, outcome="voicemail", start_time="2026-11-02T15:00:00Z"),
    )
    api.feedback(complaining, detractors="Long wait")
    api.feedback(nothing, detractors=" \n")
    for call in (scored, unheard):
        api.feedback(call)
    time = {"from_": "2026-11-01T00:00:00Z"}
    assert api.ids("/feedback", telling="true", **time) == [scored, complaining]
    assert api.ids("/feedback", telling="false", **time) == [nothing, unheard]
    assert api.ids("/feedback", telling="true", advisor="x", **time) == []
    assert api.ids("/calls", nps_category="promoter") == [scored]
