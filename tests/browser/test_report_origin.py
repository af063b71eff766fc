"""What came by asking Vapi is marked, in the list and beside it; so is a call of which no report will come."""

from typing import Any, Final

import pytest
from playwright.sync_api import expect

from tests.browser.axe import violations_in_both_schemes
from tests.browser.conftest import PHONE, OpenInvented
from tests.browser.invented import InventedApi, detail_of, invent_call

MARKS: Final[list[tuple[dict[str, Any], str, str | None]]] = [
    ({"reported_by": "webhook"}, "", None),
    ({"reported_by": "reconciliation"}, "Fetched later", "Fetched from Vapi later: no report came by itself."),
    (
        {"reported_by": None, "reconciliation": "missing"},
        "No report",
        "No report came, and Vapi does not know the call.",
    ),
    (
        {"reported_by": None, "reconciliation": "unrecoverable"},
        "No report",
        "No report came, and Vapi no longer keeps the call.",
    ),
]
"""What the API says of a call, its mark in the list, and the sentence in its panel."""


@pytest.fixture
def api() -> InventedApi:
    calls = [invent_call(place, **said) for place, (said, _, _) in enumerate(MARKS, start=1)]
    return InventedApi(calls=calls, details={call["id"]: detail_of(call) for call in calls})


@pytest.mark.parametrize("device", [{}, PHONE], ids=["desktop", "phone"])
def test_the_list_marks_what_was_asked_for(
    open_invented: OpenInvented, api: InventedApi, device: dict[str, Any]
) -> None:
    page = open_invented(api, **device)
    for place, (_, mark, sentence) in enumerate(MARKS, start=1):
        found = page.get_by_test_id(f"call-row-{place}").locator(".call-report")
        expect(found).to_have_text(mark)
        expect(found).to_be_visible(visible=bool(mark))
        expect(found).to_have_attribute("title", sentence or "")


@pytest.mark.parametrize("place", range(1, len(MARKS) + 1))
def test_the_panel_says_it_in_a_sentence(open_invented: OpenInvented, api: InventedApi, place: int) -> None:
    page = open_invented(api, f"?call={place}")
    facts = page.get_by_test_id("service-record")
    expect(facts.locator("dt", has_text="How it ended")).to_be_visible()
    sentence = MARKS[place - 1][2]
    fact = facts.locator("dt", has_text="Report")
    expect(fact).to_have_count(1 if sentence else 0)
    if sentence:
        expect(fact.locator("+ dd")).to_have_text(sentence)


def test_axe_finds_nothing_in_the_marks(open_invented: OpenInvented, api: InventedApi) -> None:
    page = open_invented(api, "?call=2", bypass_csp=True)
    expect(page.get_by_test_id("service-record")).to_be_visible()
    expect(page.get_by_test_id("call-row-2").locator(".call-report")).to_be_visible()
    assert violations_in_both_schemes(page) == []
