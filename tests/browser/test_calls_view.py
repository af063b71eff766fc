"""The calls as a manager looks at them: who was unhappy, when, and why, without opening a call."""

import re
import time
from datetime import datetime, timedelta, timezone
from typing import Any, Final

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PHONE, OpenInvented
from tests.browser.invented import NOW, InventedApi, Json, feedback_of, invent_call, invent_call_to_come
from tests.browser.pages import wait_until

COMPLAINTS: Final = ("Waited forty minutes longer than told", "Nobody called back", "The invoice was not explained")
GIST: Final = "The customer confirmed the appointment and asked for a loan car."
SCORES: Final = (None, 2, None, 7, None, 10)
DAY: Final = timedelta(days=1)


def _at(moment: datetime, call_id: int, **given: Any) -> Json:  # noqa: ANN401 - fields of the API's call
    end = moment + timedelta(seconds=40)
    return invent_call(call_id, start_time=moment.isoformat(), end_time=end.isoformat(), **given)


def _live(call_id: int, **given: Any) -> Json:  # noqa: ANN401 - likewise
    now = datetime.now(timezone.utc).isoformat()
    return invent_call(
        call_id, **{"status": "In Progress", "start_time": now, "end_time": None, "outcome": None} | given
    )


@pytest.fixture
def api() -> InventedApi:
    """A hundred calls of the last hours; every third has a score, and a low one a complaint."""
    now = datetime.now(timezone.utc)
    calls = [
        _at(
            now - place * timedelta(minutes=17),
            place,
            nps_score=SCORES[place % 6],
            complaint=COMPLAINTS[place % 3] if SCORES[place % 6] == 2 else None,
            gist=GIST if place % 4 else None,
        )
        for place in range(1, 101)
    ]
    feedback = [feedback_of(call, detractors=call["complaint"]) for call in calls if call["nps_score"] is not None]
    return InventedApi(calls=calls, feedback=feedback)


def _rows(page: Page) -> Locator:
    return page.locator("[data-call].call-row")


def _wait_for_list(page: Page) -> None:
    expect(_rows(page).first).to_be_visible()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)


# The order of the list


def test_live_calls_stand_under_a_heading_with_their_number_above_the_finished_ones(
    open_invented: OpenInvented, api: InventedApi
) -> None:
    api.calls[:0] = [_live(500 + place) for place in range(4)]
    api.calls[:0] = [invent_call_to_come(1000 + place) for place in range(500)]
    page = open_invented(api)
    _wait_for_list(page)
    lines = page.locator(".call-table tbody tr:not(.call-gap)")
    expect(lines.nth(0)).to_have_text("Live now · 4")
    for place in range(1, 5):
        expect(lines.nth(place)).to_have_attribute("data-live", "")
    expect(lines.nth(5)).to_have_text("Finished, newest first")
    expect(lines.nth(6)).to_have_attribute("data-call", "1")
    expect(lines.nth(6)).to_be_in_viewport(ratio=1)
    expect(page.get_by_test_id("to-come")).to_have_text("500 to come ▸")
    expect(page).to_have_title(re.compile("^Calls, 4 live"))


def test_a_call_that_ends_moves_below_the_heading_of_the_finished_ones(
    open_invented: OpenInvented, api: InventedApi
) -> None:
    api.speaks = True
    api.calls[:0] = [_live(500), _live(501)]
    page = open_invented(api)
    expect(page.get_by_test_id("call-group-live-now")).to_have_text("Live now · 2")
    expect(page.get_by_test_id("connection-state")).to_have_text("live")
    now = datetime.now(timezone.utc).isoformat()
    api.calls[1] |= {"status": "Completed", "outcome": "reached", "end_time": now}
    api.call_event(501)
    expect(page.get_by_test_id("call-group-live-now")).to_have_text("Live now · 1")
    expect(page.locator("[data-testid=call-group-finished] + tr")).to_have_attribute("data-call", "501")
    api.calls[0] |= {"status": "Completed", "outcome": "reached", "end_time": now}
    api.call_event(500)
    expect(page.locator(".call-group")).to_have_count(0)
    expect(_rows(page)).not_to_have_count(0)


def test_with_headings_the_list_can_be_scrolled_and_walked_to_its_end(
    open_invented: OpenInvented, api: InventedApi
) -> None:
    api.calls = [*(_live(500 + place) for place in range(3)), *api.calls[:50]]
    page = open_invented(api, viewport={"width": 1440, "height": 600})
    expect(page.get_by_test_id("call-count")).to_have_text("3 live · 53 calls")
    _rows(page).first.locator("a").focus()
    for key, call in (("End", 50), ("Home", 502), ("ArrowDown", 501)):
        page.keyboard.press(key)
        expect(page.locator(f"[data-call='{call}'] a")).to_be_focused()
        expect(page.locator(f"[data-call='{call}'].call-row")).to_be_in_viewport(ratio=1)
    page.keyboard.press("Home")
    expect(page.get_by_test_id("call-group-live-now")).to_be_in_viewport(ratio=1)
    places = page.evaluate(
        """async () => {
            const scroller = document.querySelector(".call-scroller");
            const wrong = [];
            for (let top = 0; top < scroller.scrollHeight; top += 97) {
                scroller.scrollTop = top;
                await new Promise(requestAnimationFrame);
                await new Promise(requestAnimationFrame);
                const rows = [...document.querySelectorAll(".call-table tbody tr")]
                    .map((row) => row.getBoundingClientRect());
                rows.forEach(({ top: at }, place) => place && Math.abs(at - rows[place - 1].bottom) > 0.6
                    && wrong.push([top, place]));
                const { bottom } = scroller.getBoundingClientRect();
                const isEnd = scroller.scrollTop + scroller.clientHeight >= scroller.scrollHeight - 1;
                if (!isEnd && rows.at(-1).bottom < bottom - 1) wrong.push([top, "nothing below"]);
            }
            return wrong;
        }"""
    )
    assert places == []


# Score and time


def test_the_angry_customer_of_three_days_ago_is_found_in_three_actions(open_invented: OpenInvented) -> None:
    """One chip, one choice of time, one click."""
    day = (datetime.now(timezone.utc) - 3 * DAY).replace(hour=12)
    others = [_at(day - place * DAY, 10 + place, nps_score=2) for place in range(8, 40)]
    happy = [_at(day + place * timedelta(minutes=1), 100 + place, nps_score=10) for place in range(1, 30)]
    wanted = _at(day, 1, nps_score=1, complaint=COMPLAINTS[0], customer_name="Jo Mockford")
    page = open_invented(InventedApi(calls=[*happy[::-1], wanted, *others]))
    _wait_for_list(page)
    page.get_by_test_id("call-filter-nps_category-detractor").click()
    page.get_by_test_id("call-filter-range").select_option("7d")
    expect(_rows(page)).to_have_count(1)
    expect(_rows(page).locator(".call-start")).to_contain_text(f"{day:%a}")
    expect(_rows(page)).to_contain_text(COMPLAINTS[0])
    _rows(page).click()
    expect(page.get_by_test_id("call-panel")).to_contain_text("Jo Mockford")


def test_a_chip_of_a_score_narrows_the_list_and_its_second_click_shows_all_again(
    open_invented: OpenInvented, api: InventedApi
) -> None:
    page = open_invented(api)
    _wait_for_list(page)
    for name, number in (("detractor", 17), ("passive", 17), ("promoter", 16), ("none", 50)):
        chip = page.get_by_test_id(f"call-filter-nps_category-{name}")
        chip.click()
        expect(chip).to_have_attribute("aria-current", "true")
        expect(chip).to_be_focused()
        expect(page.get_by_test_id("call-count")).to_have_text(f"{number} calls")
        page.reload()
        expect(page.get_by_test_id("call-count")).to_have_text(f"{number} calls")
        chip.click()
        expect(chip).not_to_have_attribute("aria-current", "true")
        expect(page.get_by_test_id("call-count")).to_have_text("100 calls")


def _days_of(api: InventedApi) -> tuple[str | None, str | None]:
    """Return the time of the last request for finished calls; those for live calls have no time."""
    (*_, asked) = [reading for reading in api.readings("calls") if "status" not in reading]
    return asked.get("from"), asked.get("to")


@pytest.mark.parametrize(
    ("name", "since", "until"),
    [
        ("today", "2026-11-27", None),
        ("yesterday", "2026-11-26", "2026-11-27"),
        ("7d", "2026-11-21", None),
        ("last-week", "2026-11-16", "2026-11-23"),
    ],
)
def test_a_choice_of_time_asks_for_the_readers_days(
    open_invented: OpenInvented, api: InventedApi, name: str, since: str, until: str | None
) -> None:
    page = open_invented(
        api,
        script=f"Date = class extends Date {{ constructor(...given) {{"
        f" super(...(given.length ? given : [Date.now()])); }} static now() {{ return {NOW.timestamp() * 1000}; }} }};",
        timezone_id="America/New_York",
    )
    expect(page.get_by_test_id("call-count")).to_have_text("100 calls")
    page.get_by_test_id("call-filter-range").select_option(name)
    expect(page).to_have_url(re.compile(f"range={name}"))
    expected = (f"{since}T05:00:00.000Z", until and f"{until}T05:00:00.000Z")
    wait_until(page, lambda: _days_of(api) == expected, api.asked)


def test_days_between_two_dates_are_chosen_and_left_again(open_invented: OpenInvented, api: InventedApi) -> None:
    page = open_invented(api)
    _wait_for_list(page)
    time = page.get_by_test_id("call-filter-range")
    expect(page.get_by_test_id("call-filter-from")).to_be_hidden()
    time.select_option("dates")
    page.get_by_test_id("call-filter-from").fill("2026-01-01")
    page.keyboard.press("Tab")
    expect(page).to_have_url(re.compile("from=2026-01-01&to=|to=.*&from=2026-01-01"))
    time.select_option("")
    expect(page.get_by_test_id("call-filter-from")).to_be_hidden()
    assert "from" not in page.url


def test_time_score_campaign_and_advisor_stay_when_the_view_changes(
    open_invented: OpenInvented, api: InventedApi
) -> None:
    page = open_invented(api, "?range=last-week&nps_category=detractor&campaign=3&advisor=Robin+Sample")
    expect(page.get_by_test_id("call-filter-range")).to_have_value("last-week")
    page.get_by_role("link", name="Feedback", exact=True).click()
    expect(page.get_by_test_id("feedback-filter-range")).to_have_value("last-week")
    expect(page.get_by_test_id("feedback-category-detractor")).to_have_attribute("aria-current", "true")
    (*_, asked) = api.readings("feedback")
    assert (asked["nps_category"], asked["campaign"], asked["advisor"]) == ("detractor", "3", "Robin Sample")
    page.get_by_role("link", name="Calls", exact=True).click()
    expect(page.get_by_test_id("call-filter-nps_category-detractor")).to_have_attribute("aria-current", "true")
    expect(page.get_by_test_id("call-filter-range")).to_have_value("last-week")


def test_arrow_down_from_a_detractor_is_the_next_detractor(open_invented: OpenInvented, api: InventedApi) -> None:
    page = open_invented(api, "?nps_category=detractor")
    _wait_for_list(page)
    _rows(page).first.click()
    panel = page.get_by_test_id("call-panel")
    expect(panel).to_have_attribute("data-call", "1")
    page.keyboard.press("ArrowDown")
    expect(panel).to_have_attribute("data-call", "7")
    expect(panel.locator(".panel-badges .score")).to_have_text("2")


# What a row tells


def test_a_row_says_why_a_customer_was_unhappy(open_invented: OpenInvented, api: InventedApi) -> None:
    page = open_invented(api, "?nps_category=detractor")
    _wait_for_list(page)
    for place, call in enumerate((1, 7, 13)):
        said = _rows(page).nth(place).get_by_test_id("call-said")
        expect(said).to_have_text(COMPLAINTS[call % 3])
        expect(said).to_be_in_viewport(ratio=1)


def test_a_row_without_a_complaint_has_the_summary(open_invented: OpenInvented, api: InventedApi) -> None:
    page = open_invented(api)
    _wait_for_list(page)
    expect(page.get_by_test_id("call-row-3").get_by_test_id("call-said")).to_have_text(GIST)
    expect(page.get_by_test_id("call-row-4").get_by_test_id("call-said")).to_have_text("")


@pytest.mark.parametrize("device", [{}, PHONE, {"viewport": {"width": 320, "height": 256}}], ids=str)
def test_rows_are_of_one_height_whatever_they_say(
    open_invented: OpenInvented, api: InventedApi, device: dict[str, Any]
) -> None:
    api.calls[:0] = [_live(500, complaint="Of an earlier attempt"), _live(501, customer_name=None)]
    api.calls[3] |= {"gist": "word " * 40, "customer_name": "Maximiliana Pretendsome-Exampleton " * 3}
    page = open_invented(api, **device)
    _wait_for_list(page)
    heights = _rows(page).evaluate_all("rows => rows.map((row) => row.getBoundingClientRect().height)")
    assert len(set(heights)) == 1


def test_where_a_call_is_stands_where_its_outcome_will(open_invented: OpenInvented, api: InventedApi) -> None:
    api.calls[:0] = [_live(500)]
    api.calls.append(invent_call(300, status="Missed", outcome=None, nps_score=None))
    page = open_invented(api)
    _wait_for_list(page)
    expect(page.get_by_role("columnheader")).to_have_text(
        ["Score", "Customer", "Vehicle", "Service", "Advisor", "Start", "Duration", "Outcome"]
    )
    for call, state in ((500, "In Progress"), (1, "Reached")):
        expect(page.get_by_test_id(f"call-row-{call}").locator(".call-outcome")).to_have_text(state)


@pytest.mark.parametrize("call", ["", "?call=1"], ids=["list", "with a call"])
def test_no_name_start_or_state_is_cut_at_1280(open_invented: OpenInvented, api: InventedApi, call: str) -> None:
    names = ("Maximiliana Pretendsome-Exampleton", "Jo Mockfordshire", "Dana Example")
    moments = (NOW, NOW - 70 * DAY, NOW - 431 * DAY)
    for place, (name, moment) in enumerate(zip(names, moments, strict=True)):
        api.calls[place] |= {"customer_name": name, "start_time": moment.isoformat(), "attempt_count": 2}
    api.calls[:0] = [_live(500)]
    page = open_invented(api, call, viewport={"width": 1280, "height": 800})
    _wait_for_list(page)
    cut = page.locator(".call-link, td.call-start, .call-state-name, td.call-duration").evaluate_all(
        "parts => parts.filter((part) => part.scrollWidth > part.clientWidth + 1 && part.clientWidth > 0)"
        ".map((part) => part.textContent)"
    )
    assert cut == []


def test_a_score_has_one_colour_in_both_views(open_invented: OpenInvented, api: InventedApi, scheme: str) -> None:
    page = open_invented(api, color_scheme=scheme)
    _wait_for_list(page)
    colours = {}
    for score, name in ((2, "detractor"), (7, "passive"), (10, "promoter")):
        row = page.locator(f".call-row[data-nps-category={name}]").first
        expect(row.get_by_test_id("nps-score")).to_have_text(str(score))
        edge = row.locator("td").first.evaluate("cell => getComputedStyle(cell).boxShadow")
        colours[name] = row.locator(".score").evaluate("mark => getComputedStyle(mark).borderTopColor")
        assert colours[name] in edge
    assert len(set(colours.values())) == 3
    page.get_by_role("link", name="Feedback", exact=True).click()
    for name, colour in colours.items():
        swatch = page.locator(f".swatch-{name}").first
        expect(swatch).to_be_visible()
        assert swatch.evaluate("mark => getComputedStyle(mark).backgroundColor") == colour


def test_a_failed_call_is_told_without_a_word_of_the_machine(open_invented: OpenInvented, api: InventedApi) -> None:
    reason = "pipeline-error-custom-llm-llm-failed"
    api.calls[0] |= {"outcome": "failed", "ended_reason": reason}
    page = open_invented(api, "?call=1")
    panel = page.get_by_test_id("call-panel")
    expect(panel.get_by_test_id("call-outcome")).to_have_text("Failed")
    expect(panel.get_by_test_id("call-status")).to_be_hidden()
    expect(panel.get_by_test_id("service-record")).to_contain_text("The assistant stopped working during the call.")
    for word in (reason, "$0.08", "vapi-1"):
        expect(panel.get_by_text(word)).to_have_count(0)


# Files


def test_a_file_is_named_by_what_it_has_and_asks_for_links_and_the_readers_clock(
    open_invented: OpenInvented, api: InventedApi
) -> None:
    page = open_invented(api, "?nps_category=detractor&range=last-week", timezone_id="America/Chicago")
    expect(page.get_by_test_id("call-filter-nps_category-detractor")).to_have_attribute("aria-current", "true")
    with page.expect_download() as saving:
        page.get_by_test_id("call-export").click()
    assert re.fullmatch(r"calls-detractors-last-week-\d{4}-\d\d-\d\d[.]csv", saving.value.suggested_filename)
    (asked,) = api.readings("calls.csv")
    assert asked["console"] == "http://localhost/api/console/"
    assert (asked["form"], asked["timezone"], asked["nps_category"]) == ("people", "America/Chicago", "detractor")


# Readings


@pytest.mark.parametrize("count", [1, 50])
def test_news_of_calls_within_a_second_is_read_by_a_few_requests(
    open_invented: OpenInvented, api: InventedApi, count: int
) -> None:
    api.speaks = True
    going_on = [_live(500 + place) for place in range(50)]
    api.calls[:0] = going_on
    page = open_invented(api)
    expect(page.get_by_test_id("connection-state")).to_have_text("live")
    _wait_for_list(page)
    expect(page.get_by_test_id("call-count")).to_have_text("50 live · 150 calls")
    before, began = len(api.asked), time.monotonic()
    for call in (going_on * 50)[::-1][: 50 if count == 1 else 200]:
        api.call_event(549 if count == 1 else call["id"])
    going_on[-1]["status"] = "Forwarding"
    api.call_event(549)
    expect(page.get_by_test_id("call-row-549").get_by_test_id("call-status")).to_have_text("Forwarding")
    seconds = time.monotonic() - began
    assert len(api.asked) - before <= 1 + 3 * max(1.0, seconds), api.asked[before:]
    assert all(reading.get("ids") for reading in api.readings("calls")[-1:])
