"""The search box finds what was said: the hit is marked in its row, and the call opens at the turn."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenInvented
from tests.browser.invented import NOW, InventedApi, detail_of, invent_call

SAID = "I waited forty minutes, and the coffee was cold."
START = SAID.index("coffee")
HIT = {"where": "turn", "turn": 41, "text": SAID, "marks": [[START, START + len("coffee")]]}
COMPLAINT = {"where": "complaint", "turn": None, "text": "Cold <b>coffee</b>", "marks": [[8, 14]]}


def _turn(place: int) -> dict[str, object]:
    text = SAID if place == 41 else f"This is part {place} of what was said."
    return {
        "speaker": "human" if place % 2 else "assistant",
        "text": text,
        "at": NOW.isoformat(),
        "seconds": 3.0 * place,
    }


def _api() -> InventedApi:
    said = invent_call(1, match=HIT, has_recording=True, duration_seconds=200)
    complained = invent_call(2, match=COMPLAINT)
    return InventedApi(
        calls=[said, complained, invent_call(3, match=None)],
        details={1: detail_of(said | {"match": None})},
        turns=[_turn(place) for place in range(60)],
    )


def _search(page: Page, text: str) -> None:
    page.get_by_test_id("call-filter-customer").fill(text)
    expect(page).to_have_url(re.compile(f"customer={text}"))


def _found(page: Page, call_id: int) -> Locator:
    return page.get_by_test_id(f"call-row-{call_id}").get_by_test_id("call-match")


def _turn_of(page: Page) -> Locator:
    return page.get_by_test_id("transcript-turn").nth(41)


def test_the_box_says_what_it_searches_and_each_row_shows_the_hit(open_invented: OpenInvented) -> None:
    api = _api()
    page = open_invented(api)
    expect(page.get_by_test_id("call-filter-customer")).to_have_attribute(
        "placeholder", "Name, number, vehicle, or words that were said"
    )
    _search(page, "coffee")
    expect(page.get_by_test_id("call-row-3")).to_have_count(0)
    expect(_found(page, 1).locator("mark")).to_have_text("coffee")
    expect(_found(page, 1)).to_have_text(SAID)
    expect(_found(page, 2)).to_have_text("Complaint: Cold <b>coffee</b>")
    expect(_found(page, 2).locator("b")).to_have_count(0)
    assert "coffee" in [asked.get("q") for asked in api.readings("calls")]


def test_a_hit_behind_characters_of_two_units_is_marked_in_its_place(open_invented: OpenInvented) -> None:
    """The API counts code points, of which JavaScript's strings have two units for some."""
    text = "\N{ANGRY FACE}\N{ANGRY FACE} cold coffee \N{HOT BEVERAGE}\N{ANGRY FACE} coffee \N{ANGRY FACE}"
    places = [found.span() for found in re.finditer("coffee", text)]
    api = _api()
    api.calls[0]["match"] = {"where": "turn", "turn": 41, "text": text, "marks": places}
    page = open_invented(api)
    _search(page, "coffee")
    expect(_found(page, 1).locator("mark")).to_have_text(["coffee", "coffee"])
    expect(_found(page, 1)).to_have_text(text)


def test_enter_on_a_hit_is_at_the_turn_with_the_recording_ready_there(open_invented: OpenInvented) -> None:
    api = _api()
    page = open_invented(api)
    _search(page, "coffee")
    expect(_found(page, 1)).to_be_visible()
    page.get_by_test_id("call-row-1").locator(".call-link").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("call=1.*turn=41"))
    expect(_turn_of(page)).to_be_in_viewport()
    expect(_turn_of(page)).to_be_focused()
    expect(_turn_of(page).locator("mark")).to_have_text("coffee")
    expect(page.get_by_test_id("player").get_by_role("slider")).to_have_value("123")
    assert api.readings("calls/1/recording") == [], "nothing is fetched before somebody plays it"
    assert page.evaluate("document.querySelector('audio').paused")


def test_a_click_on_a_hit_and_a_link_to_it_are_at_the_turn(open_invented: OpenInvented) -> None:
    page = open_invented(_api())
    _search(page, "coffee")
    _found(page, 1).click()
    expect(_turn_of(page)).to_be_focused()
    page.reload()
    expect(_turn_of(page)).to_be_in_viewport()
    expect(_turn_of(page).locator("mark")).to_have_text("coffee")


def test_a_call_without_a_turn_of_its_own_leaves_the_turn_of_the_other_behind(open_invented: OpenInvented) -> None:
    page = open_invented(_api())
    _search(page, "coffee")
    _found(page, 1).click()
    expect(page).to_have_url(re.compile("turn=41"))
    _found(page, 2).click()
    expect(page).to_have_url(re.compile("call=2"))
    expect(page).not_to_have_url(re.compile("turn="))
    page.keyboard.press("Escape")
    expect(page).not_to_have_url(re.compile("call="))


def test_a_search_that_finds_nothing_says_so(open_invented: OpenInvented) -> None:
    page = open_invented(_api())
    _search(page, "marmalade")
    expect(page.get_by_test_id("empty")).to_contain_text("Nothing was found for “marmalade”")
    page.get_by_role("link", name="Show all calls").click()
    expect(page.get_by_test_id("call-row-3")).to_be_visible()
