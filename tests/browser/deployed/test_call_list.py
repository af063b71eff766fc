"""The list of calls: it changes as calls do, its filters are in the address, and thousands of rows scroll."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, WebSocketRoute, expect

from local.database import connect
from local.simulator.scenario import CallScript
from local.simulator.webhook_factory import Body
from tests.browser.calls import OTHER_ORGANIZATION_ID, Calls, bodies_of
from tests.browser.conftest import PHONE, OpenConsole
from tests.browser.pages import Complaints
from tests.deployed import DeployedStack

MANY = 1200


def _row(page: Page, script: CallScript) -> Locator:
    return page.get_by_test_id(f"call-row-{script.call_id}")


def _status(page: Page, script: CallScript) -> Locator:
    return _row(page, script).get_by_test_id("call-status")


def _ringing(script: CallScript) -> Body:
    """The first news of a call."""
    (first, *_) = bodies_of(script, "status-update")
    at = round(script.created_at.timestamp() * 1000) + 500
    return {"message": first["message"] | {"status": "ringing", "timestamp": at}}


def _in_progress(script: CallScript) -> Body:
    return bodies_of(script, "status-update")[0]


def _wait_until_live(page: Page) -> None:
    expect(page.get_by_test_id("connection-state")).to_have_text("live")


def test_a_call_changes_in_its_place(open_console: OpenConsole, calls: Calls, garage: str) -> None:
    script = calls.place(garage, outcome="reached")
    assert script.feedback
    console = open_console(garage)
    _wait_until_live(console)
    row = _row(console, script)
    calls.send([_in_progress(script)])
    expect(_status(console, script)).to_have_text("In Progress")
    row.evaluate("row => { row.isTheSame = true; }")
    calls.tell([script], bodies_of(script))
    expect(_status(console, script)).to_have_text("Reached")
    expect(row.get_by_test_id("nps-score")).to_have_text(str(script.feedback.score))
    expect(row.locator(".call-outcome")).to_have_text("Reached")
    assert row.evaluate("row => row.isTheSame"), "the row was drawn anew, or the page loaded again"


def test_a_row_says_what_the_call_is(open_console: OpenConsole, calls: Calls, garage: str) -> None:
    script = calls.play(garage, outcome="reached")
    cells = _row(open_console(garage), script).get_by_role("cell")
    expect(cells.nth(1)).to_contain_text(script.customer_name)
    expect(cells.nth(2)).to_have_text(script.vehicle)
    expect(cells.nth(3)).to_have_text(script.service)
    expect(cells.nth(4)).to_have_text(script.advisor)
    expect(cells.nth(5)).to_have_text(re.compile(r"\d:\d\d [AP]M"))
    expect(cells.nth(6)).to_have_text(re.compile(r"^\d:\d\d$"))


def test_a_running_call_counts_its_seconds(open_console: OpenConsole, calls: Calls, garage: str) -> None:
    script = calls.place(garage, outcome="reached")
    calls.send([_in_progress(script)])
    console = open_console(garage)
    duration = _row(console, script).locator("td.call-duration")
    expect(duration).to_have_text(re.compile(r"\d+:\d\d"))
    before = duration.text_content()
    expect(duration).not_to_have_text(before or "")


def test_a_new_call_appears_on_top(open_console: OpenConsole, calls: Calls, garage: str) -> None:
    console = open_console(garage)
    _wait_until_live(console)
    script = calls.place(garage)
    calls.send([_ringing(script)])
    expect(console.locator("[data-call]").first).to_have_attribute("data-call", str(script.call_id))


def test_a_call_that_no_longer_matches_is_marked_and_leaves(
    open_console: OpenConsole, calls: Calls, garage: str
) -> None:
    script = calls.place(garage, outcome="reached")
    console = open_console(garage, path="?status=In+Progress")
    _wait_until_live(console)
    expect(_row(console, script)).to_have_count(0)
    calls.send([_in_progress(script)])
    expect(_row(console, script)).to_be_visible()
    calls.tell([script], bodies_of(script))
    expect(_row(console, script)).to_have_attribute("title", "No longer matches the filters")
    expect(_row(console, script)).to_have_count(0)


def _open_filters(console: Page) -> None:
    """At this width they are folded behind a button."""
    console.locator(".filter-more > summary").click()


def test_filters_are_in_the_address_and_survive_a_reload(open_console: OpenConsole, calls: Calls, garage: str) -> None:
    reached, busy = calls.play(garage, outcome="reached"), calls.play(garage, outcome="busy")
    console = open_console(garage)
    _open_filters(console)
    console.get_by_test_id("call-filter-outcome").select_option("busy")
    console.get_by_test_id("call-filter-advisor").select_option(label=busy.advisor)
    console.get_by_test_id("call-filter-customer").fill(busy.customer_name)
    expect(console).to_have_url(re.compile("outcome=busy.*advisor=.*customer="))
    for _ in range(2):
        expect(_row(console, busy)).to_be_visible()
        expect(_row(console, reached)).to_have_count(0)
        expect(console.get_by_test_id("call-filter-outcome")).to_have_value("busy")
        expect(console.get_by_test_id("call-filter-advisor").locator("option:checked")).to_have_text(busy.advisor)
        expect(console.get_by_test_id("call-filter-customer")).to_have_value(busy.customer_name)
        console.reload()
    console.get_by_test_id("call-filter-clear").click()
    expect(_row(console, reached)).to_be_visible()


def test_days_are_the_readers_own(open_console: OpenConsole, calls: Calls, garage: str) -> None:
    script = calls.play(garage, outcome="reached")
    assert script.started_at
    today = f"{script.started_at:%Y-%m-%d}"
    console = open_console(garage, path=f"?from={today}&to={today}")
    expect(_row(console, script)).to_be_visible()
    expect(console.get_by_test_id("call-filter-to")).to_have_value(today)
    console.get_by_test_id("call-filter-to").fill("2020-01-02")
    console.get_by_test_id("call-filter-from").fill("2020-01-01")
    expect(console.get_by_test_id("empty")).to_contain_text("No call matches these filters")


def test_too_few_digits_are_not_searched_for(open_console: OpenConsole, calls: Calls, garage: str) -> None:
    script = calls.play(garage, outcome="reached")
    console = open_console(garage, path="?customer=55")
    expect(console.get_by_text("three digits at least")).to_be_visible()
    expect(_row(console, script)).to_be_visible()


def test_the_keyboard_is_enough(open_console: OpenConsole, calls: Calls, garage: str) -> None:
    below, above = calls.place(garage), calls.place(garage)
    console = open_console(garage, path="?to_come=true")
    link = _row(console, above).get_by_role("link")
    link.focus()
    console.keyboard.press("ArrowDown")
    expect(_row(console, below).get_by_role("link")).to_be_focused()
    console.keyboard.press("ArrowUp")
    expect(link).to_be_focused()
    console.keyboard.press("Enter")
    expect(console.get_by_test_id("call-panel")).to_be_visible()
    expect(console).to_have_url(re.compile(f"call={above.call_id}"))
    expect(console.locator(".panel-name")).to_be_focused()
    console.keyboard.press("Escape")
    expect(console.get_by_test_id("call-panel")).to_have_count(0)
    expect(link).to_be_focused()
    assert "call=" not in console.url


def test_only_one_row_is_a_stop_of_the_tab_key(open_console: OpenConsole, calls: Calls, garage: str) -> None:
    calls.place(garage)
    calls.place(garage)
    console = open_console(garage, path="?to_come=true")
    expect(console.locator("[data-call]").nth(1)).to_be_visible()
    expect(console.locator(".call-link[tabindex='0']")).to_have_count(1)


def test_the_open_call_follows_the_arrow_keys(open_console: OpenConsole, calls: Calls, garage: str) -> None:
    below, above = calls.place(garage), calls.place(garage)
    console = open_console(garage, path="?to_come=true")
    _row(console, above).click()
    expect(console.get_by_test_id("call-panel")).to_have_attribute("data-call", str(above.call_id))
    _row(console, above).get_by_role("link").focus()
    console.keyboard.press("ArrowDown")
    expect(console.get_by_test_id("call-panel")).to_have_attribute("data-call", str(below.call_id))


def test_two_organizations_see_only_their_own(console: Page, other_console: Page, calls: Calls) -> None:
    for page in (console, other_console):
        _wait_until_live(page)
    ours, theirs = calls.place(), calls.place(OTHER_ORGANIZATION_ID)
    calls.send([_ringing(ours), _ringing(theirs)])
    expect(_row(console, ours)).to_be_visible()
    expect(_row(other_console, theirs)).to_be_visible()
    expect(_row(console, theirs)).to_have_count(0)
    expect(_row(other_console, ours)).to_have_count(0)


def test_a_call_of_another_organization_is_not_there(
    open_console: OpenConsole, calls: Calls, complaints: Complaints
) -> None:
    complaints.expect("404")
    theirs = calls.play(OTHER_ORGANIZATION_ID, outcome="reached")
    console = open_console(path=f"?call={theirs.call_id}")
    panel = console.get_by_test_id("call-panel")
    expect(panel.get_by_test_id("failure")).to_contain_text("There is no such call")
    expect(panel).not_to_contain_text(theirs.customer_name)


class Line:
    """The page's WebSocket, which can be cut."""

    def __init__(self, page: Page) -> None:
        self._is_cut = False
        self._open: list[WebSocketRoute] = []
        page.route_web_socket(re.compile(".*"), self._connect)

    def _connect(self, route: WebSocketRoute) -> None:
        if self._is_cut:
            route.close()
        else:
            route.connect_to_server()
            self._open.append(route)

    @contextmanager
    def cut(self) -> Iterator[None]:
        self._is_cut = True
        for route in self._open:
            route.close()
        self._open.clear()
        yield
        self._is_cut = False


def test_a_dropped_socket_recovers_and_misses_nothing(open_console: OpenConsole, calls: Calls, garage: str) -> None:
    shown, new = calls.place(garage, outcome="reached"), calls.place(garage)
    calls.send([_in_progress(shown)])
    console = open_console(garage)
    line = Line(console)
    console.reload()
    _wait_until_live(console)
    expect(_status(console, shown)).to_have_text("In Progress")
    with line.cut():
        expect(console.get_by_test_id("connection-state")).not_to_have_text("live")
        calls.tell([shown], bodies_of(shown))
        calls.send([_ringing(new)])
        expect(_status(console, shown)).to_have_text("In Progress")
    _wait_until_live(console)
    expect(_status(console, shown)).to_have_text("Reached")
    expect(_status(console, new)).to_have_text("Ringing")


@pytest.fixture
def crowded(deployed: DeployedStack, garage: str) -> str:
    """An organization with more calls than anybody loads at once."""
    with connect(deployed.database_url) as connection:
        connection.run(
            "INSERT INTO call (organization_id, customer_number, status, start_time, end_time, duration_sec, outcome)"
            " SELECT CAST(:id AS uuid), '+1202555' || to_char(n % 10000, 'FM0000'), 'Completed',"
            " now() - n * interval '1 minute', now() - n * interval '1 minute' + interval '40 seconds', 40, 'reached'"
            " FROM generate_series(10, :last) AS n",
            id=garage,
            last=MANY + 9,
        )
    return garage


def test_calls_that_were_made_meanwhile_do_not_hide_the_one_that_goes_on(
    open_console: OpenConsole, deployed: DeployedStack, garage: str
) -> None:
    with connect(deployed.database_url) as connection:
        ((running,), (ended,)) = connection.run(
            "INSERT INTO call (organization_id, customer_number, status, start_time, end_time) VALUES"
            " (CAST(:id AS uuid), '+12025550101', 'In Progress', now() - interval '9 minutes', NULL),"
            " (CAST(:id AS uuid), '+12025550102', 'Ended', now() - interval '10 minutes', now()) RETURNING id",
            id=garage,
        )
        connection.run(
            "INSERT INTO call (organization_id, customer_number, status)"
            " SELECT CAST(:id AS uuid), '+12025550103', 'Ready' FROM generate_series(1, 300)",
            id=garage,
        )
    console = open_console(garage, news=False)
    expect(console.locator("[data-call]").nth(0)).to_have_attribute("data-call", str(running))
    expect(console.locator("[data-call]").nth(1)).to_have_attribute("data-call", str(ended))
    expect(console.locator("[data-call]")).to_have_count(2)
    expect(console.get_by_test_id("call-group-live-now")).to_have_text("Live now · 1")
    expect(console.get_by_test_id("to-come")).to_have_text("300 to come ▸")


def test_a_call_that_failed_before_it_began_is_not_above_those_that_began_since(
    open_console: OpenConsole, deployed: DeployedStack, garage: str
) -> None:
    with connect(deployed.database_url) as connection:
        rows = connection.run(
            "INSERT INTO call (organization_id, customer_number, status, start_time, end_time, updated_at) VALUES"
            " (CAST(:id AS uuid), '+12025550101', 'Failed', NULL, NULL, now() - interval '3 hours'),"
            " (CAST(:id AS uuid), '+12025550102', 'Ready', NULL, NULL, now() - interval '4 hours'),"
            " (CAST(:id AS uuid), '+12025550103', 'Completed', now() - interval '2 hours', now() - interval '2 hours',"
            " now()) RETURNING id",
            id=garage,
        )
    failed, _, completed = (row[0] for row in rows)
    console = open_console(garage, news=False)
    for place, call in enumerate((completed, failed)):
        expect(console.locator("[data-call]").nth(place)).to_have_attribute("data-call", str(call))


def test_thousands_of_calls_are_scrolled_with_few_rows(open_console: OpenConsole, crowded: str) -> None:
    console = open_console(crowded)
    console.locator("[data-call]").first.focus()
    expect(console.locator("[data-call]").first).to_be_visible()
    scroller = console.locator(".call-scroller")
    while console.get_by_role("table").first.get_attribute("aria-rowcount") == "-1":
        _scroll(scroller, None)
    assert console.get_by_role("table").first.get_attribute("aria-rowcount") == str(MANY + 1)
    _scroll(scroller, None)
    expect(console.locator(f"[aria-rowindex='{MANY + 1}']")).to_be_in_viewport()
    assert console.locator("[data-call]").count() < 80


def test_reading_again_keeps_the_place(open_console: OpenConsole, crowded: str, complaints: Complaints) -> None:
    del complaints
    console = open_console(crowded)
    line = Line(console)
    console.reload()
    _wait_until_live(console)
    expect(console.locator("[data-call]").first).to_be_visible()
    scroller = console.locator(".call-scroller")
    _scroll(scroller, 1500)
    row = console.locator("[data-call]").nth(15)
    row.evaluate("row => { row.isTheSame = true; }")
    before = _place(row)
    with line.cut():
        expect(console.get_by_test_id("connection-state")).not_to_have_text("live")
    with console.expect_response(lambda response: "/v1/calls?" in response.url):
        _wait_until_live(console)
    assert _place(row) == before
    assert row.evaluate("row => row.isTheSame")


def _scroll(scroller: Locator, pixels: int | None) -> None:
    """Scroll there, or to the end, until the rows of that place are drawn: a list grows in the frame after its news."""
    scroller.evaluate(
        """async (area, pixels) => {
            const frame = () => new Promise(requestAnimationFrame);
            let wanted;
            do {
                wanted = Math.min(pixels ?? Infinity, area.scrollHeight - area.clientHeight);
                area.scrollTop = wanted;
                await frame();
                await frame();
                await frame();
            } while (Math.abs(area.scrollTop - wanted) > 1 || (pixels ?? 0) > wanted);
        }""",
        pixels,
    )


def _place(row: Locator) -> Any:  # noqa: ANN401 - the browser's numbers
    return row.evaluate("row => [row.dataset.call, Math.round(row.getBoundingClientRect().top)]")


def test_new_rows_above_do_not_move_the_rows_in_view(
    open_console: OpenConsole, crowded: str, deployed: DeployedStack, calls: Calls
) -> None:
    console = open_console(crowded)
    _wait_until_live(console)
    expect(console.locator("[data-call]").first).to_be_visible()
    _scroll(console.locator(".call-scroller"), 1500)
    row = console.locator("[data-call]").nth(15)
    before = _place(row)
    new = calls.place(crowded)
    calls.send([_ringing(new)])
    expect(console.get_by_test_id("new-calls")).to_have_text("1 new call ↑")
    same = console.get_by_test_id(f"call-row-{before[0]}")
    assert _place(same) == before
    console.get_by_test_id("new-calls").click()
    expect(_row(console, new)).to_be_in_viewport()
    assert deployed.rows("SELECT status FROM call WHERE id = :id", id=new.call_id) == [{"status": "Ringing"}]


def test_the_list_can_be_saved_for_a_spreadsheet(open_console: OpenConsole, calls: Calls, garage: str) -> None:
    reached, busy = calls.play(garage, outcome="reached"), calls.play(garage, outcome="busy")
    console = open_console(garage, path="?outcome=busy")
    with console.expect_download() as saving:
        console.get_by_test_id("call-export").click()
    assert re.fullmatch(r"calls-busy-\d{4}-\d\d-\d\d[.]csv", saving.value.suggested_filename)
    text = Path(saving.value.path()).read_text("utf-8-sig")
    assert "Customer" in text
    assert f"{console.url.partition('?')[0]}?call={busy.call_id}" in text
    ids = {line.split(",")[-1].strip('"') for line in text.splitlines()}
    assert str(busy.call_id) in ids
    assert str(reached.call_id) not in ids


def test_a_list_that_cannot_be_read_says_so_and_is_tried_again(
    open_console: OpenConsole, calls: Calls, garage: str, complaints: Complaints
) -> None:
    complaints.expect("Failed to load resource")
    script = calls.play(garage, outcome="reached")
    console = open_console(garage, path="?view=feedback", news=False)  # which would mend the list before it is asked to
    console.route("**/v1/calls?*", lambda route: route.abort())
    console.get_by_role("link", name="Calls", exact=True).click()
    expect(console.get_by_test_id("failure")).to_contain_text("The server cannot be reached")
    console.unroute("**/v1/calls?*")
    console.get_by_role("button", name="Try again").click()
    expect(_row(console, script)).to_be_visible()


def test_a_list_keeps_its_rows_when_refreshing_fails(
    open_console: OpenConsole, calls: Calls, garage: str, complaints: Complaints
) -> None:
    complaints.expect("Failed to load resource")
    script = calls.play(garage, outcome="reached")
    console = open_console(garage)
    line = Line(console)
    console.reload()
    _wait_until_live(console)
    expect(_row(console, script)).to_be_visible()
    console.route("**/v1/calls?*", lambda route: route.abort())
    with line.cut():
        expect(console.get_by_test_id("connection-state")).not_to_have_text("live")
    expect(console.get_by_test_id("stale")).to_contain_text("could not be read again")
    expect(_row(console, script)).to_be_visible()
    console.unroute("**/v1/calls?*")
    console.get_by_test_id("stale").get_by_role("button").click()
    expect(console.get_by_test_id("stale")).to_be_hidden()


def test_an_organization_without_calls_is_told_what_will_come(open_console: OpenConsole, garage: str) -> None:
    console = open_console(garage)
    expect(console.get_by_test_id("empty")).to_contain_text("No calls yet")


def test_a_phone_shows_the_list_and_the_call_over_it(open_console: OpenConsole, calls: Calls, garage: str) -> None:
    script = calls.play(garage, outcome="reached")
    phone = open_console(garage, **PHONE)
    row = _row(phone, script)
    expect(row.locator(".call-vehicle")).to_have_text(script.vehicle)
    assert _overflow(phone) <= 0
    expect(phone.get_by_test_id("call-filter-status")).to_be_hidden()
    phone.locator(".filter-more summary").click()
    expect(phone.get_by_test_id("call-filter-status")).to_be_visible()
    phone.locator(".filter-more summary").click()
    row.tap()
    expect(phone.get_by_test_id("call-panel")).to_be_visible()
    expect(row).to_be_hidden()
    assert _overflow(phone) <= 0
    phone.get_by_test_id("panel-close").tap()
    expect(row).to_be_visible()


def test_a_phone_comes_back_to_where_it_was(open_console: OpenConsole, crowded: str) -> None:
    phone = open_console(crowded, **PHONE)
    expect(phone.locator("[data-call]").first).to_be_visible()
    scroller = phone.locator(".call-scroller")
    _scroll(scroller, 1600)
    row = phone.locator("[data-call]").nth(12)
    before = _place(row)
    row.tap()
    expect(phone.get_by_test_id("call-panel")).to_be_visible()
    phone.get_by_test_id("panel-close").tap()
    expect(phone.get_by_test_id(f"call-row-{before[0]}")).to_be_in_viewport()
    assert _place(phone.get_by_test_id(f"call-row-{before[0]}")) == before


def _overflow(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))
