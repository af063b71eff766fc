"""From the link that `make run` prints to a console that hears of calls."""

import json
from typing import Final

from playwright.sync_api import Page, expect

from local.issuer import Issuer
from local.simulator.application_rows import ORGANIZATION_ID
from local.stack import console_link
from tests.browser.calls import OTHER_ORGANIZATION_ID, Calls
from tests.browser.conftest import OpenConsole, OpenPage
from tests.browser.pages import wait_until
from tests.deployed import DeployedStack

VIEW: Final = "?view=feedback"
"""Where any view will do, the one that asks for little."""


def test_the_printed_link_opens_the_console_signed_in_and_live(deployed: DeployedStack, open_page: OpenPage) -> None:
    page = open_page()
    page.goto(deployed.stack["console_url"])
    expect(page.get_by_test_id("connection-state")).to_have_text("live")
    expect(page.get_by_test_id("sign-in")).to_have_count(0)
    assert "token" not in page.url


def test_a_reload_keeps_the_session(open_console: OpenConsole) -> None:
    console = open_console(path=VIEW)
    expect(console.get_by_test_id("connection-state")).to_have_text("live")
    console.reload()
    expect(console.get_by_test_id("connection-state")).to_have_text("live")


def test_a_page_hears_of_its_own_organizations_calls_only(
    deployed: DeployedStack, open_page: OpenPage, calls: Calls
) -> None:
    issuer = Issuer(deployed.paths)
    heard: dict[str, list[str]] = {}
    pages = []
    for organization_id in (ORGANIZATION_ID, OTHER_ORGANIZATION_ID):
        page = open_page()
        heard[organization_id] = _record_frames(page)
        page.goto(console_link(deployed.stack["console_url"], issuer.mint(organization_id), VIEW))
        expect(page.get_by_test_id("connection-state")).to_have_text("live")
        pages.append(page)
    played = {organization_id: calls.play(organization_id, outcome="busy").call_id for organization_id in heard}
    for page, organization_id in zip(pages, heard, strict=True):
        _wait_for(page, heard[organization_id], "CallCompleted")
    for organization_id, call_id in played.items():
        messages = [json.loads(frame) for frame in heard[organization_id]]
        assert {message["call_id"] for message in messages if message["type"] == "event"} == {call_id}


def _record_frames(page: Page) -> list[str]:
    frames: list[str] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: frames.append(str(frame))))
    return frames


def _wait_for(page: Page, frames: list[str], part: str) -> None:
    wait_until(page, lambda: any(part in frame for frame in frames), part)
