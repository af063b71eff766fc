"""Searches for what visits say: found among the next calls, by their few visits, or among all calls."""

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest

from autopulse.db.queries import next_calls, pages, search
from tests.integration.api.client import OURS, THEIRS, Api

START = datetime(2026, 11, 2, 15, tzinfo=timezone.utc)


def _forget_statements() -> None:
    pages._statement.cache_clear()  # noqa: SLF001 - it keeps what the limits were
    pages._count.cache_clear()  # noqa: SLF001 - it keeps what the limits were


@pytest.fixture(params=[(1000, 1000), (2, 1000), (2, 1)], ids=["next", "few", "all"], autouse=True)
def _way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test takes each of the ways."""
    monkeypatch.setattr(search, "NEXT_VISITS", request.param[0])
    monkeypatch.setattr(next_calls, "FEW", request.param[1])
    _forget_statements()
    yield
    _forget_statements()


def _calls(api: Api, count: int, organization: str = OURS, first: int = 0, **service_record: object) -> list[int]:
    """Insert calls of as many visits, a minute apart; returns their ids, newest first."""
    named = {"customer_name": "Zoé Placeholder", "vehicle_info": "2021 Sample F-150"} | service_record
    calls = [
        api.call(
            organization,
            start_time=START + timedelta(minutes=first + minute),
            service_record_id=api.service_record(organization, **named),
        )
        for minute in range(count)
    ]
    return calls[::-1]


@pytest.mark.parametrize("q", ["zoe", "Zoé pla", "f-150 2021", '"zoé placeholder"'])
def test_visits_with_all_words_are_found_between_others(api: Api, q: str) -> None:
    older = _calls(api, 3)
    _calls(api, 4, first=10, customer_name="Robin Sample", vehicle_info="")
    newer = _calls(api, 2, first=20)
    _calls(api, 4, THEIRS, first=30)
    assert api.ids("/calls", q=q) == newer + older
    assert api.get("/calls/count", q=q).json["count"] == len(newer + older)


@pytest.mark.parametrize(
    ("name", "found", "not_found"),
    [
        ("Zoé Placeholder", ['"zoe"', '"Zoé" pla', '"placeholder"'], ['"zo"', '"placehold"', '"zo" placeholder']),
        ("A Sample", ['"a sample"', '"a"'], ['"sample a"', '"s"']),
        ("x" * 50, ['"' + "x" * 50 + '"', '"' + "x" * 41 + '"', "x" * 39], ['"' + "x" * 39 + '"']),
    ],
)
def test_quoted_words_of_visits_are_whole_words(api: Api, name: str, found: list[str], not_found: list[str]) -> None:
    calls = _calls(api, 3, customer_name=name, vehicle_info="")
    assert [q for q in found if api.ids("/calls", q=q) != calls] == []
    assert [q for q in not_found if api.ids("/calls", q=q)] == []


def test_pages_follow_each_other_in_both_orders(api: Api) -> None:
    calls = _calls(api, 3)
    _calls(api, 4, first=10, customer_name="Robin Sample", vehicle_info="")
    calls = _calls(api, 2, first=20) + calls
    newest = [calls[place : place + 2] for place in range(0, len(calls), 2)]
    oldest = [calls[::-1][place : place + 2] for place in range(0, len(calls), 2)]
    assert api.pages("/calls", q="placeholder", limit=2) == newest
    assert api.pages("/calls", q="placeholder", limit=2, order="oldest") == oldest


def test_other_filters_hold_as_well(api: Api) -> None:
    advisor = api.insert('"user"', name="Kim Sample", organization_id=OURS)
    calls = _calls(api, 3, service_advisor_id=advisor)
    others = _calls(api, 3, first=10)
    api.database.run("UPDATE call SET outcome = 'busy' WHERE id = ANY(:ids)", ids=[*calls[1:], others[0]])
    until = (START + timedelta(minutes=1)).isoformat()
    assert api.ids("/calls", q="zoe", advisor=advisor) == calls
    assert api.ids("/calls", q="zoe", outcome="busy") == [others[0], *calls[1:]]
    assert api.ids("/calls", q="zoe", outcome="busy", advisor=advisor) == calls[1:]
    assert api.ids("/calls", q="zoe", advisor=advisor, to=until) == calls[2:]
    assert api.ids("/calls", q='"placeholder zoe"') == []
