"""How calls ran: of one call, and in figures that are worked out here by hand (docs/api.md)."""

from datetime import datetime, timedelta, timezone
from typing import Any, Final

import pytest

from tests.integration.api.client import OURS, THEIRS, Api

START: Final = datetime(2026, 11, 2, 15, tzinfo=timezone.utc)
"""A Monday."""
SPAN: Final[dict[str, object]] = {"from_": "2026-11-02T00:00:00Z", "to": "2026-11-30T00:00:00Z"}


def at(days: float) -> datetime:
    return START + timedelta(days=days)


def figures(api: Api, organization: object = OURS, **query: object) -> Any:  # noqa: ANN401 - any JSON
    answer = api.get("/quality/summary", organization, **(SPAN | query))
    assert answer.status == 200, answer.text
    return answer.json


def ran(api: Api, days: float, *attempts: dict[str, object], organization: str = OURS, **values: object) -> int:
    """A call that was reached, and how its attempts ran."""
    usual: dict[str, object] = {"start_time": at(days), "outcome": "reached"}
    call = api.call(organization, **(usual | values))
    for place, attempt in enumerate(attempts):
        api.attempt(call, f"{call}-{place}", reported_at=at(days))
        api.quality(call, f"{call}-{place}", **attempt)
    return call


# Of one call


def test_a_call_says_how_its_shown_attempt_ran(api: Api) -> None:
    call = api.call(vapi_call_id="second", start_time=at(0))
    for place, name in enumerate(("first", "second")):
        api.attempt(call, name, created_at=at(place))
    api.quality(call, "first", turn_latency_median_ms=5000)
    api.quality(
        call,
        "second",
        turn_latency_median_ms=900,
        turn_latencies="[[900, 400, null, null, 30]]",
        user_interruptions=0,
        cost="0.1",
        cost_vapi="0.06",
        cost_model="0.04",
        assistant_id="assistant-1",
        assistant_name="Piper",
        assistant_version="3",
        consent_type="verbal",
        consent_granted_at=at(0.5),
        ended_message="No route.",
        outputs_expected=2,
        outputs_lost=1,
        details='{"lost_answers": ["mood"]}',
    )
    detail = api.get(f"/calls/{call}").json
    assert [one["quality"]["turn_latency_median_ms"] for one in detail["attempts"]] == [5000, 900]
    assert detail["quality"] == detail["attempts"][1]["quality"]
    told = {name: value for name, value in detail["quality"].items() if value not in (None, [])}
    assert told == {
        "turn_latency_median_ms": 900,
        "turn_latencies": [
            {"turn_ms": 900, "model_ms": 400, "voice_ms": None, "transcriber_ms": None, "endpointing_ms": 30}
        ],
        "user_interruptions": 0,
        "cost_dollars_by_type": {"vapi": 0.06, "model": 0.04},
        "assistant_id": "assistant-1",
        "assistant_name": "Piper",
        "assistant_version": "3",
        "recording_consent_type": "verbal",
        "recording_consent_granted_at": "2026-11-03T03:00:00Z",
        "ended_message": "No route.",
        "answers_expected": 2,
        "lost_answers": ["mood"],
    }


@pytest.mark.parametrize("told", [None, {}, {"report_event_id": "another", "cost": 1}])
def test_of_a_report_that_told_nothing_nothing_is_said(api: Api, told: dict[str, object] | None) -> None:
    call = api.call(vapi_call_id="one", start_time=at(0))
    api.attempt(call, "one")
    if told is not None:
        api.quality(call, "one", **told)
    detail = api.get(f"/calls/{call}").json
    assert (detail["quality"], detail["attempts"][0]["quality"]) == (None, None)


def test_an_attempt_without_an_id_has_its_own(api: Api) -> None:
    call = api.call(start_time=at(0))
    api.attempt(call, "")
    api.quality(call, "", assistant_version="3")
    assert api.get(f"/calls/{call}").json["quality"]["assistant_version"] == "3"


def test_another_organization_sees_neither_the_call_nor_its_figures(api: Api) -> None:
    call = ran(api, 0, {"cost": 1, "turn_latency_median_ms": 900, "outputs_expected": 1})
    assert api.get(f"/calls/{call}", THEIRS).status == 404
    theirs = figures(api, THEIRS)
    assert (theirs["costs"]["calls"], theirs["measured"], theirs["answers"]["expected"]) == (0, 0, 0)
    assert theirs["versions"] == []


# Figures


def test_what_calls_cost_counted_by_hand(api: Api) -> None:
    ran(api, 0, {"cost": "0.5"}, {"cost": "0.1"}, nps_score=9)  # dialled twice: both are paid
    ran(api, 1, {"cost": "0.3"}, nps_score=11)  # no answer that counts
    ran(api, 2, {"cost": "0.1"}, outcome="voicemail")
    ran(api, 3, {"cost": None}, nps_score=9)  # not known
    ran(api, 4, nps_score=9)  # without a report
    ran(api, 4, {"cost": None}, status="Ready", outcome=None, start_time=None, updated_at=at(4))  # still to come
    ran(api, 5, {"cost": "0.02"}, outcome="busy", start_time=None, end_time=at(5))
    ran(api, 90, {"cost": 50}, nps_score=9)  # another time
    assert figures(api)["costs"] == {
        "calls": 6,
        "reached": 4,
        "responses": 3,
        "dollars": 1.02,
        "unpriced": 1,
        "per_call": 0.17,
        "per_reached": 0.255,
        "per_response": 0.34,
    }


def test_nothing_costs_nothing_and_is_no_share(api: Api) -> None:
    assert figures(api) == {
        "since": "2026-11-02T00:00:00Z",
        "until": "2026-11-30T00:00:00Z",
        "costs": {
            "calls": 0,
            "reached": 0,
            "responses": 0,
            "dollars": 0,
            "unpriced": 0,
            "per_call": None,
            "per_reached": None,
            "per_response": None,
        },
        "answers": {"expected": 0, "lost": 0, "lost_share": None},
        "measured": 0,
        "median_turn_latency_ms": None,
        "versions": [],
    }


def test_the_share_of_answers_lost(api: Api) -> None:
    ran(api, 0, {"outputs_expected": 7, "outputs_lost": 1}, {"outputs_expected": 2, "outputs_lost": 2})
    ran(api, 1, {"outputs_expected": 3})
    assert figures(api)["answers"] == {"expected": 12, "lost": 3, "lost_share": 0.25}


def test_latencies_by_week_and_version(api: Api) -> None:
    def measured(milliseconds: int, version: str | None, assistant: str = "a-1") -> dict[str, object]:
        named = {"assistant_id": assistant, "assistant_version": version, "assistant_name": f"Name of {assistant}"}
        return {"turn_latency_median_ms": milliseconds, **named}

    for place, milliseconds in enumerate((700, 900, 800)):
        ran(api, place, measured(milliseconds, "1"))
    ran(api, 1, measured(5000, "2"), measured(3000, "2"))
    ran(api, 7, measured(400, "2"))
    ran(api, 8, measured(450, "1", "a-2"), {"turn_latency_median_ms": None, "assistant_id": "a-3"})
    ran(api, 9, measured(600, None))
    found = figures(api)
    assert (found["measured"], found["median_turn_latency_ms"]) == (8, 750)
    assert [
        (
            one["starts"][:10],
            one["assistant_id"],
            one["assistant_version"],
            one["measured"],
            one["median_turn_latency_ms"],
        )
        for one in found["versions"]
    ] == [
        ("2026-11-02", "a-1", "1", 3, 800),
        ("2026-11-02", "a-1", "2", 2, 4000),
        ("2026-11-09", "a-1", "2", 1, 400),
        ("2026-11-09", "a-1", None, 1, 600),
        ("2026-11-09", "a-2", "1", 1, 450),
    ]
    assert [one["assistant_name"] for one in found["versions"]] == [*["Name of a-1"] * 4, "Name of a-2"]


def test_weeks_begin_in_the_time_zone(api: Api) -> None:
    ran(api, 6.5, {"turn_latency_median_ms": 900})  # Monday, 03:00 UTC: Sunday evening in Toronto
    starts = [figures(api, timezone=zone)["versions"][0]["starts"] for zone in ("UTC", "America/Toronto")]
    assert starts == ["2026-11-09T00:00:00Z", "2026-11-02T05:00:00Z"]


def test_figures_are_of_the_calls_that_the_filters_keep(api: Api) -> None:
    record = api.service_record(service_advisor_name="Robin Sample")
    campaign = api.insert("campaign", name="Spring", organization_id=OURS)
    ran(api, 0, {"cost": 1}, service_record_id=record)
    ran(api, 0, {"cost": 2}, campaign_id=campaign)
    ran(api, 0, {"cost": 4}, direction="inbound")
    ran(api, 0, {"cost": 8}, is_web=True)
    ran(api, 0, {"cost": 16}, is_demo=True)
    asked: list[tuple[dict[str, object], int]] = [
        ({}, 3),
        ({"advisor": "Robin Sample"}, 1),
        ({"campaign": campaign}, 2),
        ({"direction": "inbound"}, 4),
        ({"direction": "web,inbound"}, 12),
        ({"direction": "all"}, 15),
        ({"demo": "true"}, 16),
    ]
    for query, dollars in asked:
        assert figures(api, **query)["costs"]["dollars"] == dollars, query


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"period": "day"}, "period"),
        ({"from_": "2026-11-02T00:00:00Z", "to": "2026-11-01T00:00:00Z"}, "to"),
        ({"from_": "1990-01-01T00:00:00Z"}, "period"),
        ({"timezone": "Nowhere/At all"}, "timezone"),
    ],
)
def test_what_cannot_be_asked(api: Api, query: dict[str, object], field: str) -> None:
    answer = api.get("/quality/summary", **(SPAN | query))
    assert (answer.status, answer.error.get("field")) == (400, field)
