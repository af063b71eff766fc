"""Check what every view has to keep to: no violation of axe, nothing that jumps while it loads, little to load."""

from datetime import datetime, timezone
from typing import Any, Final

import pytest
from playwright.sync_api import Page, expect

from local.first_view import MOST_BYTES, MOST_SHIFT
from tests.browser.axe import OF_COLOURS, violations, violations_in_both_schemes
from tests.browser.conftest import PHONE, WIDE, OpenInvented
from tests.browser.invented import (
    SITE,
    InventedApi,
    detail_of,
    feedback_of,
    file_reply,
    invent_call,
    invent_call_to_come,
    quality_of,
    size_of,
    tally,
)
from tests.browser.pages import Complaints, contrast, play_recordings

ZOOMED: Final = {"viewport": {"width": 320, "height": 256}}
"""A window of 1280 by 1024 pixels at 400 %."""
LEAST_CONTRAST: Final = 3
"""Of what is no text and has to be seen: WCAG 1.4.11."""
LEAST_CONTRAST_OF_TEXT: Final = 4.5
SHAPES: Final = {
    "calls": [
        (".input", "borderTopColor"),
        (".score[data-nps-category=detractor]", "borderTopColor"),
        (".score[data-nps-category=passive]", "borderTopColor"),
        (".score[data-nps-category=promoter]", "borderTopColor"),
        (".chip", "borderTopColor"),
        (".call-row[data-outcome=reached] .call-outcome", "color"),
    ],
    "feedback": [
        (".input", "borderTopColor"),
        (".segments", "borderTopColor"),
        (".chart-band", "stroke"),
        (".interval-span", "stroke"),
        (".interval-dot", "fill"),
        (".chart-line", "stroke"),
        (".chart-dot", "fill"),
        (".chart-axis", "stroke"),
        (".chart-volume", "fill"),
        (".outcome-reached", "fill"),
        (".outcome-other", "fill"),
        (".category-promoter", "fill"),
        (".category-passive", "fill"),
        (".category-detractor", "fill"),
        (".swatch-band", "borderTopColor"),
        (".score-detractor", "borderTopColor"),
        (".score-passive", "borderTopColor"),
        (".score-promoter", "borderTopColor"),
    ],
}
"""View -> what of it says something without a word, and by which colour."""
VIEWS: Final = {
    "calls": ("", "[data-call]"),
    "call": ("?call=1", ".turn"),
    "to come": ("?to_come=true", "[data-call]"),
    "feedback": ("?view=feedback", ".feedback-item"),
    "nothing": ("?outcome=busy", "[data-testid=empty]"),
}
NARROWED: Final = {
    "narrowed calls": ("?outcome=reached&advisor=Robin+Sample", "[data-call]"),
    "narrowed feedback": ("?view=feedback&nps_category=detractor&direction=all", ".feedback-item"),
}
"""Views that have more controls, and some that go when they are used."""
_CONTROLS: Final = """() => {
    const kindOf = ({ localName, className, dataset: { testid = "" }, type }) =>
        [localName, className, testid.replace(/[0-9]+/g, ""), type].join(" ");
    const leaves = "[href^='tel:'], [download], [aria-disabled=true]";
    const controls = [...document.querySelectorAll("main :is(a[href], button, summary, input[type=checkbox])")]
        .filter((control) => control.checkVisibility() && !control.disabled && !control.matches(leaves));
    return new Map(controls.reverse().map((control) => [kindOf(control), control]));
}"""
"""Kind -> the first control of that kind, of those that do something on the page."""
_COUNT_SHIFTS: Final = """
window.shifts = 0;
new PerformanceObserver((list) => list.getEntries().forEach((entry) => {
    window.shifts += entry.hadRecentInput ? 0 : entry.value;
})).observe({ type: "layout-shift", buffered: true });
"""


@pytest.fixture
def api() -> InventedApi:
    """Two hundred calls, some to come, and one that has all that a call can have."""
    scores = (None, 2, None, 7, None, 10)
    calls = [
        invent_call(place, nps_score=scores[place % 6], complaint="Long wait" if scores[place % 6] == 2 else None)
        for place in range(1, 201)
    ]
    now = datetime.now(timezone.utc).isoformat()
    going_on = {"status": "In Progress", "start_time": now, "end_time": None, "outcome": None}
    calls += [invent_call(300 + place, **going_on) for place in range(2)]
    said: dict[str, Any] = {
        "content": "It took longer than I was told.",
        "positives": "Friendly staff",
        "detractors": "Long wait\nHard to reach",
        "action_items": "Call back",
        "structured_data": {"visits": 3},
        "created_at": None,
        "updated_at": None,
    }
    event = {
        "event_id": "a" * 64, "kind": "status_update", "type": "status-update", "vapi_call_id": "vapi-1",
        "occurred_at": calls[0]["start_time"], "received_at": calls[0]["start_time"],
        "processed_at": calls[0]["start_time"], "delivery_ms": 3, "processing_ms": 12, "status": "Ringing",
        "outcome": "applied", "origin": "webhook", "repeats": 0,
    }  # fmt: skip
    turns = [
        {"speaker": speaker, "text": "It was as I said.", "at": calls[0]["start_time"], "seconds": 2.0 * place}
        for place, speaker in enumerate(("assistant", "human") * 6)
    ]
    feedback = [feedback_of(call, detractors="Long wait") for call in calls if call["nps_score"] is not None]
    to_come = [invent_call_to_come(1000 + place) for place in range(80)]
    ran = quality_of(turn_latency_median_ms=1100, ended_message="No route.", cost_dollars_by_type={"vapi": 0.05})
    detail = detail_of(calls[0], summary="The customer waited.", feedback=said, timeline=[event], quality=ran)
    return InventedApi(calls=[*calls, *to_come], details={1: detail}, feedback=feedback, turns=turns, speaks=True)


def wait_until_quiet(page: Page, marker: str) -> None:
    expect(page.locator(marker).first).to_be_visible()
    expect(page.get_by_test_id("connection-state")).to_have_text("live")
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    page.wait_for_load_state("networkidle")


@pytest.mark.parametrize("device", [{}, PHONE, ZOOMED], ids=["desktop", "phone", "400 percent"])
@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_nothing_in_light_and_dark(
    open_invented: OpenInvented, api: InventedApi, view: str, device: dict[str, Any]
) -> None:
    path, marker = VIEWS[view]
    page = open_invented(api, path, bypass_csp=True, **device)
    wait_until_quiet(page, marker)
    page.evaluate("document.querySelectorAll('main details').forEach((part) => { part.open = true; })")
    assert violations_in_both_schemes(page) == []


def test_axe_finds_a_text_that_cannot_be_read_in_the_dark_alone(open_invented: OpenInvented, api: InventedApi) -> None:
    page = open_invented(api, bypass_csp=True)
    wait_until_quiet(page, "[data-call]")
    page.add_style_tag(content="@media (prefers-color-scheme: dark) { .call-customer { color: #222 !important; } }")
    assert [rule for rule, _ in violations_in_both_schemes(page)] == ["color-contrast"]
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    assert violations(page, *OF_COLOURS) == []


@pytest.mark.parametrize("device", [{"viewport": WIDE}, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("view", ["calls", "call", "feedback"])
def test_nothing_jumps_while_a_view_loads(
    open_invented: OpenInvented, api: InventedApi, view: str, device: dict[str, Any]
) -> None:
    path, marker = VIEWS[view]
    page = open_invented(api, path, script=_COUNT_SHIFTS, **device)
    wait_until_quiet(page, marker)
    assert page.evaluate("window.shifts") < MOST_SHIFT


@pytest.mark.parametrize("view", ["calls", "call", "feedback"])
def test_a_cold_first_view_is_small(open_invented: OpenInvented, api: InventedApi, view: str) -> None:
    path, marker = VIEWS[view]
    page = open_invented(api, path)
    wait_until_quiet(page, marker)
    below = SITE.removesuffix("console/")
    requested = page.evaluate("performance.getEntriesByType('resource').map(({ name }) => name)")
    files = {name.removeprefix(below) for name in requested if not name.startswith(f"{below}v1/")}
    sizes = {name: size_of(file_reply(name).body) for name in (*files, "console/")}
    assert len(sizes) > 20
    assert 20_000 < sum(sizes.values()) + api.sent <= MOST_BYTES


@pytest.mark.parametrize("view", SHAPES)
def test_controls_have_enough_contrast_with_their_background(
    open_invented: OpenInvented, api: InventedApi, view: str, scheme: str
) -> None:
    path, marker = VIEWS[view]
    page = open_invented(api, path, color_scheme=scheme)
    wait_until_quiet(page, marker)
    found = {f"{selector} {name}": contrast(page, selector, name) for selector, name in SHAPES[view]}
    assert {what: ratio for what, ratio in found.items() if ratio < LEAST_CONTRAST} == {}


def test_a_call_that_leaves_the_list_can_still_be_read(
    open_invented: OpenInvented, api: InventedApi, scheme: str
) -> None:
    page = open_invented(api, "?outcome=reached&call=1", color_scheme=scheme)
    wait_until_quiet(page, VIEWS["call"][1])
    # The open one stays until another is opened.
    api.calls[0]["outcome"] = api.details[1]["outcome"] = "busy"
    api.call_event(1)
    expect(page.locator(".call-row[data-call='1']")).to_have_attribute("title", "No longer matches the filters")
    for cell in ("customer a", "vehicle", "start", "duration"):
        assert contrast(page, f".call-row[data-call='1'] .call-{cell}") >= LEAST_CONTRAST_OF_TEXT, cell


def test_no_text_fades_in_and_out(open_invented: OpenInvented, api: InventedApi) -> None:
    now = datetime.now(timezone.utc).isoformat()
    going_on = {"status": "In Progress", "start_time": now, "end_time": None, "outcome": None}
    api.calls[0] |= going_on
    api.details[1] |= going_on
    page = open_invented(api, "?call=1")
    wait_until_quiet(page, VIEWS["call"][1])
    expect(page.get_by_text("The call goes on …")).to_be_visible()
    faded = page.evaluate(
        """() => document.getAnimations().map(({ effect }) => effect)
            .filter((effect) => !effect.pseudoElement && effect.getKeyframes().some(({ opacity }) => opacity))
            .map((effect) => effect.target.className)"""
    )
    assert faded == []


# Narrowed feedback has all controls of the feedback.
@pytest.mark.parametrize("view", [view for view in (*VIEWS, *NARROWED) if view != "feedback"])
def test_no_control_loses_the_focus(open_invented: OpenInvented, api: InventedApi, view: str) -> None:
    path, marker = (VIEWS | NARROWED)[view]
    page = open_invented(api, path)
    if view == "call":
        play_recordings(page)
    wait_until_quiet(page, marker)
    kinds = page.evaluate(f"[...({_CONTROLS})().keys()]")
    assert kinds
    lost = []
    address = page.url
    for kind in kinds:
        page.goto(address)
        wait_until_quiet(page, marker)
        page.evaluate(f"kind => ({_CONTROLS})().get(kind).focus()", kind)
        page.keyboard.press("Space" if kind.endswith("checkbox") else "Enter")
        expect(page.locator("[aria-busy=true]")).to_have_count(0)
        page.wait_for_load_state("networkidle")
        if page.evaluate("document.activeElement === document.body"):
            lost.append(kind)
    assert lost == []


@pytest.mark.parametrize("view", ["calls", "call", "feedback"])
def test_trying_again_keeps_the_focus(
    open_invented: OpenInvented, api: InventedApi, complaints: Complaints, view: str
) -> None:
    complaints.expect("503")
    path, marker = VIEWS[view]
    api.refusal = (503, "unavailable", "Try again.")
    page = open_invented(api, path)
    button = page.get_by_test_id("failure").first.get_by_role("button", name="Try again")
    expect(button).to_be_visible()
    api.refusal = None
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-call]" if view == "call" else marker).first).to_be_visible()
    assert page.evaluate("document.activeElement !== document.body")


def test_showing_all_directions_where_there_are_no_calls_keeps_the_focus(
    open_invented: OpenInvented, api: InventedApi
) -> None:
    some = api.summary
    api.summary = some | {"total": tally(0, 0, {}), "outcomes": {}, "periods": [], "groups": []}
    page = open_invented(api, "?view=feedback")
    way_out = page.get_by_role("link", name="Show calls of every direction")
    way_out.focus()
    api.summary = some
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("nps-score")).to_be_visible()
    assert page.evaluate("document.activeElement !== document.body")


def test_showing_the_last_page_of_feedback_moves_the_focus_to_the_list(
    open_invented: OpenInvented, api: InventedApi
) -> None:
    """The button goes with the last page; the next key goes on among the items."""
    page = open_invented(api, "?view=feedback&nps_category=detractor&direction=all")
    wait_until_quiet(page, ".feedback-item")
    more = page.get_by_test_id("feedback-more")
    while more.is_visible():
        shown = page.locator(".feedback-item").count()
        more.focus()
        page.keyboard.press("Enter")
        expect(page.locator(".feedback-item").nth(shown)).to_be_attached()
    assert page.evaluate("document.activeElement.closest('.feedback-item') !== null")
