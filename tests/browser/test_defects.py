"""Defects of the screens that were mended: each test does what a person did, and fails without the mend."""

import re
from datetime import datetime, timezone
from typing import Any, Final

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, OpenInvented
from tests.browser.invented import InventedApi, Json, feedback_of, invent_call, invent_call_to_come, summary_of
from tests.browser.pages import Complaints

DASH: Final = "\N{EN DASH}"
ZOOMED: Final = {"viewport": {"width": 320, "height": 256}}
"""A window of 1280 by 1024 pixels at 400 %."""


@pytest.fixture
def api() -> InventedApi:
    """A hundred calls, of which a third have a score."""
    scores = (None, 2, None, 7, None, 10)
    calls = [invent_call(place, nps_score=scores[place % 6]) for place in range(1, 101)]
    feedback = [feedback_of(call) for call in calls]
    return InventedApi(calls=calls, feedback=feedback)


@pytest.fixture
def live_api(api: InventedApi) -> InventedApi:
    """The same with a socket that answers."""
    api.speaks = True
    return api


def wait_for_list(page: Page) -> None:
    expect(page.locator("[data-call]").first).to_be_visible()


def wait_for_feedback(page: Page) -> None:
    expect(page.locator(".feedback-item").first).to_be_visible()
    expect(page.locator(".panel[aria-busy=false]")).to_have_count(2)


def focused(page: Page) -> str:
    """The test id of what has the focus, or its tag."""
    return str(page.evaluate("document.activeElement.dataset.testid ?? document.activeElement.localName"))


# Calls to come


def test_five_hundred_calls_to_come_are_one_row_above_the_newest_that_has_happened(
    open_invented: OpenInvented, api: InventedApi
) -> None:
    api.calls[:0] = [invent_call_to_come(1000 + place) for place in range(500)]
    page = open_invented(api)
    expect(page.locator("[data-call]").first).to_have_attribute("data-call", "1")
    expect(page.locator("[data-call]").first).to_be_in_viewport()
    row = page.get_by_test_id("to-come")
    expect(row).to_have_text("500 to come ▸")
    row.click()
    expect(page.locator("[data-call]").first.get_by_test_id("call-status")).to_have_text("Ready")
    expect(row).to_be_focused()
    expect(page).to_have_url(re.compile("to_come=true"))
    row.click()
    expect(page.locator("[data-call]").first).to_have_attribute("data-call", "1")


def test_nothing_is_said_of_calls_to_come_where_there_are_none(open_invented: OpenInvented, api: InventedApi) -> None:
    page = open_invented(api)
    expect(page.get_by_test_id("call-count")).to_have_text("100 calls")
    expect(page.get_by_test_id("to-come")).to_be_hidden()


def test_live_calls_are_first_and_counted_on_the_screen_and_in_the_title(
    open_invented: OpenInvented, api: InventedApi
) -> None:
    now = datetime.now(timezone.utc).isoformat()
    # As the API has them: by when they began.
    api.calls.insert(0, invent_call(500, status="In Progress", start_time=now, end_time=None, outcome=None))
    api.calls.insert(0, invent_call(501, status="Completed", start_time=now, end_time=now))
    page = open_invented(api)
    expect(page.locator("[data-call]").nth(0)).to_have_attribute("data-call", "500")
    expect(page.locator("[data-call]").nth(1)).to_have_attribute("data-call", "501")
    expect(page.get_by_test_id("call-group-live-now")).to_have_text("Live now · 1")
    expect(page.get_by_test_id("call-count")).to_have_text("1 live · 102 calls")
    expect(page).to_have_title(f"Calls, 1 live {DASH} AutoPulse")


# Score links, and what keeps the focus


@pytest.mark.parametrize(("nps_category", "number"), [("detractor", 17), ("passive", 17), ("promoter", 16)])
def test_a_category_of_the_score_card_filters_the_list(
    open_invented: OpenInvented, api: InventedApi, nps_category: str, number: int
) -> None:
    page = open_invented(api, "?view=feedback")
    wait_for_feedback(page)
    page.locator(f".category-link:has(.swatch-{nps_category})").click()
    title = page.get_by_role("heading", name="What customers said")
    expect(title).to_be_in_viewport()
    expect(title).to_be_focused()
    expect(page.get_by_test_id("feedback-count")).to_have_text(f"{number} from {nps_category}s")


@pytest.mark.parametrize(
    "control", ["feedback-category-detractor", "feedback-category-all", "feedback-period-day", "feedback-period-month"]
)
def test_a_choice_keeps_the_focus(open_invented: OpenInvented, api: InventedApi, control: str) -> None:
    page = open_invented(api, "?view=feedback&range=365d")
    wait_for_feedback(page)
    link = page.get_by_test_id(control)
    link.focus()
    page.keyboard.press("Enter")
    expect(link).to_have_attribute("aria-current", "true")
    wait_for_feedback(page)
    assert focused(page) == control


@pytest.mark.parametrize("name", ["range", "direction", "campaign", "advisor", "demo"])
def test_a_filter_of_the_feedback_keeps_the_focus(open_invented: OpenInvented, api: InventedApi, name: str) -> None:
    page = open_invented(api, "?view=feedback")
    wait_for_feedback(page)
    control = page.get_by_test_id(f"feedback-filter-{name}")
    control.focus()
    page.keyboard.press("Space" if name == "demo" else "ArrowDown")
    expect(page).to_have_url(re.compile(f"{name}="))
    wait_for_feedback(page)
    assert focused(page) == f"feedback-filter-{name}"


@pytest.mark.parametrize("name", ["range", "status", "outcome", "campaign", "advisor", "direction", "demo"])
def test_a_filter_of_the_calls_keeps_the_focus(open_invented: OpenInvented, api: InventedApi, name: str) -> None:
    page = open_invented(api)
    wait_for_list(page)
    page.locator(".filter-more > summary").click()
    control = page.get_by_test_id(f"call-filter-{name}")
    control.focus()
    page.keyboard.press("ArrowDown")
    expect(page).to_have_url(re.compile(f"{name}="))
    assert focused(page) == f"call-filter-{name}"


# Keys after a click


@pytest.mark.parametrize("cell", ["outcome", "customer", "vehicle", "service", "advisor", "start", "duration", "nps"])
def test_after_a_click_on_any_cell_the_keys_work(open_invented: OpenInvented, api: InventedApi, cell: str) -> None:
    page = open_invented(api, viewport={"width": 1800, "height": 900})
    wait_for_list(page)
    page.locator(f"[data-call='3'] td.call-{cell}").click()
    panel = page.get_by_test_id("call-panel")
    expect(panel).to_have_attribute("data-call", "3")
    page.keyboard.press("ArrowDown")
    expect(panel).to_have_attribute("data-call", "4")
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(page.locator("[data-call='4'] a")).to_be_focused()


def test_escape_closes_a_call_wherever_the_focus_is(open_invented: OpenInvented, api: InventedApi) -> None:
    page = open_invented(api, "?call=3")
    expect(page.get_by_test_id("call-panel")).to_be_visible()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("call-panel")).to_have_count(0)


# Dates


@pytest.mark.parametrize(
    ("path", "control", "readings"),
    [
        ("?from=2026-11-01&to=2026-11-30", "call-filter-from", "calls"),
        ("?view=feedback&from=2026-11-01", "feedback-filter-to", "feedback"),
    ],
)
def test_a_date_that_is_typed_is_asked_for_once(
    open_invented: OpenInvented, api: InventedApi, path: str, control: str, readings: str
) -> None:
    page = open_invented(api, path)
    wait_for_feedback(page) if "feedback" in path else wait_for_list(page)
    before, entries = len(api.readings(readings)), page.evaluate("history.length")
    field = page.get_by_test_id(control)
    field.focus()
    page.keyboard.type("11272026", delay=30)
    page.keyboard.press("Tab")
    expect(page).to_have_url(re.compile("(from|to)=2026-11-27"))
    page.keyboard.press("Shift+Tab")
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    assert len(api.readings(readings)) - before <= 3
    assert page.evaluate("history.length") - entries <= 1
    asked = [value for reading in api.readings(readings) for value in (reading.get("from"), reading.get("to")) if value]
    assert [value for value in asked if value < "2020"] == []


def test_a_day_before_the_year_2000_is_not_asked_for(open_invented: OpenInvented, api: InventedApi) -> None:
    page = open_invented(api, "?from=2026-11-01")
    wait_for_list(page)
    page.get_by_test_id("call-filter-from").fill("0202-11-27")
    page.keyboard.press("Tab")
    assert "from=2026-11-01" in page.url


def test_days_in_the_wrong_order_are_explained(open_invented: OpenInvented, api: InventedApi) -> None:
    page = open_invented(api, "?from=2026-11-27&to=2026-11-01")
    expect(page.get_by_test_id("empty")).to_contain_text("The first day is after the last one.")


# Filters and places that stay


def test_filters_stay_when_the_view_changes(open_invented: OpenInvented, api: InventedApi) -> None:
    page = open_invented(
        api, "?from=2026-11-01&to=2026-11-27&campaign=3&advisor=Robin+Sample&demo=false&outcome=reached"
    )
    wait_for_list(page)
    page.get_by_role("link", name="Feedback", exact=True).click()
    wait_for_feedback(page)
    (*_, asked) = api.readings("feedback")
    assert (asked["campaign"], asked["advisor"]) == ("3", "Robin Sample")
    assert "from=2026-11-01&to=2026-11-27" in page.url
    page.get_by_role("link", name="Calls", exact=True).click()
    wait_for_list(page)
    expect(page.get_by_test_id("call-filter-from")).to_have_value("2026-11-01")


def test_a_call_opened_from_a_category_stands_in_the_list_of_that_category(
    open_invented: OpenInvented, api: InventedApi
) -> None:
    page = open_invented(api, "?view=feedback&nps_category=detractor&from=2026-11-01")
    wait_for_feedback(page)
    page.locator(".feedback-item h3 a").first.click()
    expect(page.get_by_test_id("call-panel")).to_be_visible()
    expect(page.get_by_test_id("call-count")).to_have_text("17 calls")
    panel = page.get_by_test_id("call-panel")
    first = panel.get_attribute("data-call")
    page.locator("[data-call][data-open] a").focus()
    page.keyboard.press("ArrowDown")
    expect(panel).not_to_have_attribute("data-call", first or "")
    expect(panel.locator(".panel-badges .score")).to_have_text("2")


def test_back_leads_to_where_one_was_in_the_feedback(open_invented: OpenInvented, api: InventedApi) -> None:
    page = open_invented(api, "?view=feedback&said=all")
    wait_for_feedback(page)
    page.get_by_test_id("feedback-more").click()
    items = page.locator(".feedback-item")
    expect(items).to_have_count(35)
    link = items.nth(31).locator("h3 a")
    link.scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    assert before > 1000
    link.click()
    expect(page.get_by_test_id("call-panel")).to_be_visible()
    page.go_back()
    expect(items).to_have_count(35)
    expect(link).to_be_in_viewport()
    assert abs(page.evaluate("scrollY") - before) < 2


def test_back_leads_to_where_one_was_in_the_list(open_invented: OpenInvented, api: InventedApi) -> None:
    api.calls = [invent_call(place) for place in range(1, 301)]
    page = open_invented(api)
    wait_for_list(page)
    scroller = page.locator(".call-scroller")
    expect(page.get_by_test_id("call-count")).to_have_text("300 calls")
    page.evaluate("document.querySelector('.call-scroller').scrollTop = 2600")
    expect(page.locator("[aria-rowindex='60']")).to_be_in_viewport()
    before = scroller.evaluate("area => area.scrollTop")
    page.get_by_role("link", name="Feedback", exact=True).click()
    expect(page.get_by_test_id("nps-score")).to_be_visible()
    page.go_back()
    expect(page.locator("[aria-rowindex='60']")).to_be_in_viewport()
    assert scroller.evaluate("area => area.scrollTop") == before


def test_after_a_reload_the_row_of_the_open_call_is_in_sight(open_invented: OpenInvented, api: InventedApi) -> None:
    page = open_invented(api, "?call=50")
    expect(page.locator("[data-call='50'].call-row")).to_be_in_viewport()


# Zoom


@pytest.mark.parametrize("look", [ZOOMED, PHONE | ZOOMED], ids=["desktop", "phone"])
def test_at_four_hundred_percent_every_filter_and_row_is_reached(
    open_invented: OpenInvented, api: InventedApi, look: dict[str, Any]
) -> None:
    page = open_invented(api, "?from=2026-11-01", **look)
    wait_for_list(page)
    page.locator(".filter-more summary").click()
    scores = [f"nps_category-{name}" for name in ("detractor", "passive", "promoter", "none")]
    for name in (*scores, "range", "from", "to", "status", "outcome", "campaign", "advisor", "direction", "demo"):
        control = page.get_by_test_id(f"call-filter-{name}")
        control.scroll_into_view_if_needed()
        expect(control).to_be_in_viewport(ratio=0.9)
    row = page.locator("[data-call]").first
    row.scroll_into_view_if_needed()
    expect(row).to_be_in_viewport()
    assert page.locator(".call-scroller").evaluate("area => area.clientHeight") >= 160
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    row.click()
    expect(page.get_by_test_id("panel-close")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_at_four_hundred_percent_the_feedback_is_not_wider_than_the_window(
    open_invented: OpenInvented, api: InventedApi
) -> None:
    page = open_invented(api, "?view=feedback", **ZOOMED)
    wait_for_feedback(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


# Readings


def test_the_list_is_read_once_and_no_further_than_what_is_in_sight(
    open_invented: OpenInvented, live_api: InventedApi
) -> None:
    page = open_invented(live_api)
    expect(page.get_by_test_id("connection-state")).to_have_text("live")
    expect(page.get_by_test_id("call-count")).to_have_text("100 calls")
    lists = [reading for reading in live_api.readings("calls") if "status" not in reading]
    assert [reading["limit"] for reading in lists] == ["60"]


def test_the_feedback_is_read_once(open_invented: OpenInvented, live_api: InventedApi) -> None:
    page = open_invented(live_api, "?view=feedback")
    wait_for_feedback(page)
    expect(page.get_by_test_id("connection-state")).to_have_text("live")
    assert len(live_api.readings("feedback")) == 1
    assert len(live_api.readings("feedback/summary")) == 3


def test_what_was_read_before_the_connection_is_read_again_with_it(
    open_invented: OpenInvented, api: InventedApi
) -> None:
    page = open_invented(api)
    wait_for_list(page)
    before = len(api.readings("calls"))
    with page.expect_response(re.compile("/v1/calls[?]")):
        api.confirm("calls")
    expect(page.get_by_test_id("connection-state")).to_have_text("live")
    assert len(api.readings("calls")) > before


def test_a_long_list_is_not_read_again_as_a_whole(open_invented: OpenInvented, live_api: InventedApi) -> None:
    live_api.calls = [invent_call(place) for place in range(1, 1201)]
    page = open_invented(live_api)
    wait_for_list(page)
    page.wait_for_function(
        "() => { document.querySelector('.call-scroller').scrollTop = 1e9;"
        " return document.querySelector('[aria-rowindex=\"661\"]'); }"
    )
    before = len(live_api.readings("calls"))
    with page.expect_response(lambda response: "/v1/calls?" in response.url and "to=" in response.url):
        live_api.confirm("calls")
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    assert len(live_api.readings("calls")) - before <= 5


# Words and numbers


def test_the_list_of_feedback_begins_with_who_gave_a_score_or_complained(
    open_invented: OpenInvented, api: InventedApi
) -> None:
    calls = [invent_call(1), invent_call(2, nps_score=9), invent_call(3), invent_call(4)]
    mailbox = feedback_of(calls[0], content="The assistant reached a mailbox.")
    api.feedback = [
        mailbox,
        feedback_of(calls[1]),
        feedback_of(calls[2], detractors="Long wait"),
        feedback_of(calls[3]),
    ]
    page = open_invented(api, "?view=feedback")
    wait_for_feedback(page)
    expect(page.get_by_test_id("feedback-count")).to_have_text("2 with a score or a complaint")
    page.get_by_test_id("feedback-category-all").click()
    expect(page.get_by_test_id("feedback-count")).to_have_text("4 in all")


@pytest.mark.parametrize(("period", "days"), [("month", "7d"), ("month", "30d"), ("week", "7d")])
def test_a_period_that_gives_no_trend_falls_back(
    open_invented: OpenInvented, api: InventedApi, period: str, days: str
) -> None:
    page = open_invented(api, f"?view=feedback&period={period}&range={days}")
    wait_for_feedback(page)
    expect(page.get_by_test_id("feedback-period-day")).to_have_attribute("aria-current", "true")
    assert {reading.get("period") for reading in api.readings("feedback/summary")} == {"day", None}


def test_a_visit_has_no_status_that_follows_the_call(open_invented: OpenInvented, api: InventedApi) -> None:
    call = invent_call(1, outcome="voicemail")
    visit: Json = {
        "id": 1, "customer_name": "Dana Example", "phone": call["phone"], "vehicle": None, "service": None,
        "status": "Missed", "appointment": None, "feedback": None, "rating": None,
    }  # fmt: skip
    api.details[1] = api.answer("calls/1", {}) | {"outcome": "voicemail", "service_record": visit}
    page = open_invented(api, "?call=1")
    record = page.get_by_test_id("service-record")
    expect(record).to_contain_text("Dana Example")
    expect(record).not_to_contain_text("Missed")


def test_the_count_is_of_all_calls_and_stays_when_a_file_is_saved(
    open_invented: OpenInvented, api: InventedApi
) -> None:
    api.calls = [invent_call(place) for place in range(1, 901)]
    page = open_invented(api)
    count = page.get_by_test_id("call-count")
    expect(count).to_have_text("900 calls")
    with page.expect_download():
        page.get_by_test_id("call-export").click()
    expect(page.get_by_test_id("call-saved")).to_have_text("Saved")
    expect(count).to_have_text("900 calls")
    assert count.get_attribute("role") is None


def test_a_title_says_which_call_is_open(open_invented: OpenInvented, api: InventedApi) -> None:
    page = open_invented(api, "?call=1")
    expect(page).to_have_title(f"Dana Example 1, 2 of 10 {DASH} AutoPulse")
    page.get_by_test_id("panel-close").click()
    expect(page).to_have_title(f"Calls {DASH} AutoPulse")


def test_the_line_below_a_name_has_spaces_between_its_words(open_invented: OpenInvented, api: InventedApi) -> None:
    page = open_invented(api, "?call=1")
    line = page.locator(".panel-subtitle")
    expect(line).to_contain_text("Sample Sedan")
    spoken = line.evaluate(
        "line => [...line.childNodes].filter((part) => part.ariaHidden !== 'true')"
        ".map((part) => part.textContent).join('')"
    )
    assert "2021 Sample Sedan  Oil change  Robin Sample" in spoken


def test_a_mistyped_address_is_explained(open_invented: OpenInvented, api: InventedApi, complaints: Complaints) -> None:
    complaints.expect("400 (Bad Request)")
    api.refusal = (400, "bad_request", "Input should be a valid datetime or date, input is too short.")
    api.refused_field = "from"
    page = open_invented(api, "?from=2026")
    expect(page.get_by_test_id("failure")).to_contain_text("The first day in this address is no date. Choose it again.")
    expect(page.get_by_test_id("failure")).not_to_contain_text("Input should be")


# Refused, offline, old browsers


def test_a_user_without_an_organization_sees_only_that(
    open_invented: OpenInvented, api: InventedApi, complaints: Complaints
) -> None:
    complaints.expect("403 (Forbidden)")
    api.refusal = (403, "forbidden", "No organization.")
    page = open_invented(api)
    expect(page.get_by_test_id("failure")).to_contain_text("No access")
    expect(page.get_by_test_id("connection-state")).to_have_text("refused")
    expect(page.get_by_test_id("failure")).to_have_count(1)
    expect(page.get_by_role("button", name="Try again")).to_have_count(0)
    expect(page.get_by_test_id("call-count")).to_have_count(0)
    expect(page.get_by_test_id("connection-banner")).to_be_hidden()
    assert api.asked.count("live/tickets") == 1


def test_rows_of_another_question_are_marked_when_a_filter_cannot_be_read(
    open_invented: OpenInvented, api: InventedApi, complaints: Complaints
) -> None:
    complaints.expect("Failed to load resource")
    page = open_invented(api)
    wait_for_list(page)
    page.route("**/v1/calls?*", lambda route: route.abort())
    page.locator(".filter-more > summary").click()
    page.get_by_test_id("call-filter-outcome").select_option("busy")
    expect(page.get_by_test_id("stale")).to_contain_text("These are not the calls that you asked for")
    expect(page.locator(".call-scroller")).to_have_attribute("data-other", "")
    page.unroute("**/v1/calls?*")
    page.get_by_test_id("stale").get_by_role("button").click()
    expect(page.get_by_test_id("empty")).to_contain_text("No call matches these filters")


def test_a_browser_that_cannot_join_signals_reads_all_the_same(open_invented: OpenInvented, api: InventedApi) -> None:
    page = open_invented(api, script="delete AbortSignal.any")
    wait_for_list(page)


@pytest.mark.parametrize(
    ("share", "text"), [(0.998, "> 99%"), (0.0008, "< 1%"), (1, "100%"), (0, "0%"), (0.994, "99%"), (0.006, "1%")]
)
def test_a_share_just_below_100_percent_is_not_shown_as_100(
    open_invented: OpenInvented, api: InventedApi, share: float, text: str
) -> None:
    api.summary = summary_of() | {"total": summary_of()["total"] | {"reach_rate": share}}
    page = open_invented(api, "?view=feedback")
    expect(page.get_by_test_id("fact-reach")).to_have_text(text)


# Paper


def test_a_printed_feedback_shows_every_chart_as_a_whole(open_invented: OpenInvented, api: InventedApi) -> None:
    page = open_invented(api, "?view=feedback", viewport={"width": 1440, "height": 900})
    wait_for_feedback(page)
    page.set_viewport_size({"width": 720, "height": 900})  # DeadLetter less its margins, as a printer asks for it
    page.emulate_media(media="print")
    cut = page.locator(".chart-picture svg, .hero-bar svg, .outcomes svg").evaluate_all(
        """pictures => pictures.filter((picture) => {
            const box = picture.getBoundingClientRect();
            const canvas = picture.closest(".card").getBoundingClientRect();
            return box.right > canvas.right + 1 || box.width === 0;
        }).length"""
    )
    assert cut == 0
    assert (
        page.locator(".feedback-filters, .list-controls, #header").evaluate_all(
            "parts => parts.filter((part) => part.offsetHeight > 0).length"
        )
        == 0
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= 720


def test_a_printed_list_has_all_its_rows_and_a_printed_call_all_its_words(
    open_invented: OpenInvented, api: InventedApi
) -> None:
    said = {"speaker": "human", "text": "It was as I said.", "at": "2026-11-27T16:00:00Z", "seconds": 1.0}
    api.turns = [said] * 60
    page = open_invented(api, "")
    wait_for_list(page)
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    rows = page.locator("[data-call]")
    expect(rows).to_have_count(100)
    assert page.evaluate("document.documentElement.scrollHeight") >= rows.last.evaluate(
        "row => row.getBoundingClientRect().bottom"
    )
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen")
    rows.first.click()
    expect(page.locator(".turn")).to_have_count(60)
    page.emulate_media(media="print")
    body = page.locator(".panel-body")
    assert body.evaluate("body => body.scrollHeight - body.clientHeight") <= 1
    assert page.locator(".call-main").evaluate("list => list.offsetHeight") == 0


# Plain language


@pytest.mark.parametrize(
    ("outcome", "reason", "sentence"),
    [
        ("reached", "customer-ended-call", "The customer hung up."),
        ("reached", "silence-timed-out", "Nobody said anything for a while, so the call ended."),
        ("reached", "something-of-next-year", "The conversation came to its end."),
        ("no_answer", "silence-timed-out", "Somebody or something answered, and nobody spoke."),
        ("no_answer", "customer-did-not-answer", "Nobody answered."),
        ("voicemail", "voicemail", "A mailbox answered."),
        ("busy", "customer-busy", "The line was busy."),
        ("transferred", "assistant-forwarded-call", "The call was handed over to a person."),
        ("cancelled", "manually-canceled", "The call was cancelled before anybody answered."),
        ("failed", "pipeline-error-custom-llm-llm-failed", "The assistant stopped working during the call."),
        ("failed", "a-fault-of-next-year", "A technical fault ended the call."),
        ("unknown", "nobody-knows", "It is not known why the call ended."),
    ],
)
def test_why_a_call_ended_is_a_sentence_and_its_word_is_for_support(
    open_invented: OpenInvented, api: InventedApi, outcome: str, reason: str, sentence: str
) -> None:
    api.calls[0] |= {"outcome": outcome, "ended_reason": reason}
    api.turns = [{"speaker": "human", "text": "Leave a message.", "at": "2026-11-27T16:00:00Z", "seconds": 1.0}]
    page = open_invented(api, "?call=1")
    record = page.get_by_test_id("service-record")
    expect(record).to_contain_text(sentence)
    support = page.get_by_test_id("timeline")
    expect(page.get_by_test_id("call-panel").get_by_text(reason, exact=True)).to_have_count(0)
    expect(page.locator(".turn-speaker")).to_have_text("Mailbox" if outcome == "voicemail" else "Customer")
    support.get_by_text("Details for support").click()
    for detail in (reason, "vapi-1", "$0.08"):
        expect(support).to_contain_text(detail)


def test_the_header_says_whose_calls_these_are_and_in_which_time_zone(
    open_invented: OpenInvented, api: InventedApi
) -> None:
    page = open_invented(api, timezone_id="America/Chicago")
    expect(page.get_by_test_id("organization")).to_have_text("Placeholder Garage")
    expect(page.locator(".time-zone")).to_have_text("Central Time")
