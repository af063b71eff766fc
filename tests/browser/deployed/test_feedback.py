"""The feedback view: its figures are those of the API, its filters and links work, and it follows the news."""

import csv
import re
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, Route, expect

from local.database import connect
from tests.browser.answers import Answer, insert_answers, insert_campaign
from tests.browser.calls import Calls, bodies_of
from tests.browser.conftest import PHONE, OpenConsole, OpenInvented
from tests.browser.feedback_pages import FeedbackPage, ask
from tests.browser.invented import InventedApi, feedback_of, invent_call
from tests.browser.pages import Complaints
from tests.deployed import DeployedStack

NOW: Final = datetime.now(timezone.utc)
NONE: Final = "\N{EN DASH}"
HOSTILE: Final = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script> &amp; {{7*7}}"


@dataclass(frozen=True)
class Round:
    """A campaign of a test's own, so that its figures are known."""

    deployed: DeployedStack
    campaign_id: int

    def add(self, *answers: Answer) -> list[int]:
        return insert_answers(
            self.deployed.database_url, [replace(answer, campaign_id=self.campaign_id) for answer in answers]
        )

    def summary(self, **query: object) -> Any:  # noqa: ANN401 - any JSON
        return ask(self.deployed, "feedback/summary", campaign=self.campaign_id, **query)


@pytest.fixture
def round_of_calls(deployed: DeployedStack, request: pytest.FixtureRequest) -> Round:
    return Round(deployed, insert_campaign(deployed.database_url, f"Round of {request.node.name}"[:200]))


def weeks_ago(weeks: int, **given: Any) -> Answer:  # noqa: ANN401 - fields of Answer
    return Answer(NOW - timedelta(weeks=weeks, hours=1), **given)


def mixed_answers() -> list[Answer]:
    """Two stretches of weeks with a gap between them, of two advisors, and calls that reached nobody."""
    said: dict[str, Any] = {"content": "It was as I said."}
    return [
        weeks_ago(8, score=10, seconds=60, advisor="Alex Invented", positives="Friendly staff", **said),
        weeks_ago(8, score=3, seconds=200, detractors="Long wait\nParking was full", action_items="Call back", **said),
        weeks_ago(7, score=9, seconds=100, advisor="Alex Invented", **said),
        weeks_ago(6, outcome="no_answer"),
        weeks_ago(2, score=8, detractors="Invoice unclear", action_items="Send the invoice", **said),
        weeks_ago(1, score=0, detractors="Waiting for hours", **said),
        weeks_ago(1, outcome="voicemail"),
        weeks_ago(1, outcome="busy"),
        weeks_ago(0, score=10, advisor="Alex Invented", **said),
        weeks_ago(0, outcome="reached", content="No comment."),
    ]


def show(
    open_console: OpenConsole,
    calls: Round,
    query: str = "",
    *,
    news: bool = False,
    **options: Any,  # noqa: ANN401 - as of open_console
) -> FeedbackPage:
    """The view of one round's calls, read; without news it is read again only by `tell_to_read_again`."""
    path = f"?view=feedback&campaign={calls.campaign_id}{query}"
    view = FeedbackPage(open_console(path=path, news=news, **options))
    view.wait_until_read()
    return view


def test_the_figures_are_those_of_the_api(open_console: OpenConsole, round_of_calls: Round) -> None:
    round_of_calls.add(*mixed_answers())
    first, last = ((NOW - timedelta(days=days)).date() for days in (89, -1))
    view = show(open_console, round_of_calls, f"&period=week&from={first}&to={last}")
    span = {"from": f"{first}T00:00Z", "to": f"{last + timedelta(days=1)}T00:00Z"}
    summary = round_of_calls.summary(period="week", **span)
    total = summary["total"]
    assert (total["responses"], total["reached"], total["tried"]) == (6, 7, 10)
    expect(view.score).to_have_text(str(round(total["nps"])))
    expect(view.page.get_by_test_id("nps-interval")).to_contain_text(
        f"{round(total['nps_low'])} to {round(total['nps_high'])}"
    )
    expect(view.page.get_by_test_id("nps-interval")).to_contain_text("n = 6")
    expect(view.page.get_by_test_id("fact-answers")).to_have_text("6")
    expect(view.page.get_by_test_id("fact-reach")).to_have_text("70%")
    expect(view.page.get_by_test_id("fact-response")).to_have_text("86%")
    seconds = round(total["average_duration_seconds"])
    expect(view.page.get_by_test_id("fact-duration")).to_have_text(f"{seconds // 60}:{seconds % 60:02}")
    outcomes = view.page.get_by_test_id("chart-outcomes").locator("li")
    shown = {item.get_attribute("data-outcome"): int(item.locator("strong").inner_text()) for item in outcomes.all()}
    assert shown == summary["outcomes"] == {"reached": 7, "no_answer": 1, "voicemail": 1, "busy": 1}
    assert [int(answers) for _, answers, _ in view.table_of("chart-scores")] == summary["scores"]
    assert [(nps, answers) for _, nps, _, answers in view.table_of("chart-trend")] == [
        (NONE if period["nps"] is None else str(round(period["nps"])), str(period["responses"]))
        for period in summary["periods"]
    ]


def test_each_advisor_has_a_row_that_narrows_the_view(open_console: OpenConsole, round_of_calls: Round) -> None:
    round_of_calls.add(*mixed_answers())
    view = show(open_console, round_of_calls)
    row = view.page.get_by_test_id("groups-advisor").locator("tr", has_text="Alex Invented")
    expect(row.locator(".group-score")).to_have_text("100")
    expect(row.locator("svg.interval")).to_have_count(1)
    row.get_by_role("link").click()
    expect(view.score).to_have_text("100")
    expect(view.page.get_by_test_id("fact-answers")).to_have_text("3")
    assert view.address["advisor"] == "Alex Invented"
    # The others stay, to be compared with; the chosen one leads back.
    expect(view.page.get_by_test_id("groups-advisor").locator("tbody tr")).to_have_count(2)
    view.page.reload()
    expect(view.score).to_have_text("100")
    expect(view.filter("advisor")).to_have_value("Alex Invented")
    row.get_by_role("link").click()
    expect(view.page.get_by_test_id("fact-answers")).to_have_text("6")
    assert "advisor" not in view.address


def test_the_list_is_narrowed_by_category_and_by_words(open_console: OpenConsole, round_of_calls: Round) -> None:
    ids = round_of_calls.add(*mixed_answers())
    view = show(open_console, round_of_calls)
    expect(view.items).to_have_count(6)
    view.page.get_by_test_id("feedback-category-detractor").click()
    view.expect_calls([ids[5], ids[1]])
    assert view.address["nps_category"] == "detractor"
    view.filter("text").fill("wait")
    expect(view.items.locator("mark")).to_have_text(["Wait", "wait"])
    view.filter("text").fill("park")
    expect(view.items).to_have_count(1)
    expect(view.items.locator("mark")).to_have_text(["Park"])
    expect(view.page).to_have_url(re.compile("text=park"))
    expect(view.items.locator(".points-detractors li")).to_have_text(["Long wait", "Parking was full"])
    expect(view.items.locator(".points-actions li")).to_have_text(["Call back"])
    view.filter("text").fill("nothing like it")
    expect(view.page.get_by_test_id("empty")).to_contain_text("No feedback fits these filters")


def test_an_item_leads_to_its_call_and_back(open_console: OpenConsole, round_of_calls: Round) -> None:
    (call_id,) = round_of_calls.add(weeks_ago(1, score=2, content="Slow.", customer="Remy Placeholder"))
    view = show(open_console, round_of_calls, "&nps_category=detractor")
    # The other view has tests of its own.
    view.page.route("**/calls.css", lambda route: route.fulfill(body="", content_type="text/css"))
    view.page.route(
        "**/calls.js",
        lambda route: route.fulfill(
            body="export function mount() { return () => {}; }", content_type="text/javascript"
        ),
    )
    link = view.items.get_by_role("link", name="Remy Placeholder")
    link.click()
    expect(view.page.get_by_test_id("feedback-view")).to_have_count(0)
    same = {
        "view": "calls",
        "call": str(call_id),
        "nps_category": "detractor",
        "campaign": str(round_of_calls.campaign_id),
    }
    assert view.address.items() >= same.items()
    view.page.go_back()
    expect(view.items).to_have_count(1)
    assert view.address["nps_category"] == "detractor"


def test_the_list_is_read_page_by_page(open_console: OpenConsole, round_of_calls: Round) -> None:
    ids = round_of_calls.add(*(weeks_ago(1, score=place % 11, content=f"Answer {place}") for place in range(60)))
    view = show(open_console, round_of_calls)
    expect(view.items).to_have_count(10)
    view.page.get_by_test_id("feedback-more").click()
    expect(view.items).to_have_count(35)
    view.tell_to_read_again()
    view.page.get_by_test_id("feedback-more").click()
    expect(view.items).to_have_count(60)
    assert {item.get_attribute("data-call-id") for item in view.items.all()} == {str(id_) for id_ in ids}
    expect(view.page.get_by_test_id("feedback-more")).to_be_hidden()


def test_a_report_appears_without_a_reload(
    deployed: DeployedStack, open_console: OpenConsole, round_of_calls: Round, calls: Calls
) -> None:
    view = show(open_console, round_of_calls, news=True)
    expect(view.page.get_by_test_id("connection-state")).to_have_text("live")
    view.page.evaluate("window.isTheSamePage = true")
    script = calls.place(outcome="reached", stalls=False)
    with connect(deployed.database_url) as connection:
        connection.run(
            "UPDATE call SET campaign_id = :campaign WHERE id = :id",
            campaign=round_of_calls.campaign_id,
            id=script.call_id,
        )
    calls.send(bodies_of(script, "status-update", "end-of-call-report"))
    expect(view.items).to_have_attribute("data-call-id", str(script.call_id), timeout=90_000)
    expect(view.page.get_by_test_id("groups-advisor").locator("tbody tr")).to_have_count(1)
    given = script.feedback.score if script.feedback else None
    expect(view.page.get_by_test_id("fact-answers")).to_have_text(str(int(given is not None)))
    assert view.page.evaluate("window.isTheSamePage") is True


def test_feedback_is_shown_as_text_and_never_as_markup(open_console: OpenConsole, round_of_calls: Round) -> None:
    round_of_calls.add(
        weeks_ago(
            1, score=4, content=HOSTILE, customer=HOSTILE[:100], advisor=HOSTILE[:100],
            positives=HOSTILE, detractors=HOSTILE, action_items=HOSTILE,
        )
    )  # fmt: skip
    view = show(open_console, round_of_calls, "&nps_category=detractor")
    expect(view.items.locator("blockquote")).to_have_text(HOSTILE)
    expect(view.items.locator(".points-actions li")).to_have_text(HOSTILE)
    expect(view.page.get_by_test_id("groups-advisor").get_by_role("link")).to_have_text(HOSTILE[:100])
    expect(view.page.locator("main img, main script")).to_have_count(0)
    expect(view.page).to_have_title(re.compile("^Feedback .* AutoPulse$"))


def test_no_calls_no_answers_and_few_answers_are_said(open_console: OpenConsole, round_of_calls: Round) -> None:
    view = show(open_console, round_of_calls)
    expect(view.page.get_by_test_id("empty").first).to_contain_text("No outbound calls in this time")
    expect(view.page.get_by_test_id("empty").last).to_contain_text("Nobody gave a score or complained in this time")
    expect(view.score).to_be_hidden()
    round_of_calls.add(weeks_ago(1, outcome="no_answer"))
    view.tell_to_read_again()
    expect(view.score).to_have_text(NONE)
    expect(view.page.get_by_test_id("nps-interval")).to_contain_text("Nobody gave a score")
    round_of_calls.add(weeks_ago(1, score=10), weeks_ago(1, score=9), weeks_ago(1, score=5))
    view.tell_to_read_again()
    expect(view.score).to_have_text("33")
    expect(view.page.get_by_test_id("nps-interval")).to_contain_text("n = 3")
    expect(view.page.get_by_test_id("nps-interval")).to_contain_text("Few answers")
    low, high = round_of_calls.summary()["total"]["nps_low"], round_of_calls.summary()["total"]["nps_high"]
    expect(view.page.get_by_test_id("nps-interval")).to_contain_text(f"{round(low)} to {round(high)}")


def test_the_trend_has_a_dot_for_each_week_of_few_answers_and_nothing_where_nobody_answered(
    open_console: OpenConsole, round_of_calls: Round
) -> None:
    round_of_calls.add(*mixed_answers())
    view = show(open_console, round_of_calls, "&period=week")
    answered = sum(period["responses"] > 0 for period in round_of_calls.summary(period="week")["periods"])
    assert answered > 1
    chart = view.page.get_by_test_id("chart-trend")
    expect(chart.locator(".chart-dot-few")).to_have_count(answered)
    expect(chart.locator(".chart-band")).to_have_count(answered)
    expect(chart.locator(".chart-line")).to_have_count(0)


def test_the_arrow_keys_look_at_each_period(open_console: OpenConsole, round_of_calls: Round) -> None:
    round_of_calls.add(weeks_ago(0, score=10), weeks_ago(0, score=0), weeks_ago(0, score=9))
    view = show(open_console, round_of_calls, "&range=7d")
    slider = view.page.get_by_role("slider", name="Look at one period")
    note = view.page.locator(".chart-note")
    expect(note).to_be_hidden()
    slider.focus()
    expect(slider).to_have_attribute("aria-valuenow", "7")
    expect(note).to_be_visible()
    slider.press("Home")
    expect(note).to_contain_text("No answers")
    expect(slider).to_have_attribute("aria-valuetext", re.compile("No answers"))
    slider.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuenow", "2")
    slider.press("Escape")
    expect(note).to_be_hidden()


def test_a_finger_looks_at_a_period(open_console: OpenConsole, round_of_calls: Round) -> None:
    round_of_calls.add(weeks_ago(0, score=10))
    view = show(open_console, round_of_calls, "&range=7d", **PHONE)
    view.page.get_by_role("slider", name="Look at one period").tap()
    expect(view.page.locator(".chart-note")).to_be_visible()
    assert view.overflow() <= 0


def test_periods_begin_in_the_readers_time_zone(open_console: OpenConsole, round_of_calls: Round) -> None:
    round_of_calls.add(weeks_ago(1, score=9))
    view = show(open_console, round_of_calls, timezone_id="Pacific/Auckland")
    with view.page.expect_request(re.compile(r"feedback/summary.*period=day")) as asked:
        view.filter("range").select_option("30d")
    query = parse_qs(urlsplit(asked.value.url).query)
    assert query["timezone"] == ["Pacific/Auckland"]
    began = datetime.fromisoformat(query["from"][0]).astimezone(ZoneInfo("Pacific/Auckland"))
    assert began.timetz().replace(tzinfo=None) == time()
    assert began.date() == datetime.now(ZoneInfo("Pacific/Auckland")).date() - timedelta(days=29)


def test_time_period_and_demo_calls_are_in_the_address(open_console: OpenConsole, round_of_calls: Round) -> None:
    round_of_calls.add(weeks_ago(20, score=10), weeks_ago(1, score=0), weeks_ago(1, score=10, demo=True))
    view = show(open_console, round_of_calls)
    expect(view.score).to_have_text("-100")
    view.filter("range").select_option("365d")
    expect(view.score).to_have_text("0")
    expect(view.page.get_by_test_id("feedback-period-month")).to_have_attribute("aria-current", "true")
    view.page.get_by_test_id("feedback-period-week").click()
    expect(view.page.get_by_test_id("chart-trend").locator("table caption")).to_have_text("NPS by week")
    first, last = ((NOW - timedelta(weeks=weeks)).date().isoformat() for weeks in (21, 19))
    view.filter("range").select_option("dates")
    view.filter("from").fill(first)
    view.filter("to").fill(last)
    expect(view.score).to_have_text("100")
    assert (view.address["from"], view.address["to"]) == (first, last)
    view.page.get_by_test_id("feedback-clear").click()
    view.filter("campaign").select_option(str(round_of_calls.campaign_id))
    expect(view.score).to_have_text("-100")
    view.filter("demo").check()
    expect(view.score).to_have_text("100")
    assert view.address == {
        "view": "feedback", "period": "week", "campaign": str(round_of_calls.campaign_id), "demo": "true",
    }  # fmt: skip


def test_outbound_calls_are_counted_if_nobody_asks_for_others(open_console: OpenConsole, round_of_calls: Round) -> None:
    said = {"content": "As I said."}
    ids = round_of_calls.add(
        weeks_ago(1, score=10, **said),
        weeks_ago(1, score=0, direction="inbound", **said),
        weeks_ago(1, score=8, direction="web", **said),
    )
    view = show(open_console, round_of_calls)
    for direction, score, shown in (
        ("outbound", "100", ids[:1]),
        ("inbound", "-100", ids[1:2]),
        ("web", "0", ids[2:]),
        ("all", "0", ids[::-1]),
    ):
        view.filter("direction").select_option(direction)
        expect(view.page.get_by_test_id("fact-answers")).to_have_text(str(len(shown)))
        expect(view.score).to_have_text(score)
        view.expect_calls(shown)
        assert view.address.get("direction", "outbound") == direction
    view.page.reload()
    view.wait_until_read()
    expect(view.filter("direction")).to_have_value("all")
    expect(view.items).to_have_count(3)
    view.page.get_by_test_id("feedback-clear").click()
    expect(view.filter("direction")).to_have_value("outbound")
    assert "direction" not in view.address


@pytest.mark.parametrize(("asked", "of"), [("", "outbound"), ("&direction=web", "web"), ("&direction=all", None)])
def test_an_outcome_leads_to_its_calls_of_the_same_direction(
    open_console: OpenConsole, round_of_calls: Round, asked: str, of: str | None
) -> None:
    round_of_calls.add(*(weeks_ago(1, score=9, direction=name) for name in ("outbound", "inbound", "web")))
    view = show(open_console, round_of_calls, asked)
    href = view.page.get_by_test_id("chart-outcomes").get_by_role("link").first.get_attribute("href")
    query = parse_qs(urlsplit(href or "").query)
    assert (query["view"], query["outcome"], query.get("direction")) == (["calls"], ["reached"], of and [of])


def test_where_outbound_calls_are_none_the_others_can_be_shown(
    open_console: OpenConsole, round_of_calls: Round
) -> None:
    round_of_calls.add(weeks_ago(1, score=9, direction="inbound", content="As I said."))
    view = show(open_console, round_of_calls)
    nothing = view.page.get_by_test_id("empty").first
    expect(nothing).to_contain_text("No outbound calls in this time")
    nothing.get_by_role("link").click()
    expect(view.score).to_have_text("100")
    expect(view.items).to_have_count(1)
    assert view.address["direction"] == "all"


def test_the_file_has_the_same_rows(open_console: OpenConsole, round_of_calls: Round, tmp_path: Path) -> None:
    round_of_calls.add(*mixed_answers())
    view = show(open_console, round_of_calls, "&nps_category=detractor")
    with view.page.expect_download() as download:
        view.page.get_by_test_id("feedback-csv").click()
    assert re.fullmatch(r"feedback-\d{4}-\d{2}-\d{2}\.csv", download.value.suggested_filename)
    download.value.save_as(tmp_path / "feedback.csv")
    with (tmp_path / "feedback.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["Score (0 to 10)"] for row in rows] == ["0", "3"], "the newest first"


def test_a_failure_says_so_and_is_tried_again(open_invented: OpenInvented, complaints: Complaints) -> None:
    """On invented answers: a stack on a busy machine refuses of itself, and each refusal here has to be the test's."""
    complaints.expect("503")
    call = invent_call(1, nps_score=9)
    page = open_invented(InventedApi(calls=[call], feedback=[feedback_of(call)]), "?view=feedback")
    view = FeedbackPage(page)
    view.wait_until_read()
    page.route("**/feedback?*", refuse)
    page.route("**/feedback/summary?*", refuse)
    view.filter("range").select_option("30d")
    expect(page.get_by_test_id("failure")).to_have_count(2)
    expect(view.score).to_be_hidden()
    page.unroute("**/feedback?*", refuse)
    page.unroute("**/feedback/summary?*", refuse)
    page.get_by_role("button", name="Try again").last.click()
    expect(view.items).to_have_count(1)
    expect(page.get_by_test_id("failure")).to_have_count(1)
    page.get_by_role("button", name="Try again").click()
    expect(view.score).to_have_text("25")
    page.route("**/feedback/summary?*", refuse)
    view.tell_to_read_again()
    expect(page.get_by_test_id("outdated")).to_be_visible()
    expect(view.score).to_have_text("25")
    page.unroute("**/feedback/summary?*", refuse)
    view.tell_to_read_again()
    expect(page.get_by_test_id("outdated")).to_have_count(0)


def test_an_offline_view_says_so_and_recovers_by_itself(
    open_console: OpenConsole, round_of_calls: Round, complaints: Complaints
) -> None:
    complaints.expect("ERR_INTERNET_DISCONNECTED")
    round_of_calls.add(weeks_ago(1, score=9, content="Good."))
    view = show(open_console, round_of_calls, news=True)
    expect(view.page.get_by_test_id("connection-state")).to_have_text("live")
    view.page.context.set_offline(True)
    view.filter("range").select_option("30d")
    expect(view.page.get_by_test_id("failure").first).to_contain_text("You are offline")
    view.page.context.set_offline(False)
    expect(view.score).to_have_text("100", timeout=60_000)
    expect(view.items).to_have_count(1)
    expect(view.page.get_by_test_id("failure")).to_have_count(0)


def test_it_fits_every_screen(open_console: OpenConsole, round_of_calls: Round, scheme: str) -> None:
    round_of_calls.add(*mixed_answers())
    for options in ({"viewport": {"width": 1680, "height": 1000}}, {"viewport": {"width": 800, "height": 1000}}, PHONE):
        view = show(open_console, round_of_calls, color_scheme=scheme, **options)
        assert view.overflow() <= 0
        for chart in ("chart-trend", "chart-scores", "chart-outcomes"):
            expect(view.page.get_by_test_id(chart)).to_be_visible()
        sizes = view.page.evaluate(
            "[...document.querySelectorAll('main *')].filter((one) => one.checkVisibility() && one.textContent.trim())"
            ".map((one) => parseFloat(getComputedStyle(one).fontSize))"
        )
        assert min(sizes) >= 11
        assert are_apart(view.page)


def test_a_refresh_keeps_the_focus(open_console: OpenConsole, round_of_calls: Round) -> None:
    round_of_calls.add(*mixed_answers())
    view = show(open_console, round_of_calls)
    for focused in (
        view.items.nth(2).get_by_role("link"),
        view.page.get_by_test_id("groups-advisor").get_by_role("link").first,
        view.page.get_by_test_id("chart-outcomes").get_by_role("link").first,
    ):
        focused.focus()
        count = view.items.count()
        round_of_calls.add(weeks_ago(0, score=10, advisor="Alex Invented", content="One more."))
        view.tell_to_read_again()
        expect(view.items).to_have_count(count + 1)
        view.wait_until_read()
        assert view.page.evaluate("document.activeElement.tagName") == "A"


def refuse(route: Route) -> None:
    route.fulfill(status=503, json={"error": {"code": "unavailable", "message": "Try again."}})


def are_apart(page: Page) -> bool:
    """Return whether no two labels of a chart lie on one another."""
    return bool(
        page.evaluate(
            """() => [...document.querySelectorAll('.chart svg')].every((chart) => {
                const boxes = [...chart.querySelectorAll('text')].map((text) => text.getBoundingClientRect());
                return boxes.every((one, place) => boxes.slice(place + 1).every((other) =>
                    one.right <= other.left + 1 || other.right <= one.left + 1
                    || one.bottom <= other.top + 3 || other.bottom <= one.top + 3));
            })"""
        )
    )
