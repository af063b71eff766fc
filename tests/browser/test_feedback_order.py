"""The feedback in a manager's order: the score and its change, what went wrong, who said it, and then the rest."""

import re
from datetime import datetime, timedelta
from typing import Any, Final

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenInvented
from tests.browser.feedback_pages import FeedbackPage
from tests.browser.invented import NOW, InventedApi, Json, feedback_of, invent_call, summary_of, tally

DESKTOP: Final = {"viewport": {"width": 1440, "height": 900}}
MINUS, DASH = "\N{MINUS SIGN}", "\N{EN DASH}"
ZOOMED: Final = {"viewport": {"width": 320, "height": 256}}


@pytest.fixture
def api() -> InventedApi:
    """Forty calls with a score, of which some complained for one of three reasons."""
    scores, reasons = (2, 7, 10, 6), ("wait", "wait", "price", None, None)
    calls = [invent_call(n, nps_score=scores[n % 4], reason=reasons[n % 5]) for n in range(1, 41)]
    feedback = [feedback_of(call, detractors=call["reason"] and "It was as I said.") for call in calls]
    return InventedApi(calls=calls, feedback=feedback, summary=summary_of() | {"reasons": _reasons(feedback)})


def _reasons(feedback: list[Json]) -> list[Json]:
    labels = {"wait": "Long wait", "price": "Price and bill"}
    found = [item["reason"] for item in feedback]
    return [{"key": key, "label": label, "count": found.count(key)} for key, label in labels.items()]


class Earlier(InventedApi):
    """An API that answers something else of the time before."""

    before: Json | None = None
    advisor: Json | None = None

    def answer(self, path: str, asked: Json) -> Any:  # noqa: ANN401 - any JSON
        if path == "feedback/summary" and "group" not in asked and "period" not in asked:
            if self.before is None:
                raise KeyError(path)
            return self.before
        if path == "feedback/summary" and "advisor" in asked and self.advisor:
            return self.advisor
        return super().answer(path, asked)


def show(open_invented: OpenInvented, api: InventedApi, query: str = "", **options: Any) -> FeedbackPage:  # noqa: ANN401 - of open_invented
    view = FeedbackPage(open_invented(api, f"?view=feedback{query}", **{**DESKTOP, **options}))
    view.wait_until_read()
    return view


def _top(page: Page, selector: str) -> float:
    return float(page.locator(selector).first.evaluate("(one) => one.getBoundingClientRect().top + scrollY"))


def test_the_parts_stand_in_a_managers_order_and_the_first_complaint_is_in_sight(
    open_invented: OpenInvented, api: InventedApi
) -> None:
    page = show(open_invented, api).page
    parts = ("[data-testid=nps-score]", ".card-list", ".group-tables", ".card-trend", ".card-scores", ".card-quality")
    tops = [_top(page, part) for part in parts]
    assert tops == sorted(tops)
    assert _top(page, ".card-reasons") == _top(page, ".card-score")
    box = page.locator(".points-detractors li").first.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= 900
    assert page.evaluate("scrollY") == 0


def test_each_reason_narrows_the_list_to_as_many_as_it_counts(open_invented: OpenInvented, api: InventedApi) -> None:
    view = show(open_invented, api)
    rows = view.page.get_by_test_id("reasons").locator("li")
    expect(rows).to_have_count(2)
    expect(view.page.get_by_test_id("reasons-sum")).to_contain_text("24 calls")
    for row, key in zip(rows.all(), ("wait", "price"), strict=True):
        row.get_by_role("link").click()
        assert view.address["reason"] == key
        expect(view.page.locator(".list-title")).to_be_in_viewport()
        expect(row.get_by_role("link")).to_have_attribute("aria-current", "true")
        number = int(row.locator(".reason-count").inner_text())
        assert number == len([item for item in api.feedback if item["reason"] == key])
        expect(view.page.get_by_test_id("feedback-count")).to_have_text(f"{number} because of this")
        while view.page.get_by_test_id("feedback-more").is_visible():
            count = view.items.count()
            view.page.get_by_test_id("feedback-more").click()
            expect(view.items).not_to_have_count(count)
        expect(view.items).to_have_count(number)
    asked = api.readings("feedback/summary")
    assert len(asked) == 3, "the figures are not read again for it"
    view.page.get_by_test_id("feedback-reason").click()
    assert "reason" not in view.address
    expect(view.page.get_by_test_id("feedback-reason")).to_be_hidden()


def test_a_chosen_reason_leads_back_and_keeps_the_focus(open_invented: OpenInvented, api: InventedApi) -> None:
    view = show(open_invented, api, "&reason=price")
    link = view.page.get_by_test_id("reasons").get_by_role("link").nth(1)
    expect(link).to_have_attribute("aria-current", "true")
    link.focus()
    view.page.keyboard.press("Enter")
    expect(link).to_have_attribute("aria-current", "false")
    expect(link).to_be_focused()
    assert "reason" not in view.address


def test_a_call_of_a_reason_is_opened_beside_the_others_of_it(open_invented: OpenInvented, api: InventedApi) -> None:
    view = show(open_invented, api, "&reason=price")
    href = view.items.get_by_role("link").first.get_attribute("href") or ""
    assert re.search(r"\breason=price\b", href)
    assert re.search(r"\bcall=\d+", href)


@pytest.mark.parametrize(
    ("before", "said", "look"),
    [
        ({10: 60, 0: 40}, "may be chance", "change-unsure"),
        ({10: 1, 0: 99}, "hardly by chance", "change-up"),
        ({10: 100}, "hardly by chance", "change-down"),
    ],
)
def test_the_score_is_compared_with_the_time_before(
    open_invented: OpenInvented, api: InventedApi, before: dict[int, int], said: str, look: str
) -> None:
    earlier = Earlier(calls=api.calls, feedback=api.feedback, summary=api.summary)
    total = tally(scores=before)
    earlier.before = api.summary | {"total": total, "reasons": [{"key": "wait", "label": "Long wait", "count": 3}]}
    view = show(open_invented, earlier, "&range=30d")
    change = view.page.get_by_test_id("nps-change")
    points = round(api.summary["total"]["nps"] - total["nps"])
    expect(change.locator("strong")).to_have_text("±0" if points == 0 else f"{points:+}".replace("-", MINUS))
    expect(change.locator("strong")).to_have_class(f"change {look}")
    expect(change).to_contain_text(f"against the 30 days before{round(total['nps'])} then, n = {total['responses']}")
    expect(change).to_contain_text(said)
    expect(view.page.locator("[data-reason=wait] .reason-before")).to_have_text("before: 3")
    expect(view.page.locator("[data-reason=price] .reason-before")).to_have_text("before: 0")
    (asked,) = [one for one in earlier.readings("feedback/summary") if "group" not in one and "period" not in one]
    (now,) = [one for one in earlier.readings("feedback/summary") if "period" in one]
    assert asked["to"] == now["from"]
    since, until = (datetime.fromisoformat(asked[name]) for name in ("from", "to"))
    assert timedelta(days=29) < until - since < timedelta(days=30, hours=2)


def test_without_the_time_before_everything_else_is_shown(open_invented: OpenInvented, api: InventedApi) -> None:
    earlier = Earlier(calls=api.calls, feedback=api.feedback, summary=api.summary)
    earlier.before = api.summary | {"total": tally(scores={}), "reasons": []}
    view = show(open_invented, earlier)
    expect(view.page.get_by_test_id("nps-change")).to_have_text("Nobody gave a score in the 90 days before")
    expect(view.score).to_have_text("25")


def _group(name: str, scores: dict[int, int]) -> Json:
    return tally(calls=100, reached=80, scores=scores) | {"key": name, "name": name}


@pytest.fixture
def ranked(api: InventedApi) -> InventedApi:
    groups = [
        _group("Alex Invented", {10: 8, 0: 4}),
        _group("Best Placeholder", {10: 1}),
        _group("Casey Sample", {10: 20}),
        _group("Drew Example", {0: 9}),
        _group("Eddie Nobody", {}),
        _group("Finn Fictional", {0: 10}),
    ]
    api.summary |= {"groups": groups}
    return api


def _names(page: Page, table: str = "groups-advisor") -> list[str]:
    return page.get_by_test_id(table).locator("tbody th a").all_inner_texts()


def test_who_has_few_answers_is_last_in_every_order(open_invented: OpenInvented, ranked: InventedApi) -> None:
    page = show(open_invented, ranked).page
    table = page.get_by_test_id("groups-advisor")
    assert _names(page)[:3] == ["Casey Sample", "Alex Invented", "Finn Fictional"]
    assert table.locator("tbody .group-place").all_inner_texts()[:3] == ["1.", "2.", "3."]
    columns = table.locator("th[aria-sort], th:has(button)").all()
    assert len(columns) == 6
    for column in columns:
        for _ in range(2):
            column.get_by_role("button").click()
            expect(column).to_have_attribute("aria-sort", re.compile("(a|de)scending"))
            expect(table.locator("[aria-sort]")).to_have_count(1)
            assert sorted(_names(page)[3:]) == ["Best Placeholder", "Drew Example", "Eddie Nobody"]
            few = table.locator("tbody tr").nth(3)
            expect(few).to_have_class(re.compile("few"))
            expect(few.locator(".group-place")).to_have_text("none")
            expect(column.get_by_role("button")).to_be_focused()
    expect(page.get_by_test_id("few-advisor")).to_contain_text("fewer than 10 answers")


def test_a_column_sorts_both_ways_by_keyboard(open_invented: OpenInvented, ranked: InventedApi) -> None:
    page = show(open_invented, ranked).page
    nps = page.get_by_test_id("groups-advisor").get_by_role("button", name="NPS")
    nps.focus()
    page.keyboard.press("Enter")
    assert _names(page)[:3] == ["Finn Fictional", "Alex Invented", "Casey Sample"]
    page.get_by_test_id("groups-advisor").get_by_role("button", name="Advisor").focus()
    page.keyboard.press("Space")
    assert _names(page)[:3] == ["Alex Invented", "Casey Sample", "Finn Fictional"]


def _periods(*answers: dict[int, int]) -> list[Json]:
    """Weeks from Monday on, the last of which goes on at NOW."""
    monday = NOW.replace(hour=0, minute=0) - timedelta(days=NOW.weekday())
    starts = [monday - timedelta(weeks=len(answers) - 1 - place) for place in range(len(answers))]
    return [
        tally(scores=scores) | {"starts": start.isoformat(), "ends": min(NOW, start + timedelta(weeks=1)).isoformat()}
        for start, scores in zip(starts, answers, strict=True)
    ]


MANY: Final = {10: 6, 0: 2}


def test_an_unfinished_week_is_dotted_and_says_so(open_invented: OpenInvented, api: InventedApi) -> None:
    api.summary |= {"periods": _periods(MANY, MANY, MANY), "until": NOW.isoformat()}
    view = show(open_invented, api, "&period=week", timezone_id="UTC", locale="en-US")
    chart = view.page.get_by_test_id("chart-trend")
    expect(chart.locator(".chart-line:not(.chart-open)")).to_have_count(1)
    expect(chart.locator(".chart-line.chart-open")).to_have_count(1)
    assert chart.locator(".chart-open").evaluate("(one) => getComputedStyle(one).strokeDasharray") != "none"
    assert view.table_of("chart-trend")[-1][0].replace("\u2009", " ") == f"Nov 23 {DASH} 29, 2026, so far"
    assert "so far" not in view.table_of("chart-trend")[-2][0]
    slider = view.page.get_by_role("slider", name="Look at one period")
    slider.focus()
    slider.press("End")
    expect(view.page.locator(".chart-note")).to_contain_text("so far")


def test_no_line_goes_through_periods_of_fewer_than_five_answers(open_invented: OpenInvented, api: InventedApi) -> None:
    few = {10: 4}
    api.summary |= {"periods": _periods(MANY, MANY, few, MANY, few, few, MANY, MANY, {}, {}), "until": NOW.isoformat()}
    chart = show(open_invented, api, "&period=week").page.get_by_test_id("chart-trend")
    expect(chart.locator(".chart-line")).to_have_count(2)
    expect(chart.locator(".chart-dot-few")).to_have_count(3)
    expect(chart.locator(".chart-dot")).to_have_count(8)
    assert [path.count("L") for path in _paths(chart, ".chart-line")] == [1, 1]


def _paths(chart: Any, selector: str) -> list[str]:  # noqa: ANN401 - a Locator
    return [path.get_attribute("d") for path in chart.locator(selector).all()]


def test_the_band_has_an_edge_that_can_be_seen(open_invented: OpenInvented, api: InventedApi, scheme: str) -> None:
    api.summary |= {"periods": _periods(MANY, MANY, MANY, MANY)}
    page = show(open_invented, api, "&period=week", color_scheme=scheme).page
    colours = page.evaluate(
        """() => [
            getComputedStyle(document.querySelector('.chart-band')).stroke,
            getComputedStyle(document.querySelector('.card-trend')).backgroundColor,
        ]"""
    )
    light, dark = sorted((_luminance(colour) for colour in colours), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 3


def _luminance(colour: str) -> float:
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_an_advisors_trend_has_the_line_of_all_advisors(open_invented: OpenInvented, api: InventedApi) -> None:
    earlier = Earlier(calls=api.calls, feedback=api.feedback, summary=api.summary | {"periods": _periods(*[MANY] * 4)})
    earlier.before = earlier.summary
    earlier.advisor = earlier.summary | {"periods": _periods(*[{10: 8}] * 4)}
    view = show(open_invented, earlier, "&period=week")
    chart = view.page.get_by_test_id("chart-trend")
    expect(chart.locator(".chart-everyone")).to_have_count(0)
    expect(view.page.get_by_test_id("legend-everyone")).to_be_hidden()
    view.page.get_by_test_id("groups-advisor").get_by_role("link").first.click()
    expect(chart.locator(".chart-everyone")).to_have_count(1)
    expect(view.page.get_by_test_id("legend-everyone")).to_have_text("all advisors")
    assert [(row[1], row[4]) for row in view.table_of("chart-trend")] == [("100", "50")] * 4


def test_nothing_moves_while_it_loads(open_invented: OpenInvented, api: InventedApi) -> None:
    page = show(open_invented, api).page
    shift = page.evaluate(
        """() => new Promise((tell) => {
            let sum = 0;
            new PerformanceObserver((list) => list.getEntries().forEach((entry) => {
                sum += entry.hadRecentInput ? 0 : entry.value;
            })).observe({ type: 'layout-shift', buffered: true });
            requestAnimationFrame(() => requestAnimationFrame(() => tell(sum)));
        })"""
    )
    assert shift < 0.05


@pytest.mark.parametrize("options", [DESKTOP, ZOOMED, {"viewport": {"width": 390, "height": 844}}], ids=str)
def test_it_is_not_wider_than_its_window(
    open_invented: OpenInvented, ranked: InventedApi, options: dict[str, Any]
) -> None:
    view = show(open_invented, ranked, "&reason=wait", **options)
    assert view.overflow() <= 0
    link = view.page.get_by_test_id("reasons").get_by_role("link").last
    link.scroll_into_view_if_needed()
    link.click()
    assert view.address["reason"] == "price"


def test_the_reasons_are_printed_whole(open_invented: OpenInvented, api: InventedApi) -> None:
    page = show(open_invented, api, "&reason=wait").page
    page.emulate_media(media="print")
    expect(page.get_by_test_id("reasons").locator("li").last).to_be_visible()
    expect(page.get_by_test_id("feedback-reason")).to_be_hidden()
