"""Calls by what their visits have: found among the next calls, by their few visits, or among all calls."""

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest

from autopulse.db.queries import next_calls, pages
from tests.integration.api.client import OURS, THEIRS, Api

START = datetime(2026, 11, 2, 15, tzinfo=timezone.utc)


@pytest.fixture(params=[(1000, 1000), (2, 1000), (2, 1)], ids=["next", "few", "all"], autouse=True)
def _way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test takes each of the ways."""
    monkeypatch.setattr(pages, "NEXT", request.param[0])
    monkeypatch.setattr(pages, "NEXT_NAMES", request.param[0])
    monkeypatch.setattr(next_calls, "FEW", request.param[1])
    pages._statement.cache_clear()  # noqa: SLF001 - it keeps what the limits were
    yield
    pages._statement.cache_clear()  # noqa: SLF001 - it keeps what the limits were


def _calls(
    api: Api, count: int, organization: str = OURS, name: str = "Dana Example", **service_record: object
) -> list[int]:
    """Calls of as many visits, a minute apart; newest first."""
    calls = [
        api.call(
            organization,
            start_time=START + timedelta(minutes=minute),
            service_record_id=api.service_record(organization, customer_name=name, **service_record),
        )
        for minute in range(count)
    ]
    return calls[::-1]


def test_names_are_of_one_organization(api: Api) -> None:
    ours, theirs = _calls(api, 5), _calls(api, 4, THEIRS)
    _calls(api, 5, name="Testa Placeholder")
    assert api.ids("/calls", customer="da exam") == ours
    assert api.ids("/calls", THEIRS, customer="da exam") == theirs
    assert api.ids("/calls", customer="da placeholder") == []


@pytest.mark.parametrize("asked", ["etu", "o exa", "anna maria", "MARIA", "x12", "2nd"])
def test_words_are_those_that_the_index_has(api: Api, asked: str) -> None:
    found = _calls(api, 4, name="Anna-Maria O'Example etude x12 (2nd) 'quoted' \\")
    _calls(api, 4, name="Testa Placeholder")
    assert api.ids("/calls", customer=asked) == found


def test_advisors_by_id_and_by_name(api: Api) -> None:
    advisor = api.insert('"user"', name="Kim Sample", organization_id=OURS)
    known, named = _calls(api, 4, service_advisor_id=advisor), _calls(api, 4, service_advisor_name="Lee Sample")
    assert api.ids("/calls", advisor=advisor) == known
    assert api.ids("/calls", advisor="Lee Sample") == named
    assert api.ids("/calls", THEIRS, advisor=advisor) == []


def test_pages_follow_each_other_in_both_orders(api: Api) -> None:
    calls = _calls(api, 7)
    _calls(api, 7, name="Testa Placeholder")
    newest = [calls[place : place + 2] for place in range(0, len(calls), 2)]
    oldest = [calls[::-1][place : place + 2] for place in range(0, len(calls), 2)]
    assert api.pages("/calls", customer="dana", limit=2) == newest
    assert api.pages("/calls", customer="dana", limit=2, order="oldest") == oldest


def test_other_filters_hold_as_well(api: Api) -> None:
    calls = _calls(api, 6)
    api.database.run("UPDATE call SET outcome = 'busy' WHERE id = ANY(:ids)", ids=calls[2:5])
    until = (START + timedelta(minutes=3)).isoformat()
    assert api.ids("/calls", customer="dana", outcome="busy") == calls[2:5]
    assert api.ids("/calls", customer="dana", to=until) == calls[3:]
    assert api.ids("/calls", customer="dana", outcome="busy", to=until) == calls[3:5]


def test_feedback_of_an_advisor_with_words(api: Api) -> None:
    advisor = api.insert('"user"', name="Kim Sample", organization_id=OURS)
    calls = _calls(api, 6, service_advisor_id=advisor)
    for place, call in enumerate(calls[1:]):
        api.feedback(call, detractors="long wait" if place % 2 else "dirty car")
    assert api.ids("/feedback", advisor=advisor) == calls[1:]
    assert api.ids("/feedback", advisor=advisor, text="dirt") == calls[1::2]
