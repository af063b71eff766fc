"""Check what the screens look like, whatever was shown before: rows of one height, times that can be read."""

from datetime import timedelta
from typing import Any, Final

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PHONE, OpenInvented
from tests.browser.invented import NOW, InventedApi, feedback_of, invent_call
from tests.browser.invented_follow_ups import InventedInbox, invent_follow_up

WIDTHS: Final = (1024, 1440, 2560)
LANGUAGES: Final = ("en-US", "de-DE", "es-MX")


@pytest.fixture
def api() -> InventedApi:
    """Calls of an hour, a third of them with a score, and what the customers said."""
    scores = (None, 2, None, 7, None, 10)
    calls = [invent_call(place, nps_score=scores[place % 6]) for place in range(1, 61)]
    feedback = [feedback_of(call) for call in calls if call["nps_score"] is not None]
    inbox = InventedInbox([invent_follow_up(call["id"]) for call in calls if call["nps_score"] == 2])
    return InventedApi(calls=calls, feedback=feedback, inbox=inbox)


FIRST: Final = {"Calls": "[data-call]", "Feedback": ".feedback-item", "To call back": "[data-follow-up]"}
"""Name of a view -> what is there once it has been read."""


def show_view(page: Page, name: str) -> None:
    page.locator(".views").get_by_role("link", name=name).click()
    expect(page.locator(".views [aria-current=page]")).to_contain_text(name)
    expect(page.locator(FIRST[name]).first).to_be_visible()


def wait_for_panel(page: Page) -> None:
    """Wait until all of a call's panel has been read: the visit, and the follow-up."""
    expect(page.locator("#call-visit")).to_be_attached()
    expect(page.get_by_test_id("call-follow-up-state")).to_be_attached()


def look_of(elements: Locator) -> Any:  # noqa: ANN401 - the browser's numbers
    """Size and computed style of elements and all that is shown in them.

    What closed details have in them has a size or none, as the browser has had time to reckon it.
    """
    return elements.evaluate_all(
        """elements => elements.flatMap((element) => [element, ...element.querySelectorAll("*")])
            .filter((part) => part.checkVisibility()).map((part) => {
            const style = getComputedStyle(part);
            const { width, height } = part.getBoundingClientRect();
            const names = ["display", "borderTopWidth", "borderRadius", "fontSize", "color", "backgroundColor", "gap"];
            return [part.className.baseVal ?? part.className, Math.round(10 * width), Math.round(10 * height),
                ...names.map((name) => style[name])];
        })"""
    )


@pytest.mark.parametrize("device", [{}, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("other", ["Feedback", "To call back"])
def test_the_list_looks_the_same_before_and_after_another_view(
    open_invented: OpenInvented, api: InventedApi, device: dict[str, Any], other: str
) -> None:
    page = open_invented(api, "?call=1", **device)
    wait_for_panel(page)
    parts = page.locator(".call-row:nth-child(-n+7), .call-panel")
    before = look_of(parts)
    show_view(page, other)
    page.go_back()
    wait_for_panel(page)
    assert look_of(parts) == before


def test_the_inbox_looks_the_same_before_and_after_the_other_views(
    open_invented: OpenInvented, api: InventedApi
) -> None:
    page = open_invented(api, "?view=follow-ups&follow_up=7")
    parts = page.locator(".follow-up-row .score, .follow-up-row .follow-up-who, .follow-up-form")
    expect(page.get_by_role("button", name="Long wait")).to_be_visible()
    before = look_of(parts)
    show_view(page, "Feedback")
    show_view(page, "Calls")
    page.go_back()
    page.go_back()
    expect(page.get_by_role("button", name="Long wait")).to_be_visible()
    assert look_of(parts) == before


def test_rows_are_of_one_height_when_feedback_came_first(open_invented: OpenInvented, api: InventedApi) -> None:
    page = open_invented(api, "?view=feedback")
    expect(page.locator(".feedback-item").first).to_be_visible()
    show_view(page, "Calls")
    heights = page.locator(".call-row").evaluate_all("rows => rows.map((row) => row.getBoundingClientRect().height)")
    assert len(set(heights)) == 1
    assert (
        page.locator(".call-row .score:empty").first.evaluate("ring => getComputedStyle(ring).borderTopWidth") == "0px"
    )


def test_feedback_looks_the_same_before_and_after_the_other_view(open_invented: OpenInvented, api: InventedApi) -> None:
    page = open_invented(api, "?view=feedback")
    parts = page.locator(".facts, .feedback-item:nth-child(-n+5)")
    expect(parts.nth(3)).to_be_visible()
    before = look_of(parts)
    show_view(page, "Calls")
    page.go_back()
    expect(parts.nth(3)).to_be_visible()
    assert look_of(parts) == before


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", ["", "?call=1"], ids=["list", "with a call"])
def test_no_start_is_cut_at_any_width(open_invented: OpenInvented, language: str, path: str) -> None:
    # Today, days ago with the longest names of months, and a year ago.
    days = (0, 0, 1, 66, 70, 300, 420, 431)
    calls = [
        invent_call(place + 1, start_time=(NOW - timedelta(days=day, hours=4 + place)).isoformat())
        for place, day in enumerate(days)
    ]
    page = open_invented(InventedApi(calls=calls), path, locale=language, timezone_id="UTC")
    cells = page.locator("td.call-start")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        expect(cells.first).to_be_visible()
        cut = cells.evaluate_all(
            "cells => cells.filter((cell) => cell.scrollWidth > cell.clientWidth).map((cell) => cell.textContent)"
        )
        assert (width, cut) == (width, [])


@pytest.mark.parametrize("width", [1024, 1280, 1366])
def test_no_name_is_cut_beside_an_open_call(open_invented: OpenInvented, width: int) -> None:
    names = ("Max Pretendsome", "Dana Exampleton", "Jo Mockfordshire")
    calls = [invent_call(place + 1, customer_name=name) for place, name in enumerate(names)]
    page = open_invented(InventedApi(calls=calls), "?call=1", viewport={"width": width, "height": 800})
    cells = page.locator("td.call-customer")
    expect(cells).to_have_count(3)
    assert cells.evaluate_all("cells => cells.filter((cell) => cell.scrollWidth > cell.clientWidth).length") == 0
    vehicles = page.locator("td.call-vehicle").evaluate_all(
        "cells => cells.filter((cell) => cell.offsetWidth > 0 && cell.offsetWidth < 100).length"
    )
    assert vehicles == 0
