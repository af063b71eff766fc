"""Check what is around the views: the way in without an issuer, the header, the connection, the address."""

import re
from typing import Any, Final

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.browser.conftest import PHONE, OpenConsole, OpenPage
from tests.browser.pages import Complaints, wait_until
from tests.deployed import DeployedStack

pytestmark = pytest.mark.usefixtures("frame_alone")

FIRST_WORDS: Final = "[...document.activeElement.childNodes].map((node) => node.textContent.trim()).find(Boolean)"
"""What stands first in the element that has the focus: a link to a view has counts behind its title."""

SOCKETS = re.compile("^ws://")


def console_url(deployed: DeployedStack) -> str:
    return f"{deployed.stack['api_url']}/console/"


def state_is(page: Page, state: str) -> None:
    expect(page.get_by_test_id("connection-state")).to_have_text(state)


def test_a_link_signs_in_and_leaves_no_token_in_the_address(console: Page) -> None:
    state_is(console, "live")
    assert "#" not in console.url
    assert console.evaluate("history.length") <= 2


def test_a_sign_in_link_is_valid_for_one_tab_and_its_reloads(console: Page, deployed: DeployedStack) -> None:
    state_is(console, "live")
    console.reload()
    state_is(console, "live")
    other = console.context.new_page()
    other.goto(console_url(deployed))
    expect(other.get_by_test_id("sign-in-unavailable")).to_contain_text("OidcClientId")


@pytest.mark.parametrize("fragment", ["", "#token=", "#token=garbage", "#token=a.b.c", "#elsewhere"])
def test_a_visitor_without_a_token_sees_how_to_get_one(
    deployed: DeployedStack, open_page: OpenPage, fragment: str
) -> None:
    page = open_page()
    page.goto(console_url(deployed) + fragment)
    expect(page.get_by_test_id("sign-in-unavailable")).to_contain_text("make run")
    expect(page.get_by_test_id("connection-state")).to_have_count(0)
    assert "token" not in page.url


def test_a_new_link_in_the_same_tab_signs_in_anew(open_page: OpenPage, deployed: DeployedStack) -> None:
    page = open_page()
    page.goto(console_url(deployed))
    expect(page.get_by_test_id("sign-in-unavailable")).to_be_visible()
    page.goto(deployed.stack["console_url"])
    state_is(page, "live")


def test_a_token_that_is_refused_is_forgotten(
    deployed: DeployedStack, open_page: OpenPage, complaints: Complaints
) -> None:
    complaints.expect("401 (Unauthorized)")
    page = open_page()
    header, claims, _ = deployed.stack["api_token"].split(".")
    page.goto(f"{console_url(deployed)}#token={header}.{claims}.AAAA")
    expect(page.get_by_test_id("sign-in-problem")).to_have_text("Your sign-in has ended.")
    assert page.evaluate("Object.keys(sessionStorage)") == []


def test_signing_out_forgets_everything(console: Page) -> None:
    state_is(console, "live")
    console.get_by_test_id("sign-out").click()
    expect(console.get_by_test_id("sign-in-problem")).to_have_text("You are signed out.")
    assert console.evaluate("Object.keys(sessionStorage)") == []
    console.reload()
    expect(console.get_by_test_id("sign-in-unavailable")).to_be_visible()


def test_an_address_without_its_slash_leads_to_the_page(deployed: DeployedStack, open_page: OpenPage) -> None:
    page = open_page()
    page.goto(console_url(deployed).rstrip("/"))
    assert page.url == console_url(deployed)
    expect(page.get_by_test_id("sign-in-unavailable")).to_be_visible()


def test_views_have_addresses_and_the_browsers_buttons_work(console: Page) -> None:
    current = console.locator(".views [aria-current=page]")
    expect(current).to_have_text("Calls")
    console.get_by_role("link", name="Feedback").click()
    expect(current).to_have_text("Feedback")
    assert console.url.endswith("?view=feedback")
    expect(console).to_have_title(re.compile("^Feedback"))
    console.go_back()
    expect(current).to_have_text("Calls")
    expect(console).to_have_title(re.compile("^Calls"))
    console.go_forward()
    console.reload()
    expect(current).to_have_text("Feedback")


def test_a_view_that_does_not_exist_is_the_first_one(open_console: OpenConsole) -> None:
    page = open_console(path="?view=constructor")
    expect(page.locator(".views [aria-current=page]")).to_have_text("Calls")


def test_everything_is_reached_by_keyboard(console: Page) -> None:
    state_is(console, "live")
    reached = []
    for _ in range(7):
        console.keyboard.press("Tab")
        reached.append(console.evaluate(FIRST_WORDS))
    assert reached == ["Skip to the content", "AutoPulse", "Calls", "To call back", "Feedback", "Views", "Sign out"]
    console.keyboard.press("Home")
    console.get_by_text("Skip to the content").focus()
    console.keyboard.press("Enter")
    assert console.evaluate("document.activeElement.id") == "view"
    assert "view=" not in console.url


def test_an_offline_page_says_so_and_reconnects_by_itself(console: Page, complaints: Complaints) -> None:
    complaints.expect("ERR_INTERNET_DISCONNECTED")
    state_is(console, "live")
    console.context.set_offline(offline=True)
    state_is(console, "offline")
    expect(console.get_by_test_id("connection-banner")).to_contain_text("You are offline")
    console.context.set_offline(offline=False)
    state_is(console, "live")
    expect(console.get_by_test_id("connection-banner")).to_be_hidden()


class Gateway:
    """Plays the WebSocket's other side."""

    def __init__(self, page: Page) -> None:
        self.sockets: list[WebSocketRoute] = []
        self.heard: list[str] = []
        page.route_web_socket(SOCKETS, self._open)

    def _open(self, socket: WebSocketRoute) -> None:
        self.sockets.append(socket)
        socket.on_message(self._hear)

    def _hear(self, message: str | bytes) -> None:
        self.heard.append(str(message))
        if "subscribe" in str(message):
            self.sockets[-1].send('{"type": "subscribed", "topic": "calls"}')


@pytest.fixture
def gateway(deployed: DeployedStack, open_page: OpenPage) -> tuple[Page, Gateway]:
    """A page that is connected to nobody but us."""
    page = open_page()
    gateway = Gateway(page)
    page.goto(deployed.stack["console_url"])
    state_is(page, "live")
    listen = """async () => {
        const { href } = document.querySelector('link[rel=modulepreload][href$="/live.js"]');
        const { live } = await import(href);
        window.heard = [];
        live.addEventListener("event", (event) => window.heard.push(event.detail.id));
        live.addEventListener("resync", () => window.heard.push("resync"));
        live.addEventListener("state", (event) => window.heard.push(event.detail));
    }"""
    page.evaluate(listen)
    return page, gateway


def heard(page: Page, count: int) -> list[Any]:
    page.wait_for_function("(count) => window.heard.length >= count", arg=count)
    return list(page.evaluate("window.heard"))


def test_a_call_event_that_comes_twice_is_heard_once(gateway: tuple[Page, Gateway]) -> None:
    page, other_side = gateway
    for name in ("one", "two", "one", "three"):
        other_side.sockets[-1].send(f'{{"type": "event", "id": "{name}", "call_id": 1}}')
    assert heard(page, 3) == ["one", "two", "three"]


def test_unreadable_events_are_ignored(gateway: tuple[Page, Gateway]) -> None:
    page, other_side = gateway
    for text in ("", "[", "null", "3", '{"type": "unheard-of"}', '{"type": "pong"}'):
        other_side.sockets[-1].send(text)
    other_side.sockets[-1].send('{"type": "event", "id": "one"}')
    assert heard(page, 1) == ["one"]


@pytest.mark.parametrize("end", ["dropped", "expired", "refused"])
def test_a_connection_that_ends_is_made_again_with_a_new_ticket(gateway: tuple[Page, Gateway], end: str) -> None:
    page, other_side = gateway
    if end == "dropped":
        other_side.sockets[-1].close(code=1001)
    else:
        types = {"expired": '{"type": "expired"}', "refused": '{"type": "error", "error": {"code": "unavailable"}}'}
        other_side.sockets[-1].send(types[end])
    assert heard(page, 3) == ["reconnecting", "live", "resync"]
    first, second = (socket.url for socket in other_side.sockets)
    assert re.search(r"\?ticket=[\w%-]+$", first)
    assert first != second
    assert other_side.heard == ['{"action":"subscribe","topic":"calls"}'] * 2


def test_who_looks_again_learns_at_once_whether_the_connection_lives(gateway: tuple[Page, Gateway]) -> None:
    page, other_side = gateway
    page.evaluate("window.dispatchEvent(new Event('online'))")
    wait_until(page, lambda: other_side.heard[-1] == '{"action":"ping"}', "a ping")
    expect(page.get_by_test_id("connection-state")).to_have_text("live")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_a_phone(open_console: OpenConsole, scheme: str) -> None:
    page = open_console(color_scheme=scheme, **PHONE)
    state_is(page, "live")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    expect(page.get_by_test_id("sign-out")).to_be_in_viewport()
    expect(page.get_by_test_id("connection-state")).to_be_in_viewport()
