"""Figures agree with each other, and with the lists behind them, by the definitions of docs/api.md.

The calls are written down with what they are to count as, and every figure is worked out here by hand.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from autopulse.domain.nps import nps_of
from tests.integration.api.client import OURS, Api

START = datetime(2026, 11, 2, 15, tzinfo=timezone.utc)
SPAN: dict[str, object] = {"from_": "2026-11-01T00:00:00Z", "to": "2026-12-01T00:00:00Z"}


def at(days: float) -> datetime:
    return START + timedelta(days=days)


def figures(api: Api, **query: object) -> Any:  # noqa: ANN401 - any JSON
    answer = api.get("/feedback/summary", **(SPAN | query))
    assert answer.status == 200, answer.text
    return answer.json


def total(api: Api, **query: object) -> dict[str, Any]:
    return dict(figures(api, **query)["total"])


@dataclass(frozen=True)
class Counted:
    """A call, and the figures that it counts in."""

    values: Mapping[str, object]
    figures: str
    """Of tried, reached and responses."""
    direction: str = "outbound"

    def counts_in(self, figure: str) -> bool:
        return figure in self.figures.split()


CALLS: list[Counted] = [
    # Scores count of calls in which somebody answered, and of no others.
    Counted({"outcome": "reached", "nps_score": 10, "duration_sec": 100}, "tried reached responses"),
    Counted({"outcome": "reached", "nps_score": 9, "duration_sec": 50}, "tried reached responses"),
    Counted({"outcome": "transferred", "nps_score": 8, "duration_sec": 30}, "tried reached responses"),
    Counted({"outcome": "reached", "nps_score": 0}, "tried reached responses"),
    Counted({"outcome": "reached", "nps_score": None, "duration_sec": 0}, "tried reached"),
    Counted({"outcome": "reached", "nps_score": -1}, "tried reached"),
    Counted({"outcome": "reached", "nps_score": 11}, "tried reached"),
    Counted({"outcome": "voicemail", "nps_score": 10, "duration_sec": 900}, "tried"),
    Counted({"outcome": "failed", "nps_score": 3}, "tried"),
    Counted({"outcome": "busy"}, "tried"),
    Counted({"outcome": "no_answer"}, "tried"),
    Counted({"outcome": "unknown", "nps_score": 9}, "tried"),
    Counted({"outcome": "cancelled", "nps_score": 9}, ""),
    # Ended, and nobody said why.
    Counted({"outcome": None, "status": "Ended", "nps_score": 10}, "tried"),
    Counted({"outcome": None, "status": "Completed"}, "tried"),
    Counted({"outcome": None, "status": "Missed"}, "tried"),
    Counted({"outcome": None, "status": "Failed"}, "tried"),
    Counted({"outcome": None, "status": "Ringing", "end_time": at(0.1)}, "tried"),
    # Not at their end.
    Counted({"outcome": None, "status": "In Progress"}, ""),
    Counted({"outcome": None, "status": "Forwarding"}, ""),
    # The other directions.
    Counted({"outcome": "reached", "nps_score": 2}, "tried reached responses", "inbound"),
    Counted({"outcome": "no_answer"}, "tried", "inbound"),
    Counted({"outcome": "reached", "nps_score": 5, "duration_sec": 7}, "tried reached responses", "web"),
    Counted({"outcome": "reached", "direction": "inbound"}, "tried reached", "web"),
]


WAYS: Mapping[str, Mapping[str, object]] = {
    "web": {"is_web": True},
    "inbound": {"direction": "inbound"},
    "outbound": {},
}


def insert(api: Api, calls: Iterable[Counted], **more: object) -> list[int]:
    ids = []
    for place, counted in enumerate(calls):
        call = api.call(**{"start_time": at(place / 10), **WAYS[counted.direction], **counted.values, **more})
        api.feedback(call)
        ids.append(call)
    return ids


def expected(calls: Iterable[Counted]) -> dict[str, Any]:
    counted = list(calls)
    tried, reached, responses = (
        [call.values for call in counted if call.counts_in(figure)] for figure in ("tried", "reached", "responses")
    )
    scores = [int(str(values["nps_score"])) for values in responses]
    up, even, down = (sum(low <= score <= high for score in scores) for low, high in ((9, 10), (7, 8), (0, 6)))
    nps = nps_of(up, even, down)
    seconds = [int(str(values["duration_sec"])) for values in reached if "duration_sec" in values]
    return {
        "calls": len(counted),
        "tried": len(tried),
        "reached": len(reached),
        "reach_rate": round(len(reached) / len(tried), 4) if tried else None,
        "responses": len(scores),
        "response_rate": round(len(scores) / len(reached), 4) if reached else None,
        "promoters": up,
        "passives": even,
        "detractors": down,
        "nps": nps and nps.score,
        "nps_low": nps and nps.low,
        "nps_high": nps and nps.high,
        "average_duration_seconds": round(sum(seconds) / len(seconds), 1) if seconds else None,
    }


def of(*directions: str) -> list[Counted]:
    return [call for call in CALLS if call.direction in directions]


def test_outbound_calls_counted_by_hand(api: Api) -> None:
    insert(api, CALLS)
    summary = figures(api)
    assert summary["total"] == expected(of("outbound"))
    assert {name: summary["total"][name] for name in ("calls", "tried", "reached", "responses")} == {
        "calls": 20,
        "tried": 17,
        "reached": 7,
        "responses": 4,
    }
    assert (summary["total"]["nps"], summary["total"]["reach_rate"]) == (25, round(7 / 17, 4))
    assert summary["total"]["average_duration_seconds"] == 45  # (100 + 50 + 30 + 0) / 4
    assert summary["scores"] == [1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1]
    assert summary["outcomes"] == {
        "reached": 6,
        "transferred": 1,
        "voicemail": 1,
        "failed": 1,
        "busy": 1,
        "no_answer": 1,
        "unknown": 1,
        "cancelled": 1,
    }


@pytest.mark.parametrize(
    ("asked", "directions"),
    [
        ("outbound", ["outbound"]),
        ("inbound", ["inbound"]),
        ("web", ["web"]),
        ("inbound,web", ["inbound", "web"]),
        ("web,outbound", ["web", "outbound"]),
        ("outbound,inbound", ["outbound", "inbound"]),
        ("outbound,inbound,web", ["outbound", "inbound", "web"]),
        ("all", ["outbound", "inbound", "web"]),
        ("web,all", ["outbound", "inbound", "web"]),
    ],
)
def test_every_figure_and_list_is_of_the_directions_that_are_asked_for(
    api: Api, asked: str, directions: list[str]
) -> None:
    ids = insert(api, CALLS)
    wanted = [call for call, counted in zip(ids, CALLS, strict=True) if counted.direction in directions]
    summary = figures(api, direction=asked)
    assert summary["total"] == expected(of(*directions))
    assert sum(summary["scores"]) == summary["total"]["responses"]
    for path in ("/feedback", "/calls"):
        assert sorted(api.ids(path, direction=asked, limit=200)) == wanted
    rows = api.get("/feedback.csv", direction=asked).rows
    assert sorted(int(row["call_id"]) for row in rows) == wanted
    assert {row["direction"] for row in rows} == set(directions)
    assert {row["direction"] for row in api.get("/calls.csv", direction=asked).rows} == set(directions)


def test_feedback_and_figures_are_of_outbound_calls_if_nobody_asks_for_others(api: Api) -> None:
    ids = insert(api, CALLS)
    outbound = [call for call, counted in zip(ids, CALLS, strict=True) if counted.direction == "outbound"]
    assert sorted(api.ids("/feedback", limit=200)) == outbound
    assert sorted(int(row["call_id"]) for row in api.get("/feedback.csv").rows) == outbound
    assert sorted(api.ids("/calls", limit=200)) == ids


@pytest.mark.parametrize("path", ["/calls", "/calls.csv", "/feedback", "/feedback.csv", "/feedback/summary"])
@pytest.mark.parametrize("asked", ["", "Outbound", "sideways", "outbound,", ",web", "outbound;web", "outbound, web"])
def test_a_direction_that_there_is_not(api: Api, path: str, asked: str) -> None:
    answer = api.get(path, direction=asked)
    assert (answer.status, answer.error["field"]) == (400, "direction")


@pytest.mark.parametrize("direction", ["outbound", "inbound"])
def test_a_web_call_is_a_web_call_whatever_the_application_calls_it(api: Api, direction: str) -> None:
    web = api.call(start_time=at(0), direction=direction, is_web=True)
    phone = api.call(start_time=at(1), direction=direction)
    assert api.ids("/calls", direction="web") == [web]
    assert api.ids("/calls", direction=direction) == [phone]
    assert [api.get(f"/calls/{call}").json["direction"] for call in (web, phone)] == ["web", direction]


@pytest.mark.parametrize(("nps_category", "scores"), [("promoter", (10, 9)), ("passive", (8,)), ("detractor", (0,))])
def test_a_category_lists_the_scores_that_the_figures_count(
    api: Api, nps_category: str, scores: tuple[int, ...]
) -> None:
    insert(api, CALLS)
    items = api.get("/feedback", nps_category=nps_category, order="oldest").json["items"]
    assert tuple(item["nps_score"] for item in items) == scores
    assert len(items) == total(api)[f"{nps_category}s"]
    assert {item["nps_category"] for item in items} == {nps_category}


def test_a_score_that_does_not_count_is_in_no_category(api: Api) -> None:
    for outcome, score in (("voicemail", 10), ("cancelled", 0), (None, 8), ("reached", 11), ("reached", -1)):
        call = api.call(start_time=at(0), outcome=outcome, nps_score=score)
        api.feedback(call)
    items = api.get("/feedback").json["items"]
    assert [item["nps_category"] for item in items] == [None] * 5
    assert sorted(item["nps_score"] for item in items) == [-1, 0, 8, 10, 11]
    assert total(api)["responses"] == 0


def test_each_outcome_has_as_many_calls_as_the_list_of_it(api: Api) -> None:
    insert(api, CALLS)
    for direction in ("outbound", "inbound", "web", "all"):
        for outcome, count in figures(api, direction=direction)["outcomes"].items():
            assert len(api.ids("/calls", outcome=outcome, direction=direction, **SPAN)) == count


@pytest.mark.parametrize("status", ["Ready", "Scheduled", "Queued", "Ringing", "In Progress"])
def test_a_call_that_is_still_to_come_is_in_no_figure(api: Api, status: str) -> None:
    api.call(status=status, updated_at=at(0))
    assert total(api) == expected([])


@pytest.mark.parametrize("status", ["Missed", "Failed", "Ended", "Completed"])
def test_a_call_that_is_over_without_any_time_counts_where_its_row_was_written(api: Api, status: str) -> None:
    api.call(status=status, updated_at=at(0))
    api.call(status=status, updated_at=at(60))
    api.call(status=status, updated_at=None)
    assert total(api) == expected([Counted({}, "tried")])


def test_a_call_that_failed_before_it_began_counts_in_the_time_of_its_failure(api: Api) -> None:
    api.call(status="Failed")
    assert api.get("/feedback/summary").json["total"]["tried"] == 1


@pytest.mark.parametrize("period", ["day", "week", "month"])
@pytest.mark.parametrize("query", [{}, {"advisor": "Robin Sample"}, {"direction": "all"}], ids=str)
def test_periods_add_up_to_the_total(api: Api, period: str, query: dict[str, object]) -> None:
    service_record = api.service_record(service_advisor_name="Robin Sample")
    insert(api, CALLS[::2], service_record_id=service_record)
    insert(api, CALLS[1::2], service_record_id=service_record)
    summary = figures(api, period=period, timezone="America/Toronto", **query)
    for name in ("calls", "tried", "reached", "responses", "promoters", "passives", "detractors"):
        assert sum(each[name] for each in summary["periods"]) == summary["total"][name]
    assert summary["total"]["tried"] > 0


@pytest.mark.parametrize("group", ["campaign", "advisor"])
@pytest.mark.parametrize("direction", ["outbound", "all"])
def test_groups_add_up_to_the_total_and_each_is_what_its_filter_gives(api: Api, group: str, direction: str) -> None:
    campaigns = [api.insert("campaign", name=name, organization_id=OURS) for name in ("Spring", "Autumn")]
    advisor = api.insert('"user"', name="Kim Sample", organization_id=OURS)
    keys = {"campaign": [*map(str, campaigns), None], "advisor": [str(advisor), "Alex Invented", None]}[group]
    service_records = [
        api.service_record(service_advisor_id=advisor, service_advisor_name="Kim"),
        api.service_record(service_advisor_name="Alex Invented"),
        api.service_record(),
    ]
    for place in range(3):
        insert(api, CALLS[place::3], service_record_id=service_records[place], campaign_id=[*campaigns, None][place])
    summary = figures(api, group=group, direction=direction)
    for name in ("calls", "tried", "reached", "responses"):
        assert sum(each[name] for each in summary["groups"]) == summary["total"][name]
    found = {each.pop("key"): {name: each[name] for name in each if name != "name"} for each in summary["groups"]}
    asked = of("outbound") if direction == "outbound" else CALLS
    assert found == {key: expected(call for call in CALLS[place::3] if call in asked) for place, key in enumerate(keys)}
    for key in keys[:2]:
        assert total(api, direction=direction, **{group: key}) == found[key]


def test_demonstrations_count_apart_in_every_direction(api: Api) -> None:
    insert(api, CALLS)
    insert(api, CALLS[:3], is_demo=True)
    assert total(api) == expected(of("outbound"))
    assert total(api, demo="true", direction="all") == expected(CALLS[:3])
