from datetime import datetime, timedelta, timezone

import pytest

from tests.integration.api.client import OURS, Api

START = datetime(2026, 11, 2, 15, tzinfo=timezone.utc)  # a Monday
SPAN = {"from_": "2026-11-01T00:00:00Z", "to": "2026-12-01T00:00:00Z"}


def at(days: float) -> datetime:
    return START + timedelta(days=days)


def _answer(api: Api, score: int | None, days: float = 0, **values: object) -> int:
    call = api.call(start_time=at(days), nps_score=score, **({"outcome": "reached", "duration_sec": 60} | values))
    api.feedback(call, detractors="A long wait", action_items="Call back\nSend an invoice")
    return call


def test_feedback_comes_newest_first_with_what_was_said(api: Api) -> None:
    first, second = _answer(api, 9), _answer(api, 3, 1)
    api.call(start_time=at(2), outcome="voicemail")
    assert api.ids("/feedback") == [second, first]
    assert api.ids("/feedback", order="oldest") == [first, second]
    item = api.get("/feedback").json["items"][0]
    assert (item["nps_score"], item["nps_category"], item["detractors"]) == (3, "detractor", "A long wait")
    assert item["action_items"] == "Call back\nSend an invoice"


@pytest.mark.parametrize(
    ("nps_category", "scores"), [("detractor", range(7)), ("passive", (7, 8)), ("promoter", (9, 10))]
)
def test_a_category_has_its_scores(api: Api, nps_category: str, scores: range) -> None:
    calls = {score: _answer(api, score) for score in range(11)}
    _answer(api, None)
    assert sorted(api.ids("/feedback", nps_category=nps_category)) == [calls[score] for score in scores]
    assert {item["nps_category"] for item in api.get("/feedback", nps_category=nps_category).json["items"]} == {
        nps_category
    }


@pytest.mark.parametrize("text", ["wait", "LONG wai", "invoice call", "back"])
def test_words_are_searched_in_detractors_and_action_items(api: Api, text: str) -> None:
    found = _answer(api, 5)
    other = api.call(start_time=at(0), nps_score=5)
    api.feedback(other, content="A long wait, call back with the invoice", positives="wait")
    assert api.ids("/feedback", text=text) == [found]


def test_demonstrations_are_apart(api: Api) -> None:
    real, demo = _answer(api, 9), _answer(api, 9, is_demo=True)
    assert api.ids("/feedback") == [real]
    assert api.ids("/feedback", demo="true") == [demo]


def test_pages_of_feedback_meet(api: Api) -> None:
    calls = [_answer(api, place % 11, place // 3) for place in range(10)]
    first = api.get("/feedback", limit=4).json
    second = api.get("/feedback", limit=4, cursor=first["next_cursor"]).json
    third = api.get("/feedback", limit=4, cursor=second["next_cursor"]).json
    shown = [item["call_id"] for page in (first, second, third) for item in page["items"]]
    assert sorted(shown) == calls
    assert shown == api.ids("/feedback", limit=200)
    assert third["next_cursor"] is None


def test_nothing_has_no_score(api: Api) -> None:
    summary = api.get("/feedback/summary", **SPAN).json
    assert summary["total"] == {
        "calls": 0,
        "tried": 0,
        "reached": 0,
        "reach_rate": None,
        "responses": 0,
        "response_rate": None,
        "promoters": 0,
        "passives": 0,
        "detractors": 0,
        "nps": None,
        "nps_low": None,
        "nps_high": None,
        "average_duration_seconds": None,
    }
    assert (summary["outcomes"], summary["scores"]) == ({}, [0] * 11)
    assert summary["periods"] == summary["groups"] == []


def test_the_summary_counts_answers_reach_and_duration(api: Api) -> None:
    for score in (10, 9, 9, 8, 3):
        _answer(api, score)
    _answer(api, None, duration_sec=120, outcome="transferred")
    for outcome in ("voicemail", "busy", "no_answer", "failed"):
        api.call(end_time=at(0), outcome=outcome, duration_sec=5)
    api.call(end_time=at(0), outcome="cancelled")
    api.call(start_time=at(0), status="In Progress")
    api.call(status="Ready")
    summary = api.get("/feedback/summary", **SPAN).json
    total = summary["total"]
    assert (total["calls"], total["tried"], total["reached"]) == (12, 10, 6)
    assert total["reach_rate"] == 0.6
    assert (total["promoters"], total["passives"], total["detractors"], total["responses"]) == (3, 1, 1, 5)
    assert total["response_rate"] == round(5 / 6, 4)
    assert total["nps"] == 40
    assert -100 <= total["nps_low"] < 40 < total["nps_high"] <= 100
    assert total["average_duration_seconds"] == 70
    assert summary["scores"] == [0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 1]
    assert summary["outcomes"] == {
        "reached": 5,
        "transferred": 1,
        "voicemail": 1,
        "busy": 1,
        "no_answer": 1,
        "failed": 1,
        "cancelled": 1,
    }


def test_periods_begin_in_the_readers_time_zone_and_the_ends_are_cut_off(api: Api) -> None:
    _answer(api, 10, days=-15 / 24 + 4 / 24)  # 04:00 UTC on Monday: still Sunday in New York
    _answer(api, 0)
    query = {"from_": "2026-11-01T12:00:00Z", "to": "2026-11-03T12:00:00Z", "period": "day"}
    periods = api.get("/feedback/summary", timezone="America/New_York", **query).json["periods"]
    assert [(p["starts"], p["ends"], p["nps"]) for p in periods] == [
        ("2026-11-01T12:00:00Z", "2026-11-02T05:00:00Z", 100),
        ("2026-11-02T05:00:00Z", "2026-11-03T05:00:00Z", -100),
        ("2026-11-03T05:00:00Z", "2026-11-03T12:00:00Z", None),
    ]
    in_utc = api.get("/feedback/summary", **query).json["periods"]
    assert [p["responses"] for p in in_utc] == [0, 2, 0]


def test_a_day_has_25_hours_when_the_clock_goes_back(api: Api) -> None:
    query = {"from_": "2026-11-01T04:00:00Z", "to": "2026-11-03T05:00:00Z", "period": "day"}
    periods = api.get("/feedback/summary", timezone="America/New_York", **query).json["periods"]
    assert [(p["starts"], p["ends"]) for p in periods] == [
        ("2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"),
        ("2026-11-02T05:00:00Z", "2026-11-03T05:00:00Z"),
    ]


@pytest.mark.parametrize(
    ("period", "starts"), [("week", ["2026-11-01", "2026-11-02", "2026-11-09"]), ("month", ["2026-11-01"])]
)
def test_weeks_and_months(api: Api, period: str, starts: list[str]) -> None:
    query = {"from_": "2026-11-01T00:00:00Z", "to": "2026-11-12T00:00:00Z", "period": period}
    assert [p["starts"][:10] for p in api.get("/feedback/summary", **query).json["periods"]] == starts


def test_campaigns_are_counted_apart_those_with_most_calls_first(api: Api) -> None:
    campaign = api.insert("campaign", name="Autumn", organization_id=OURS)
    for score in (9, 2):
        _answer(api, score, campaign_id=campaign)
    _answer(api, 10)
    groups = api.get("/feedback/summary", group="campaign", **SPAN).json["groups"]
    assert [(g["key"], g["name"], g["calls"], g["nps"]) for g in groups] == [
        (str(campaign), "Autumn", 2, 0),
        (None, None, 1, 100),
    ]


def test_advisors_are_counted_apart_by_user_or_by_name(api: Api) -> None:
    advisor = api.insert('"user"', name="Robin Sample", organization_id=OURS)
    for values in ({"service_advisor_id": advisor}, {"service_advisor_id": advisor, "service_advisor_name": "R."}):
        _answer(api, 9, service_record_id=api.service_record(**values))
    _answer(api, 2, service_record_id=api.service_record(service_advisor_name="Alex Invented"))
    groups = api.get("/feedback/summary", group="advisor", **SPAN).json["groups"]
    assert [(g["key"], g["name"], g["responses"]) for g in groups] == [
        (str(advisor), "Robin Sample", 2),
        ("Alex Invented", "Alex Invented", 1),
    ]
    for group in groups:
        total = api.get("/feedback/summary", advisor=group["key"], **SPAN).json["total"]
        assert total["responses"] == group["responses"]


def test_a_summary_without_a_time_covers_the_last_90_days(api: Api) -> None:
    now = datetime.now(timezone.utc)
    for days in (1, 89, 91):
        api.call(start_time=now - timedelta(days=days), outcome="reached")
    api.call(status="Ready")
    assert api.get("/feedback/summary").json["total"]["calls"] == 2


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from_": "2026-11-02T00:00:00Z", "to": "2026-11-01T00:00:00Z"}, "to"),
        ({"from_": "2020-01-01T00:00:00Z", "to": "2026-01-01T00:00:00Z", "period": "day"}, "period"),
        ({"to": "0001-01-02T00:00:00Z"}, "to"),
        ({"timezone": "'; DROP TABLE call"}, "timezone"),
        ({"period": "hour"}, "period"),
        ({"group": "customer"}, "group"),
    ],
)
def test_a_summary_of_an_invalid_span_is_400(api: Api, query: dict[str, object], field: str) -> None:
    answer = api.get("/feedback/summary", **query)
    assert (answer.status, answer.error["field"]) == (400, field)


def test_a_time_zone_that_nobody_knows(api: Api) -> None:
    assert api.get("/feedback/summary", timezone="Mars/Olympus").status == 400


def test_years_without_periods_are_fine(api: Api) -> None:
    _answer(api, 9)
    query = {"from_": "0002-01-01T00:00:00Z", "to": "9999-01-01T00:00:00Z"}
    assert api.get("/feedback/summary", **query).json["total"]["responses"] == 1
