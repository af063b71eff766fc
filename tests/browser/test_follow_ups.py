"""The inbox of follow-ups: who is to be called back, taken by whom, and what becomes of it."""

from datetime import datetime, timedelta, timezone
from typing import Any, Final

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.axe import violations_in_both_schemes
from tests.browser.conftest import PHONE, OpenInvented
from tests.browser.invented import InventedApi, detail_of, invent_call
from tests.browser.invented_follow_ups import ME, MY_NAME, InventedInbox, invent_follow_up
from tests.browser.pages import Complaints, contrast, wait_until

VIEW: Final = "?view=follow-ups"
ZOOMED: Final = {"viewport": {"width": 320, "height": 256}}
"""A window of 1280 by 1024 pixels at 400 %."""
DASH: Final = "\N{EN DASH}"


@pytest.fixture
def api() -> InventedApi:
    """Four open follow-ups: one is mine, one is late; and one that was resolved."""
    late = (datetime.now(timezone.utc) - timedelta(hours=2)).isoformat()
    kim = {"assignee_id": 7, "assignee_name": "Kim Example"}
    items = [
        invent_follow_up(1, assignee_id=ME, assignee_name=MY_NAME),
        invent_follow_up(2, due_at=late, **kim),
        invent_follow_up(3, trigger="callback_requested", detractors=None, content=None, nps_score=None),
        invent_follow_up(26),
        invent_follow_up(5, state="resolved", cause="Price", resolved_at=late, state_set_by="Kim Example", version=2),
    ]
    calls = [invent_call(item["call_id"], nps_score=item["nps_score"]) for item in items]
    turn = {"speaker": "human", "text": "I waited forty minutes.", "at": late, "seconds": 3.0}
    said = {call["id"]: detail_of(call, summary="The customer waited.") for call in calls}
    return InventedApi(calls=calls, details=said, turns=[turn], inbox=InventedInbox(items), speaks=True)


def row_of(page: Page, id_: int) -> Locator:
    return page.locator(f'[data-follow-up="{id_}"]')


def open_follow_up(page: Page, id_: int) -> Locator:
    """Open it from the list; its form."""
    row_of(page, id_).get_by_role("link").first.click()
    form = page.locator(f'[data-follow-up-form="{id_}"]')
    expect(form).to_be_visible()
    expect(form.get_by_test_id("follow-up-assignee").locator(f'option[value="{ME}"]')).to_be_attached()
    return form


def shown(page: Page) -> list[int]:
    expect(page.locator(".panel[aria-busy=false]")).to_be_visible()
    return [
        int(id_) for id_ in page.locator("[data-follow-up]").evaluate_all("rows => rows.map((r) => r.dataset.followUp)")
    ]


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.dataset.testid ?? document.activeElement.className"))


def changes(api: InventedApi) -> list[tuple[str, str, str | None, dict[str, Any]]]:
    return api.inbox.asked


# The list


def test_a_row_tells_who_is_to_be_called_back_and_why(open_invented: OpenInvented, api: InventedApi) -> None:
    page = open_invented(api, VIEW)
    row = row_of(page, 26)
    expect(row).to_contain_text("Dana Example 26")
    expect(row.get_by_test_id("nps-score")).to_have_text("2")
    expect(row).to_contain_text("I waited 26 hours.")
    expect(row).to_contain_text("2021 Sample Sedan")
    expect(row).to_contain_text("26 h old")
    expect(row).to_contain_text("for Robin Sample")
    expect(row.get_by_test_id("follow-up-dial")).to_have_attribute("href", "tel:+12025550126")
    expect(row_of(page, 3)).to_contain_text("Asked to be called back")
    expect(row_of(page, 2).get_by_test_id("follow-up-row-due")).to_have_text("overdue by 2 h")


@pytest.mark.parametrize(
    ("name", "ids"), [("all", [26, 3, 1, 2]), ("mine", [1]), ("overdue", [2]), ("done", [5])], ids=str
)
def test_each_list_has_its_follow_ups(open_invented: OpenInvented, api: InventedApi, name: str, ids: list[int]) -> None:
    page = open_invented(api, VIEW)
    expect(row_of(page, 26)).to_be_visible()
    tab = page.get_by_test_id(f"follow-ups-{name}-tab")
    tab.click()
    expect(tab).to_have_attribute("aria-current", "true")
    expect(row_of(page, ids[0])).to_be_visible()
    expect(page.locator("[data-follow-up]")).to_have_count(len(ids))
    assert shown(page) == ids


def test_mine_of_a_reader_whom_nobody_knows_says_so_and_asks_nothing(
    open_invented: OpenInvented, api: InventedApi
) -> None:
    api.reader["user_id"] = None
    page = open_invented(api, f"{VIEW}&list=mine")
    expect(page.get_by_test_id("empty")).to_contain_text("Nobody here knows which person you are")
    assert api.readings("follow-ups") == []
    page.get_by_role("link", name="Show everyone's").click()
    expect(page.locator("[data-follow-up]")).to_have_count(4)


def test_more_than_a_page_is_shown_on_asking(open_invented: OpenInvented, api: InventedApi) -> None:
    api.inbox.items[:] = [invent_follow_up(id_) for id_ in range(1, 71)]
    page = open_invented(api, VIEW)
    expect(page.locator("[data-follow-up]")).to_have_count(50)
    page.get_by_test_id("follow-up-more").click()
    expect(page.locator("[data-follow-up]")).to_have_count(70)
    expect(page.get_by_test_id("follow-up-more")).to_be_hidden()
    assert focused(page) != ""


def test_the_list_keeps_the_advisor_of_the_other_views_and_says_so(
    open_invented: OpenInvented, api: InventedApi
) -> None:
    api.inbox.items[0]["advisor_name"] = "Casey Placeholder"
    page = open_invented(api, f"{VIEW}&advisor=Casey+Placeholder")
    expect(page.locator("[data-follow-up]")).to_have_count(1)
    page.get_by_role("link", name="Show all").click()
    expect(page.locator("[data-follow-up]")).to_have_count(4)


# Taking


def test_one_click_takes_it_and_makes_it_mine(open_invented: OpenInvented, api: InventedApi) -> None:
    page = open_invented(api, VIEW)
    row_of(page, 26).get_by_test_id("follow-up-take").click()
    expect(row_of(page, 26).get_by_test_id("follow-up-row-state")).to_have_text(f"Taken by {MY_NAME}")
    expect(row_of(page, 26).get_by_test_id("follow-up-take")).to_be_hidden()
    assert changes(api) == [("PATCH", "follow-ups/26", '"1"', {"state": "acknowledged", "assignee_id": ME})]
    assert page.evaluate("document.activeElement.closest('[data-follow-up]')?.dataset.followUp") == "26"


def test_two_browsers_agree_on_who_took_it(open_invented: OpenInvented, api: InventedApi) -> None:
    one, other = open_invented(api, VIEW), open_invented(api, VIEW)
    for page in (one, other):
        expect(page.get_by_test_id("follow-ups-open")).to_have_text("4 open")
        expect(page.get_by_test_id("follow-ups-overdue")).to_have_text("1 overdue")
        expect(page).to_have_title(f"To call back, 4 open {DASH} AutoPulse")
    form = open_follow_up(other, 26)
    row_of(one, 26).get_by_test_id("follow-up-take").click()
    for page in (one, other):
        expect(row_of(page, 26).get_by_test_id("follow-up-row-state")).to_have_text(f"Taken by {MY_NAME}")
        expect(page.get_by_test_id("follow-ups-open")).to_have_text("3 open")
    expect(form.get_by_test_id("follow-up-state")).to_contain_text(f"Taken by {MY_NAME}")
    expect(form.get_by_test_id("follow-up-news")).to_contain_text(f"{MY_NAME} took it")


def stop_the_clock(page: Page) -> None:
    """No timer that the page sets from now on ends by itself."""
    page.clock.install()
    page.clock.pause_at(datetime.now(timezone.utc) + timedelta(seconds=5))


def test_no_timer_lies_between_an_event_and_the_number(open_invented: OpenInvented, api: InventedApi) -> None:
    page = open_invented(api, "?view=calls", own_context=True)
    expect(page.get_by_test_id("follow-ups-open")).to_have_text("4 open")
    stop_the_clock(page)
    api.inbox.items.append(invent_follow_up(9, call_id=1))
    api.call_event(1, "FollowUpOpened")
    expect(page.get_by_test_id("follow-ups-open")).to_have_text("5 open")


def test_fifty_events_are_one_reading_and_one_more_after_a_second(
    open_invented: OpenInvented, api: InventedApi
) -> None:
    page = open_invented(api, VIEW, own_context=True)
    expect(row_of(page, 26)).to_be_visible()
    expect(page.get_by_test_id("follow-ups-open")).to_have_text("4 open")
    stop_the_clock(page)
    paths = ("follow-ups", "follow-ups/summary")
    before = [len(api.readings(path)) for path in paths]
    api.inbox.items.append(invent_follow_up(149))
    for call_id in range(100, 150):
        api.call_event(call_id, "FollowUpOpened")
    expect(row_of(page, 149)).to_be_visible()
    expect(page.get_by_test_id("follow-ups-open")).to_have_text("5 open")
    assert [len(api.readings(path)) for path in paths] == [number + 1 for number in before]
    # A reading that rested when the first event came has answered all fifty: this event asks once more in any case.
    api.inbox.items.append(invent_follow_up(150))
    api.call_event(150, "FollowUpOpened")
    for _ in range(900):
        if row_of(page, 150).is_visible() and page.get_by_title("6 open").is_visible():
            break
        page.clock.run_for(1000)
        page.wait_for_timeout(50)
    expect(row_of(page, 150)).to_be_visible()
    expect(page.get_by_test_id("follow-ups-open")).to_have_text("6 open")
    assert [len(api.readings(path)) for path in paths] == [number + 2 for number in before]


def test_a_row_that_leaves_hands_its_focus_to_the_next(open_invented: OpenInvented, api: InventedApi) -> None:
    page = open_invented(api, VIEW)
    row_of(page, 3).get_by_role("link").first.focus()
    api.write("PATCH", "follow-ups/3", '"1"', {"state": "dismissed"})
    expect(row_of(page, 3)).to_have_count(0)
    assert page.evaluate("document.activeElement.closest('[data-follow-up]')?.dataset.followUp") == "1"


# What becomes of it


def test_it_is_resolved_with_a_cause_and_a_note(open_invented: OpenInvented, api: InventedApi) -> None:
    page = open_invented(api, VIEW)
    form = open_follow_up(page, 26)
    panel = page.get_by_test_id("follow-up-panel")
    expect(panel).to_contain_text("The customer waited.")
    expect(panel).to_contain_text("I waited forty minutes.")
    form.get_by_role("button", name="Long wait").click()
    form.get_by_label("Note").fill("Called, gets a voucher.")
    form.get_by_test_id("follow-up-resolved").click()
    expect(form.get_by_test_id("follow-up-state")).to_contain_text(f"Resolved by {MY_NAME}")
    entries = form.get_by_test_id("follow-up-entries").locator("li")
    expect(entries.first).to_contain_text(f"{MY_NAME} resolved it and said why: Long wait")
    expect(entries.first).to_contain_text("Called, gets a voucher.")
    expect(form.get_by_label("Note")).to_have_value("")
    expect(row_of(page, 26)).to_have_count(0)
    wanted = {"state": "resolved", "cause": "Long wait", "note": "Called, gets a voucher."}
    assert changes(api) == [("PATCH", "follow-ups/26", '"1"', wanted)]


def test_resolving_without_a_cause_asks_for_one(open_invented: OpenInvented, api: InventedApi) -> None:
    page = open_invented(api, VIEW)
    form = open_follow_up(page, 26)
    form.get_by_test_id("follow-up-resolved").click()
    expect(form.get_by_test_id("follow-up-problem")).to_contain_text("Say first why the customer was unhappy")
    expect(form.get_by_test_id("follow-up-cause")).to_be_focused()
    expect(form.get_by_test_id("follow-up-cause")).to_have_attribute("aria-invalid", "true")
    assert changes(api) == []


def test_each_state_has_its_buttons_and_they_lead_around(open_invented: OpenInvented, api: InventedApi) -> None:
    page = open_invented(api, f"{VIEW}&follow_up=26")
    form = page.get_by_test_id("follow-up-form")
    buttons = form.locator(".follow-up-buttons button:visible")
    form.get_by_test_id("follow-up-cause").fill("Price")
    for name, then in (
        ("Take it", ["Resolve", "Dismiss", "Give back", "Save"]),
        ("Give back", ["Take it", "Resolve", "Dismiss", "Save"]),
        ("Dismiss", ["Open again", "Save"]),
        ("Open again", ["Take it", "Resolve", "Dismiss", "Save"]),
        ("Resolve", ["Open again", "Save"]),
    ):
        form.get_by_role("button", name=name, exact=True).click()
        expect(buttons).to_have_text(then)
        assert focused(page) in {"follow-up-state", f"follow-up-{'open'}"}, focused(page)
    assert [body.get("state") for *_, body in changes(api)] == [
        "acknowledged",
        "open",
        "dismissed",
        "open",
        "resolved",
    ]


def test_it_is_given_to_somebody_else(open_invented: OpenInvented, api: InventedApi) -> None:
    page = open_invented(api, VIEW)
    form = open_follow_up(page, 26)
    form.get_by_test_id("follow-up-assignee").select_option("7")
    form.get_by_test_id("follow-up-save").click()
    expect(row_of(page, 26)).to_contain_text("for Kim Example")
    expect(form.get_by_test_id("follow-up-entries").locator("li").first).to_contain_text("gave it to Kim Example")
    assert changes(api)[-1][3] == {"assignee_id": 7}


# What goes wrong


def test_somebody_was_faster_says_who_and_keeps_what_was_typed(
    open_invented: OpenInvented, api: InventedApi, complaints: Complaints
) -> None:
    complaints.expect("412")
    api.speaks = False  # the page gets no event
    page = open_invented(api, VIEW)
    form = open_follow_up(page, 26)
    form.get_by_label("Note").fill("My own words")
    form.get_by_test_id("follow-up-cause").fill("My own cause")
    api.inbox.change(26, '"1"', {"state": "acknowledged", "assignee_id": 7}, by="Kim Example")
    form.get_by_test_id("follow-up-resolved").click()
    expect(form.get_by_test_id("follow-up-problem")).to_contain_text("Somebody was faster: Kim Example took it")
    expect(form.get_by_test_id("follow-up-state")).to_contain_text("Taken by Kim Example")
    expect(form.get_by_label("Note")).to_have_value("My own words")
    expect(form.get_by_test_id("follow-up-cause")).to_have_value("My own cause")
    form.get_by_test_id("follow-up-resolved").click()
    expect(form.get_by_test_id("follow-up-state")).to_contain_text(f"Resolved by {MY_NAME}")
    assert [version for _, _, version, _ in changes(api)] == ['"1"', '"2"']


def test_a_change_whose_answer_was_lost_is_not_told_as_somebody_elses(
    open_invented: OpenInvented, api: InventedApi, complaints: Complaints
) -> None:
    complaints.expect("412")
    complaints.expect("ERR_CONNECTION_RESET")
    api.speaks = False
    page = open_invented(api, VIEW)
    form = open_follow_up(page, 26)
    form.get_by_label("Note").fill("Called")
    api.wait_for_socket().close()  # the page gets no event
    page.route(
        "**/follow-ups/26", lambda route: lose_answer(route, api) if is_change(route) else route.fallback(), times=1
    )
    form.get_by_test_id("follow-up-dismissed").click()
    expect(form.get_by_test_id("follow-up-problem")).to_contain_text("The server does not answer")
    expect(form.get_by_label("Note")).to_have_value("Called")
    form.get_by_test_id("follow-up-dismissed").click()
    expect(form.get_by_test_id("follow-up-state")).to_contain_text(f"Dismissed by {MY_NAME}")
    expect(form.get_by_test_id("follow-up-problem")).to_be_hidden()


def test_what_somebody_else_did_is_not_told_as_mine(
    open_invented: OpenInvented, api: InventedApi, complaints: Complaints
) -> None:
    """Two click "Take it" whom nobody knows as users: the same change, and the customer is called once."""
    complaints.expect("412")
    api.speaks = False
    api.reader["user_id"] = None
    page = open_invented(api, VIEW)
    expect(row_of(page, 26)).to_be_visible()
    api.inbox.change(26, '"1"', {"state": "acknowledged"}, by="Kim Example")
    row_of(page, 26).get_by_test_id("follow-up-take").click()
    problem = page.get_by_test_id("follow-ups-problem")
    expect(problem).to_contain_text("Somebody was faster: Kim Example took it")
    expect(row_of(page, 26).get_by_test_id("follow-up-row-state")).to_have_text("Taken by Kim Example")


def test_what_is_typed_while_a_change_is_on_its_way_stays(open_invented: OpenInvented, api: InventedApi) -> None:
    page = open_invented(api, VIEW)
    form = open_follow_up(page, 26)
    held: list[Route] = []
    page.route("**/follow-ups/26", lambda route: held.append(route) if is_change(route) else route.fallback())
    form.get_by_label("Note").fill("Called")
    form.get_by_test_id("follow-up-acknowledged").click()
    wait_until(page, lambda: bool(held), held)
    form.get_by_label("Note").fill("Called, and gets a voucher")
    form.get_by_test_id("follow-up-cause").fill("Price")
    held[0].fallback()
    expect(form.get_by_test_id("follow-up-state")).to_contain_text(f"Taken by {MY_NAME}")
    expect(form.get_by_label("Note")).to_have_value("Called, and gets a voucher")
    expect(form.get_by_test_id("follow-up-cause")).to_have_value("Price")
    page.reload()
    form = page.get_by_test_id("follow-up-form")
    expect(form.get_by_label("Note")).to_have_value("Called, and gets a voucher")
    expect(form.get_by_test_id("follow-up-cause")).to_have_value("Price")


def lose_answer(route: Route, api: InventedApi) -> None:
    """Apply the change, and break the connection instead of answering."""
    asked = route.request
    api.write(asked.method, "follow-ups/26", asked.headers["if-match"], asked.post_data_json or {})
    route.abort("connectionreset")


def is_change(route: Route) -> bool:
    return route.request.method == "PATCH"


def test_the_person_that_was_chosen_and_not_saved_is_chosen_after_a_reload(
    open_invented: OpenInvented, api: InventedApi
) -> None:
    api.inbox.items[3] |= {"assignee_id": ME, "assignee_name": MY_NAME}
    page = open_invented(api, VIEW)
    open_follow_up(page, 26).get_by_test_id("follow-up-assignee").select_option("7")
    page.reload()
    assignee = page.get_by_test_id("follow-up-form").get_by_test_id("follow-up-assignee")
    expect(assignee.locator('option[value="7"]')).to_have_text("Kim Example")
    expect(assignee).to_have_value("7")


def test_who_reads_is_asked_again_if_it_could_not_be_told(
    open_invented: OpenInvented, api: InventedApi, complaints: Complaints
) -> None:
    complaints.expect("503")
    api.refused_paths = {"me"}
    page = open_invented(api, f"{VIEW}&list=mine&follow_up=26")
    expect(page.get_by_test_id("follow-up-form")).to_be_visible()
    expect(page.get_by_text("Who you are could not be read")).to_be_visible()
    api.refused_paths = set()
    expect(row_of(page, 1)).to_be_visible(timeout=20_000)
    expect(row_of(page, 1).get_by_test_id("follow-up-take")).to_be_visible()
    expect(page.get_by_test_id("follow-up-form").get_by_test_id("follow-up-save")).to_be_visible(timeout=20_000)


@pytest.mark.parametrize(
    ("refusal", "text"),
    [
        ((403, "forbidden", "No."), "You may read follow-ups, and not change them."),
        ((422, "unprocessable", "The organization has no such user."), "The organization has no such user."),
        ((428, "precondition_required", "No."), "This page did not say which version it changes."),
        ((503, "unavailable", "The database does not answer."), "The database does not answer."),
        ((404, "not_found", "No."), "This follow-up is gone"),
    ],
    ids=lambda given: str(given[0]) if isinstance(given, tuple) else None,
)
def test_what_is_refused_is_said_and_nothing_typed_is_lost(
    open_invented: OpenInvented,
    api: InventedApi,
    complaints: Complaints,
    refusal: tuple[int, str, str],
    text: str,
) -> None:
    complaints.expect(str(refusal[0]))
    api.inbox.refusal = refusal
    page = open_invented(api, VIEW)
    form = open_follow_up(page, 26)
    form.get_by_label("Note").fill("My own words")
    form.get_by_test_id("follow-up-dismissed").click()
    problem = form.get_by_test_id("follow-up-problem")
    expect(problem).to_contain_text(text)
    expect(problem).to_have_attribute("role", "alert")
    expect(form.get_by_label("Note")).to_have_value("My own words")


def test_offline_is_said_and_what_was_typed_outlasts_a_reload(
    open_invented: OpenInvented, api: InventedApi, complaints: Complaints
) -> None:
    complaints.expect("ERR_INTERNET_DISCONNECTED")
    page = open_invented(api, VIEW)
    form = open_follow_up(page, 26)
    form.get_by_label("Note").fill("My own words")
    page.context.set_offline(True)
    page.route("**/follow-ups/26", lambda route: route.abort("internetdisconnected"))
    form.get_by_test_id("follow-up-dismissed").click()
    expect(form.get_by_test_id("follow-up-problem")).to_contain_text("You are offline")
    page.unroute("**/follow-ups/26")
    page.context.set_offline(False)
    page.reload()
    expect(page.get_by_test_id("follow-up-form").get_by_label("Note")).to_have_value("My own words")


def test_what_was_typed_is_there_again_after_another_row(open_invented: OpenInvented, api: InventedApi) -> None:
    page = open_invented(api, VIEW)
    open_follow_up(page, 26).get_by_label("Note").fill("My own words")
    form = open_follow_up(page, 3)
    expect(form.get_by_label("Note")).to_have_value("")
    form = open_follow_up(page, 26)
    expect(form.get_by_label("Note")).to_have_value("My own words")


def test_one_that_a_report_took_back_is_told(
    open_invented: OpenInvented, api: InventedApi, complaints: Complaints
) -> None:
    complaints.expect("404")
    page = open_invented(api, VIEW)
    open_follow_up(page, 26)
    del api.inbox.items[3]
    api.call_event(26, "FollowUpChanged")
    expect(row_of(page, 26)).to_have_count(0)
    expect(page.get_by_test_id("follow-up-panel")).to_contain_text("It is gone")


def test_a_list_that_cannot_be_read_says_so(
    open_invented: OpenInvented, api: InventedApi, complaints: Complaints
) -> None:
    complaints.expect("503")
    api.refused_paths = {"follow-ups"}
    page = open_invented(api, VIEW)
    expect(page.get_by_test_id("failure")).to_contain_text("The database does not answer.")
    api.refused_paths = set()
    page.get_by_role("button", name="Try again").click()
    expect(row_of(page, 26)).to_be_visible()


def test_a_reader_who_may_not_write_has_no_buttons(open_invented: OpenInvented, api: InventedApi) -> None:
    api.reader["may_write"] = False
    page = open_invented(api, f"{VIEW}&follow_up=5&list=done")
    form = page.get_by_test_id("follow-up-form")
    expect(form).to_contain_text("Price")
    expect(form.locator("button, input, select, textarea")).to_have_count(0)
    page.get_by_test_id("follow-ups-all-tab").click()
    expect(row_of(page, 26)).to_be_visible()
    expect(page.locator("[data-testid=follow-up-take]:visible")).to_have_count(0)


# Beside a call


def test_the_panel_of_a_call_shows_its_follow_up(open_invented: OpenInvented, api: InventedApi) -> None:
    page = open_invented(api, "?view=calls&call=26")
    section = page.get_by_test_id("call-follow-up")
    state = section.get_by_test_id("call-follow-up-state")
    expect(state).to_contain_text("Open · due")
    state.click()
    section.get_by_test_id("follow-up-acknowledged").click()
    expect(state).to_contain_text(f"Taken by {MY_NAME}")
    section.get_by_role("link", name="Show it in the inbox").click()
    expect(page.get_by_test_id("follow-up-panel")).to_be_visible()


def test_what_was_missed_while_the_connection_was_lost_is_shown_beside_the_call(
    open_invented: OpenInvented, api: InventedApi
) -> None:
    page = open_invented(api, "?view=calls&call=26")
    state = page.get_by_test_id("call-follow-up-state")
    expect(state).to_contain_text("Open · due")
    api.inbox.change(26, '"1"', {"state": "acknowledged", "assignee_id": 7}, by="Kim Example")
    api.wait_for_socket().close()
    expect(state).to_contain_text("Taken by Kim Example")


def test_a_call_without_one_has_the_way_to_open_one(open_invented: OpenInvented, api: InventedApi) -> None:
    api.calls.append(invent_call(50))
    page = open_invented(api, "?view=calls&call=50")
    section = page.get_by_test_id("call-follow-up")
    section.get_by_test_id("follow-up-new").click()
    expect(section.get_by_test_id("call-follow-up-state")).to_contain_text("Open · due")
    expect(section.get_by_test_id("call-follow-up-state")).to_be_focused()
    expect(section.get_by_test_id("follow-up-form")).to_be_visible()
    assert changes(api) == [("POST", "calls/50/follow-up", None, {})]


def test_what_was_typed_about_one_that_a_report_took_back_goes_to_the_next(
    open_invented: OpenInvented, api: InventedApi
) -> None:
    page = open_invented(api, "?view=calls&call=26")
    section = page.get_by_test_id("call-follow-up")
    section.get_by_test_id("call-follow-up-state").click()
    section.get_by_label("Note").fill("My own words")
    del api.inbox.items[3]
    api.call_event(26, "FollowUpChanged")
    expect(section).to_contain_text("What you wrote is kept for the next follow-up.")
    section.get_by_test_id("follow-up-new").click()
    expect(section.get_by_label("Note")).to_have_value("My own words")


def test_a_second_one_for_a_call_shows_the_first(
    open_invented: OpenInvented, api: InventedApi, complaints: Complaints
) -> None:
    complaints.expect("409")
    api.speaks = False
    api.calls.append(invent_call(50))
    page = open_invented(api, "?view=calls&call=50")
    section = page.get_by_test_id("call-follow-up")
    expect(section.get_by_test_id("follow-up-new")).to_be_visible()
    api.inbox.open(50, {})
    section.get_by_test_id("follow-up-new").click()
    expect(section.get_by_test_id("call-follow-up-problem")).to_contain_text(
        f"This call has a follow-up already: {MY_NAME} opened it"
    )
    expect(section.get_by_test_id("follow-up-form")).to_be_visible()


def test_whoever_may_not_write_cannot_open_one(open_invented: OpenInvented, api: InventedApi) -> None:
    api.reader["may_write"] = False
    api.calls.append(invent_call(50))
    page = open_invented(api, "?view=calls&call=50")
    expect(page.get_by_test_id("call-follow-up")).to_contain_text("Nobody is to call back about this call.")
    expect(page.get_by_test_id("follow-up-new")).to_have_count(0)


# By keyboard, on a phone, zoomed, printed


def test_the_whole_inbox_works_by_keyboard(open_invented: OpenInvented, api: InventedApi) -> None:
    page = open_invented(api, VIEW)
    row_of(page, 26).get_by_role("link").first.focus()
    page.keyboard.press("ArrowDown")
    expect(row_of(page, 3).get_by_role("link").first).to_be_focused()
    page.keyboard.press("End")
    expect(row_of(page, 2).get_by_role("link").first).to_be_focused()
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    panel = page.get_by_test_id("follow-up-panel")
    expect(panel.get_by_role("heading", name="Dana Example 26")).to_be_focused()
    form = panel.get_by_test_id("follow-up-form")
    expect(form.get_by_role("button", name="Long wait")).to_be_visible()
    for _ in range(20):
        page.keyboard.press("Tab")
        if focused(page) == "follow-up-cause":
            break
    page.keyboard.type("Price")
    page.keyboard.press("Enter")
    expect(form.get_by_test_id("follow-up-entries").locator("li").first).to_contain_text("said why: Price")
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(row_of(page, 26).get_by_role("link").first).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(row_of(page, 26).get_by_test_id("follow-up-take")).to_be_focused()
    page.keyboard.press("Enter")
    expect(row_of(page, 26).get_by_test_id("follow-up-row-state")).to_have_text(f"Taken by {MY_NAME}")
    page.keyboard.press("ArrowDown")
    expect(row_of(page, 3).get_by_role("link").first).to_be_focused()


def test_the_open_one_follows_the_arrow_keys(open_invented: OpenInvented, api: InventedApi) -> None:
    page = open_invented(api, VIEW)
    open_follow_up(page, 26)
    page.keyboard.press("ArrowDown")
    expect(page.locator('[data-follow-up-panel="3"]')).to_be_visible()
    expect(row_of(page, 3).get_by_role("link").first).to_be_focused()


def test_one_that_is_open_in_the_address_is_open_after_a_reload(open_invented: OpenInvented, api: InventedApi) -> None:
    page = open_invented(api, f"{VIEW}&follow_up=3")
    expect(page.locator('[data-follow-up-panel="3"]')).to_be_visible()
    expect(page).to_have_title(f"Dana Example 3 {DASH} AutoPulse")


def test_a_phone_does_all_of_it_with_a_thumb(open_invented: OpenInvented, api: InventedApi) -> None:
    page = open_invented(api, VIEW, **PHONE)
    expect(row_of(page, 26)).to_be_visible()
    width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert width <= 0
    row_of(page, 26).get_by_test_id("follow-up-take").tap()
    expect(row_of(page, 26).get_by_test_id("follow-up-row-state")).to_have_text(f"Taken by {MY_NAME}")
    row_of(page, 26).get_by_role("link").first.tap()
    form = page.get_by_test_id("follow-up-form")
    expect(page.get_by_test_id("follow-up-panel-dial")).to_be_in_viewport()
    expect(form.get_by_role("button", name="Long wait")).to_be_visible()
    targets = page.locator(".follow-ups :is(button, .button, select, .follow-up-tab):visible")
    sizes = targets.evaluate_all("all => all.map((one) => one.getBoundingClientRect().height)")
    assert min(sizes) >= 40, sizes
    form.get_by_role("button", name="Long wait").tap()
    form.get_by_test_id("follow-up-resolved").tap()
    expect(form.get_by_test_id("follow-up-state")).to_contain_text("Resolved by")
    page.get_by_test_id("panel-close").tap()
    expect(page.get_by_test_id("follow-up-panel")).to_have_count(0)
    expect(page.locator("[data-follow-up]")).to_have_count(3)


@pytest.mark.parametrize("path", [VIEW, f"{VIEW}&follow_up=26", "?view=calls&call=26"])
@pytest.mark.parametrize("device", [{}, PHONE, ZOOMED], ids=["desktop", "phone", "zoomed"])
def test_axe_finds_nothing(open_invented: OpenInvented, api: InventedApi, path: str, device: dict[str, Any]) -> None:
    page = open_invented(api, path, **device)
    if "call=" in path:
        page.get_by_test_id("call-follow-up-state").click()
    if "26" in path:
        expect(page.get_by_role("button", name="Long wait")).to_be_visible()
    else:
        expect(row_of(page, 26)).to_be_visible()
    expect(page.get_by_test_id("follow-ups-open")).to_have_text("4 open")
    assert violations_in_both_schemes(page) == []


def test_zoomed_to_400_percent_every_control_can_be_reached(open_invented: OpenInvented, api: InventedApi) -> None:
    page = open_invented(api, VIEW, **ZOOMED)
    expect(row_of(page, 26)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    take = row_of(page, 2).get_by_test_id("follow-up-take")
    take.scroll_into_view_if_needed()
    expect(take).to_be_in_viewport()
    row_of(page, 26).get_by_role("link").first.click()
    save = page.get_by_test_id("follow-up-save")
    save.scroll_into_view_if_needed()
    expect(save).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_a_printed_follow_up_has_its_words_and_no_buttons(open_invented: OpenInvented, api: InventedApi) -> None:
    page = open_invented(api, f"{VIEW}&follow_up=26")
    expect(page.get_by_role("button", name="Long wait")).to_be_visible()
    page.emulate_media(media="print")
    expect(page.get_by_test_id("follow-up-panel")).to_contain_text("I waited forty minutes.")
    expect(page.get_by_test_id("follow-up-entries")).to_be_visible()
    expect(page.locator(".follow-ups button:visible:not(.panel-close):not(.turn-time)")).to_have_count(0)
    body = page.locator(".follow-up-body")
    assert body.evaluate("body => body.scrollHeight - body.clientHeight") <= 1


def test_the_states_are_told_apart_without_colours(open_invented: OpenInvented, api: InventedApi) -> None:
    page = open_invented(api, f"{VIEW}&follow_up=26", forced_colors="active")
    expect(row_of(page, 26)).to_have_attribute("data-open", "")
    assert row_of(page, 26).evaluate("row => getComputedStyle(row).outlineStyle") == "solid"
    assert page.locator(".view-count").first.evaluate("one => getComputedStyle(one).borderTopWidth") == "1px"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_late_row_can_be_read(open_invented: OpenInvented, api: InventedApi, scheme: str) -> None:
    page = open_invented(api, VIEW, color_scheme=scheme)
    expect(row_of(page, 2)).to_have_attribute("data-overdue", "")
    assert contrast(page, '[data-follow-up="2"] .follow-up-due') >= 4.5


# Answered in time


def test_a_figure_says_how_many_were_answered_in_time(open_invented: OpenInvented, api: InventedApi) -> None:
    api.inbox.answered_in_time = {"count": 9, "of": 12, "share": 0.75}
    page = open_invented(api, "?view=feedback")
    expect(page.get_by_test_id("answered-in-time")).to_have_text("75%")
    expect(page.locator(".answered-in-time")).to_contain_text("9 of 12 unhappy customers")
    assert any("from" in asked for asked in api.readings("follow-ups/summary"))


def test_the_figure_is_not_there_before_the_api_has_it(open_invented: OpenInvented, api: InventedApi) -> None:
    page = open_invented(api, "?view=feedback")
    expect(page.locator(".feedback-figures").first).to_be_visible()
    wait_until(page, lambda: len(api.readings("follow-ups/summary")) > 1, api.asked)
    expect(page.locator(".answered-in-time")).to_be_hidden()
