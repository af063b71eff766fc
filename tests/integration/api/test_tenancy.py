"""No endpoint, filter or cursor crosses from one organization into another."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest

from autopulse.api.resolver import ROUTES
from tests.integration.api.client import OURS, THEIRS, Api

START = datetime(2026, 11, 2, 15, tzinfo=timezone.utc)
RECORDING = "https://recordings.example.com/{}.wav"


class Filled:
    """Two organizations whose rows are alike, their ids interleaved, and whose foreign keys even cross."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.calls: dict[str, list[int]] = {OURS: [], THEIRS: []}
        self.campaigns: dict[str, int] = {}
        self.advisors: dict[str, int] = {}
        for organization in (OURS, THEIRS):
            self.campaigns[organization] = api.insert("campaign", name=organization, organization_id=organization)
            self.advisors[organization] = api.insert('"user"', name=organization, organization_id=organization)
        for place in range(6):
            organization = (OURS, THEIRS)[place % 2]
            self.calls[organization].append(self._call(organization, place))

    def _call(self, organization: str, place: int) -> int:
        service_record = self.api.service_record(
            organization,
            customer_name=f"Dana Example {organization[-1]}",
            service_advisor_id=self.advisors[organization],
            service_advisor_name="Robin Sample",
        )
        call = self.api.call(
            organization,
            service_record_id=service_record,
            campaign_id=self.campaigns[organization],
            start_time=START + timedelta(minutes=place // 2),
            outcome="reached",
            nps_score=9 if organization == OURS else 2,
            duration_sec=60 if organization == OURS else 600,
            recording_url=RECORDING.format(organization),
        )
        self.api.feedback(call, detractors=f"waiting {organization}", action_items="call back")
        self.api.insert("transcript", call_id=call, role="human", content=organization, timestamp=START)
        return call


@pytest.fixture
def filled(api: Api) -> Filled:
    return Filled(api)


LISTS = ["/calls", "/feedback"]
QUERIES: list[dict[str, object]] = [
    {},
    {"order": "oldest"},
    {"from_": START.isoformat()},
    {"advisor": "Robin Sample"},
    {"limit": 1},
]


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("query", QUERIES, ids=str)
@pytest.mark.parametrize("organization", [OURS, THEIRS])
def test_a_list_has_only_the_readers_calls(
    filled: Filled, path: str, query: dict[str, object], organization: str
) -> None:
    found = filled.api.ids(path, organization, **query)
    assert found
    assert set(found) <= set(filled.calls[organization])


@pytest.mark.parametrize(
    "query", [{"status": "Completed"}, {"outcome": "reached"}, {"direction": "outbound"}, {"demo": "false"}], ids=str
)
def test_a_filter_of_calls_has_only_the_readers(filled: Filled, query: dict[str, object]) -> None:
    assert sorted(filled.api.ids("/calls", **query)) == filled.calls[OURS]


@pytest.mark.parametrize("customer", ["dana", "0101", "+12025550101"])
def test_a_search_for_customers_has_only_the_readers(filled: Filled, customer: str) -> None:
    assert sorted(filled.api.ids("/calls", customer=customer)) == filled.calls[OURS]
    assert filled.api.ids("/calls", customer=f"example {THEIRS[-1]}") == []


@pytest.mark.parametrize("path", LISTS)
def test_the_ids_of_others_find_nothing(filled: Filled, path: str) -> None:
    assert filled.api.ids(path, campaign=filled.campaigns[THEIRS]) == []
    assert filled.api.ids(path, advisor=filled.advisors[THEIRS]) == []
    assert filled.api.ids(path, campaign=filled.campaigns[OURS])
    assert filled.api.ids(path, advisor=filled.advisors[OURS])


def test_the_words_of_others_find_nothing(filled: Filled) -> None:
    assert filled.api.ids("/feedback", text=THEIRS.rsplit("-", 1)[-1]) == []
    assert sorted(filled.api.ids("/feedback", text="waiting")) == filled.calls[OURS]
    assert filled.api.ids("/feedback", nps_category="detractor") == []
    assert sorted(filled.api.ids("/feedback", nps_category="detractor", organization=THEIRS)) == filled.calls[THEIRS]


@pytest.mark.parametrize("path", LISTS)
def test_a_cursor_is_of_no_use_to_others(filled: Filled, path: str) -> None:
    cursor = filled.api.get(path, OURS, limit=1).json["next_cursor"]
    answer = filled.api.get(path, THEIRS, limit=1, cursor=cursor)
    assert (answer.status, answer.error["field"]) == (400, "cursor")


@pytest.mark.parametrize("path", ["", "/transcript", "/recording"])
def test_a_call_of_others_is_as_if_it_were_not_there(filled: Filled, path: str) -> None:
    for organization, other in ((OURS, THEIRS), (THEIRS, OURS)):
        for call in filled.calls[other]:
            refused = filled.api.get(f"/calls/{call}{path}", organization)
            missing = filled.api.get(f"/calls/2147483647{path}", organization)
            assert refused.status == missing.status == 404
            assert refused.text == missing.text
        assert filled.api.get(f"/calls/{filled.calls[organization][0]}{path}", organization).status == 200


@pytest.mark.parametrize("group", ["campaign", "advisor"])
def test_a_summary_counts_only_the_readers_calls(filled: Filled, group: str) -> None:
    query = {"from_": START.isoformat(), "to": (START + timedelta(days=1)).isoformat(), "period": "day", "group": group}
    ours, theirs = (filled.api.get("/feedback/summary", name, **query).json for name in (OURS, THEIRS))
    assert (ours["total"]["calls"], ours["total"]["nps"], ours["total"]["average_duration_seconds"]) == (3, 100, 60)
    assert (theirs["total"]["calls"], theirs["total"]["nps"]) == (3, -100)
    assert [entry["name"] for entry in ours["groups"]] == [OURS]
    assert (
        filled.api.get("/feedback/summary", OURS, **(query | {"campaign": filled.campaigns[THEIRS]})).json["total"][
            "calls"
        ]
        == 0
    )


@pytest.mark.parametrize("path", ["/calls.csv", "/feedback.csv"])
def test_a_file_has_only_the_readers_rows(filled: Filled, path: str) -> None:
    text = filled.api.get(path).text
    assert OURS in text
    assert THEIRS not in text


def test_nothing_of_others_is_shown_even_where_keys_cross(filled: Filled) -> None:
    """The application's foreign keys do not know organizations: a call may name a record of another."""
    theirs = filled.api.service_record(THEIRS, customer_name="Secret Customer", service_advisor_name="Secret Advisor")
    call = filled.api.call(
        OURS, service_record_id=theirs, campaign_id=filled.campaigns[THEIRS], start_time=START, nps_score=9
    )
    service_record = filled.api.service_record(OURS, service_advisor_id=filled.advisors[THEIRS])
    other = filled.api.call(OURS, service_record_id=service_record, start_time=START, outcome="reached")
    filled.api.feedback(call)
    span = {"from_": START.isoformat(), "to": (START + timedelta(days=1)).isoformat()}
    said = [
        filled.api.get("/calls").text,
        filled.api.get(f"/calls/{call}").text,
        filled.api.get(f"/calls/{other}").text,
        filled.api.get("/feedback").text,
        filled.api.get("/feedback/summary", group="campaign", **span).text,
        filled.api.get("/feedback/summary", group="advisor", **span).text,
    ]
    for text in said:
        assert "Secret" not in text
        assert THEIRS not in text
    assert filled.api.ids("/calls", customer="secret") == []
    assert filled.api.ids("/calls", advisor="Secret Advisor") == []


def test_parameters_cannot_name_an_organization(filled: Filled) -> None:
    for name in ("organization_", "organization_id", "org"):
        assert filled.api.get("/calls", **{name: THEIRS}).status == 400


def _paths(filled: Filled) -> Iterator[str]:
    for rule in ROUTES:
        path = rule.removeprefix("/v1").replace("<call_id>", str(filled.calls[THEIRS][0]))
        yield path.replace("<event_id>", "a" * 64).replace("<follow_up_id>", "1")


def test_no_route_at_all_says_anything_of_others(filled: Filled) -> None:
    for path in _paths(filled):
        text = filled.api.get(path).text
        assert THEIRS not in text
        assert not set(filled.calls[THEIRS]) & _call_ids(text)


def _call_ids(text: str) -> set[int]:
    try:
        found = json.loads(text)
    except ValueError:
        return set()
    return {item.get("id", item.get("call_id")) for item in found.get("items", [])}


def test_a_ping_shows_no_webhook_of_a_call(filled: Filled) -> None:
    for name, kind, call, vapi in (("a", "status-update", None, None), ("b", "autopulse.ping", None, "call_1")):
        times = {"received_at": START, "processed_at": START}
        filled.api.receipt(name * 64, type=kind, call_id=call, vapi_call_id=vapi, **times)
        assert filled.api.get(f"/pings/{name * 64}").status == 404
