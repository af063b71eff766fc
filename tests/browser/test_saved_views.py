"""Views by name: the given ones, and those that a person saves, chooses, replaces and removes."""

from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import violations_in_both_schemes
from tests.browser.conftest import PHONE, OpenInvented
from tests.browser.invented import InventedApi, invent_call
from tests.browser.invented_follow_ups import ME, InventedInbox, invent_follow_up
from tests.browser.pages import Complaints

WIDE: Final = {"viewport": {"width": 1440, "height": 900}}
NARROW: Final = {"viewport": {"width": 760, "height": 700}}
ZOOMED: Final = {"viewport": {"width": 320, "height": 256}}
"""A window of 1280 by 1024 pixels at 400 %."""
MINE: Final = "?view=feedback&range=7d&advisor=5"
OFFLINE: Final = (503, {"code": "unavailable", "message": "The database does not answer.", "field": None})


@pytest.fixture
def api() -> InventedApi:
    calls = [invent_call(1, nps_score=3, advisor_id=ME), invent_call(2, nps_score=10)]
    return InventedApi(calls=calls, inbox=InventedInbox([invent_follow_up(1)]), views={"Robin's week": MINE})


def open_menu(page: Page) -> None:
    page.get_by_test_id("saved-views").click()
    expect(page.get_by_test_id("views-given").get_by_role("link")).to_have_count(3)
    expect(page.get_by_test_id("views-state")).not_to_have_text("Loading …")


def names(page: Page) -> list[str]:
    return page.get_by_test_id("views-own").get_by_role("link").all_inner_texts()


def asked(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def save(page: Page, name: str) -> None:
    page.get_by_label("Save this view as").fill(name)
    page.get_by_test_id("view-save").click()


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.dataset.testid ?? document.activeElement.id"))


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("My detractors", {"view": "calls", "nps_category": "detractor", "advisor": str(ME)}),
        ("Today, unhappy", {"view": "calls", "range": "today", "nps_category": "detractor"}),
        ("Overdue", {"view": "follow-ups", "list": "overdue"}),
    ],
)
def test_a_given_view_leads_to_its_filters(
    open_invented: OpenInvented, api: InventedApi, name: str, address: dict[str, str]
) -> None:
    page = open_invented(api, "?view=feedback&range=30d")
    open_menu(page)
    page.get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("region", name="Saved views")).to_be_hidden()
    expect(page.locator(f'.views a[data-view="{address["view"]}"]')).to_have_attribute("aria-current", "page")
    assert asked(page) == address
    open_menu(page)
    expect(page.get_by_role("region", name="Saved views").locator("a[aria-current]")).to_have_text([name])


def test_detractors_of_a_reader_whom_nobody_knows_are_those_of_everybody(
    open_invented: OpenInvented, api: InventedApi
) -> None:
    api.reader["user_id"] = None
    page = open_invented(api)
    open_menu(page)
    page.get_by_role("link", name="My detractors").click()
    expect(page.get_by_test_id("call-filter-clear")).to_be_visible()
    assert asked(page) == {"view": "calls", "nps_category": "detractor"}


def test_a_view_is_saved_without_what_is_open_in_it_and_is_there_in_another_browser(
    open_invented: OpenInvented, api: InventedApi
) -> None:
    page = open_invented(api, "?nps_category=detractor&call=1&view=calls")
    open_menu(page)
    save(page, "Été & more?")
    expect(page.get_by_test_id("views-news")).to_have_text("Saved as “Été & more?”.")
    expect(page.get_by_label("Save this view as")).to_have_value("")
    address = "?view=calls&nps_category=detractor"
    assert api.views_asked == [("PUT", "Été & more?", {"address": address})]
    other = open_invented(api, "?view=feedback")
    open_menu(other)
    assert names(other) == ["Été & more?", "Robin's week"]
    other.get_by_role("link", name="Été & more?").click()
    expect(other.locator('.views a[data-view="calls"]')).to_have_attribute("aria-current", "page")
    assert asked(other) == {"view": "calls", "nps_category": "detractor"}


def test_a_view_without_a_name_in_the_address_is_saved_as_the_usual_one(
    open_invented: OpenInvented, api: InventedApi
) -> None:
    page = open_invented(api)
    open_menu(page)
    save(page, "Everything")
    expect(page.get_by_test_id("views-news")).to_contain_text("Everything")
    assert api.views["Everything"] == "?view=calls"


def test_a_name_that_is_there_says_that_it_is_replaced(open_invented: OpenInvented, api: InventedApi) -> None:
    page = open_invented(api, "?view=calls&range=today")
    open_menu(page)
    page.get_by_label("Save this view as").fill("Robin's week")
    expect(page.get_by_test_id("view-save")).to_have_text("Replace")
    page.get_by_test_id("view-save").click()
    expect(page.get_by_test_id("views-news")).to_contain_text("Saved")
    expect(page.get_by_test_id("view-save")).to_have_text("Save")
    assert names(page) == ["Robin's week"]
    assert api.views == {"Robin's week": "?view=calls&range=today"}


def test_a_removed_view_can_be_brought_back(open_invented: OpenInvented, api: InventedApi) -> None:
    page = open_invented(api)
    open_menu(page)
    page.get_by_role("button", name="Remove Robin's week").click()
    expect(page.get_by_test_id("views-state")).to_have_text("You have saved none yet.")
    expect(page.get_by_test_id("view-undo")).to_be_focused()
    assert api.views == {}
    page.get_by_test_id("view-undo").click()
    expect(page.get_by_test_id("views-news")).to_have_text("“Robin's week” is back.")
    assert names(page) == ["Robin's week"]
    assert api.views == {"Robin's week": MINE}


def test_what_another_browser_has_removed_meanwhile_goes_without_a_word(
    open_invented: OpenInvented, api: InventedApi, complaints: Complaints
) -> None:
    complaints.expect("404 (Not Found)")
    page = open_invented(api)
    open_menu(page)
    api.views.clear()
    page.get_by_role("button", name="Remove Robin's week").click()
    expect(page.get_by_test_id("views-state")).to_have_text("You have saved none yet.")
    expect(page.get_by_test_id("views-problem")).to_be_hidden()


@pytest.mark.parametrize(
    ("refusal", "text"),
    [
        ((409, {"code": "conflict", "message": "You have 50 views. Remove one first."}), "You have 50 views."),
        ((422, {"code": "unprocessable", "message": "A name has no slash.", "field": "name"}), "A name has no slash."),
        ((422, {"code": "unprocessable", "message": "…", "field": "address"}), "too long to be saved"),
        (OFFLINE, "The database does not answer."),
    ],
    ids=["full", "name", "address", "database"],
)
def test_what_cannot_be_saved_says_why_and_keeps_what_was_typed(
    open_invented: OpenInvented, api: InventedApi, complaints: Complaints, refusal: tuple[int, Any], text: str
) -> None:
    complaints.expect("the server responded with a status of")
    api.views_refusal = refusal
    page = open_invented(api)
    open_menu(page)
    save(page, "Mine")
    expect(page.get_by_test_id("views-problem")).to_contain_text(text)
    expect(page.get_by_label("Save this view as")).to_have_value("Mine")
    page.reload()
    open_menu(page)
    expect(page.get_by_label("Save this view as")).to_have_value("Mine")
    api.views_refusal = None
    page.get_by_test_id("view-save").click()
    expect(page.get_by_test_id("views-news")).to_contain_text("Saved")
    expect(page.get_by_test_id("views-problem")).to_be_hidden()


@pytest.mark.parametrize("name", ["", "  ", ".."])
def test_what_is_no_name_asks_for_one_and_sends_nothing(
    open_invented: OpenInvented, api: InventedApi, name: str
) -> None:
    page = open_invented(api)
    open_menu(page)
    save(page, name)
    expect(page.get_by_test_id("views-problem")).to_contain_text("Give the view a name first")
    expect(page.get_by_test_id("view-name")).to_be_focused()
    assert api.views_asked == []


def test_views_that_cannot_be_read_say_so_and_are_read_on_asking(
    open_invented: OpenInvented, api: InventedApi, complaints: Complaints
) -> None:
    complaints.expect("503 (Service Unavailable)")
    api.refused_paths.add("views")
    page = open_invented(api)
    open_menu(page)
    expect(page.get_by_test_id("views-state")).to_contain_text("Your views could not be read.")
    api.refused_paths.clear()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_test_id("views-own").get_by_role("link")).to_have_text(["Robin's week"])


def test_the_menu_is_used_by_keyboard_alone(open_invented: OpenInvented, api: InventedApi) -> None:
    page = open_invented(api, "?view=calls")
    button = page.get_by_role("button", name="Views", exact=True)
    button.focus()
    expect(button).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("Enter")
    expect(button).to_have_attribute("aria-expanded", "true")
    expect(page.get_by_test_id("views-own").get_by_role("link")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name="My detractors")).to_be_focused()
    for _ in range(9):
        page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name="Robin's week")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_test_id("view-name")).to_be_focused()
    page.keyboard.type("Mine")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("views-own").get_by_role("link")).to_have_text(["Mine", "Robin's week"])
    page.keyboard.type("half a na")
    page.keyboard.press("Escape")
    expect(page.get_by_role("region", name="Saved views")).to_be_hidden()
    expect(button).to_be_focused()
    page.keyboard.press("Space")
    expect(button).to_have_attribute("aria-expanded", "true")
    expect(page.get_by_test_id("view-name")).to_have_value("half a na")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name="My detractors")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name="Today, unhappy")).to_be_focused()
    page.keyboard.press("Enter")
    expect(button).to_have_attribute("aria-expanded", "false")
    expect(button).to_be_focused()
    assert asked(page) == {"view": "calls", "range": "today", "nps_category": "detractor"}


def test_it_closes_when_somebody_goes_on_elsewhere(open_invented: OpenInvented, api: InventedApi) -> None:
    page = open_invented(api)
    panel = page.get_by_role("region", name="Saved views")
    open_menu(page)
    page.get_by_test_id("call-filter-customer").click()
    expect(panel).to_be_hidden()
    open_menu(page)
    page.get_by_test_id("view-save").focus()
    page.keyboard.press("Tab")
    expect(panel).to_be_hidden()


def test_nothing_of_it_is_loaded_before_somebody_asks(open_invented: OpenInvented, api: InventedApi) -> None:
    page = open_invented(api)
    expect(page.get_by_test_id("follow-ups-open")).to_be_visible()
    loaded = "performance.getEntriesByType('resource').filter(({ name }) => name.includes('saved_views')).length"
    assert page.evaluate(loaded) == 0
    assert api.readings("views") == []
    open_menu(page)
    assert page.evaluate(loaded) == 2
    assert len(api.readings("views")) == 1


@pytest.mark.parametrize("options", [WIDE, NARROW, PHONE, ZOOMED], ids=["wide", "narrow", "phone", "zoomed"])
def test_axe_finds_nothing_and_nothing_is_cut_off(
    open_invented: OpenInvented, api: InventedApi, options: dict[str, Any]
) -> None:
    api.views["A name of sixty characters, which is as long as one can be x"] = "?view=calls"
    page = open_invented(api, "?view=follow-ups", **options)
    open_menu(page)
    page.get_by_role("button", name="Remove Robin's week").click()
    expect(page.get_by_test_id("view-undo")).to_be_visible()
    assert violations_in_both_schemes(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page.get_by_test_id("view-save").scroll_into_view_if_needed()
    expect(page.get_by_test_id("view-save")).to_be_in_viewport(ratio=1)
    assert focused(page) == "view-undo"
