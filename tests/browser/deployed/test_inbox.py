"""The inbox on the deployed stack: what one browser does, another one shows, with the database and the bus between."""

from playwright.sync_api import Page, expect

from tests.browser.calls import Calls
from tests.browser.conftest import OpenConsole


def test_one_browser_opens_takes_and_resolves_a_follow_up_and_another_one_sees_it(
    open_console: OpenConsole, calls: Calls, garage: str
) -> None:
    call_id = calls.place(garage).call_id
    one, other = open_console(garage, f"?view=calls&call={call_id}"), open_console(garage, "?view=follow-ups")
    for page in (one, other):
        expect(page.get_by_test_id("connection-state")).to_have_text("live")
    expect(other.get_by_test_id("empty")).to_contain_text("Nobody is to be called back")

    one.get_by_test_id("follow-up-new").click()
    for page in (one, other):
        expect(page.get_by_test_id("follow-ups-open")).to_have_text("1 open")
    row = other.locator(".follow-up-row")
    expect(row).to_have_count(1)
    row.get_by_test_id("follow-up-take").click()
    expect(row.get_by_test_id("follow-up-row-state")).to_contain_text("Taken by ")
    state = one.get_by_test_id("call-follow-up-state")
    expect(state).to_contain_text("Taken by ")
    expect(one.get_by_test_id("follow-ups-open")).to_have_count(0)

    _resolve(one)
    expect(state).to_contain_text("Resolved by ")
    expect(row).to_have_count(0)
    other.get_by_test_id("follow-ups-done-tab").click()
    expect(row).to_contain_text("Long wait")


def _resolve(page: Page) -> None:
    form = page.get_by_test_id("follow-up-form")
    form.get_by_role("button", name="Long wait").click()
    form.get_by_label("Note").fill("Called.")
    form.get_by_test_id("follow-up-resolved").click()
