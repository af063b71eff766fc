"""Helpers for pages, and a check that fails a test on any error that the browser reports."""

import re
import time
from collections.abc import Callable
from typing import Final

from playwright.sync_api import ConsoleMessage, Error, Page, Route, WebSocketRoute

from local.simulator import recordings

PATIENCE_MILLISECONDS: Final = 45_000
"""Timeout of every wait in a page; each function's first invocation takes seconds here."""

_REPORT_VIOLATIONS: Final = """
document.addEventListener("securitypolicyviolation", (event) => {
    console.error(`Content-Security-Policy: ${event.violatedDirective} blocked ${event.blockedURI}`);
});
"""
_CONTRAST: Final = """(element, property) => {
    const context = document.createElement("canvas").getContext("2d");
    const read = (color) => {
        context.clearRect(0, 0, 1, 1);
        context.fillStyle = color;
        context.fillRect(0, 0, 1, 1);
        return [...context.getImageData(0, 0, 1, 1).data];
    };
    const luminance = (color) => {
        const [r, g, b] = color.map((part) => part / 255)
            .map((part) => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = (start) => {
        let place = start;
        while (place && read(getComputedStyle(place).backgroundColor)[3] < 255) {
            place = place.parentElement;
        }
        return getComputedStyle(place ?? document.body).backgroundColor;
    };
    // A border lies between its element and what is around that.
    const grounds = property.startsWith("border") ? [element, element.parentElement] : [element];
    const shown = luminance(read(getComputedStyle(element)[property]));
    return Math.min(...grounds.map((place) => {
        const [light, dark] = [shown, luminance(read(ground(place)))].sort((a, b) => b - a);
        return (light + 0.05) / (dark + 0.05);
    }));
}"""
_VIEW_FILES: Final = re.compile(r"/(calls|feedback|follow_ups)\.(js|css)$")
_EMPTY_VIEW: Final = "export function mount(container) { container.append('A view'); return () => {}; }"


def show_frame_alone(page: Page) -> None:
    """Open the page's frame with empty views, so that no view's requests disturb the test."""
    page.route(_VIEW_FILES, _answer_empty)


def keep_news_away(page: Page) -> None:
    """Open the page's socket without sending events, so that the page reads again only if the test makes it.

    Otherwise it reads again once its connection is made, which on a busy machine is in the middle of a test.
    """
    page.route_web_socket(re.compile("^ws"), _say_nothing)


def play_recordings(page: Page) -> None:
    """Answer requests for recordings, which do not exist, with a tone; the page has no cache from then on."""
    tone = recordings.tone()
    page.route(
        recordings.URLS,
        lambda route: route.fulfill(body=tone, content_type="audio/wav", headers={"accept-ranges": "bytes"}),
    )


def contrast(page: Page, selector: str, property_: str = "color") -> float:
    """Return WCAG's contrast ratio between a colour of the first such element and its background.

    The element is found and measured in one script, because the page may replace it in between.
    """
    asked = {"selector": selector, "property": property_}
    found = page.evaluate(
        f"({{ selector, property }}) => ({_CONTRAST})(document.querySelector(selector), property)", asked
    )
    return float(found)


def _say_nothing(socket: WebSocketRoute) -> None:
    socket.on_message(lambda _: socket.send('{"type": "pong"}'))  # without a pong the page drops the connection


def wait_until(page: Page, condition: Callable[[], bool], what: object) -> None:
    """Let the page run until the condition holds."""
    deadline = time.monotonic() + PATIENCE_MILLISECONDS / 1000
    while not condition():
        assert time.monotonic() < deadline, what
        page.evaluate("new Promise(requestAnimationFrame)")


def _answer_empty(route: Route) -> None:
    if route.request.url.endswith(".js"):
        route.fulfill(body=_EMPTY_VIEW, content_type="text/javascript")
    else:
        route.fulfill(body="", content_type="text/css")


class Complaints:
    """Console errors, uncaught exceptions and policy violations of every page of a test."""

    def __init__(self) -> None:
        self._found: list[str] = []
        self._expected: list[str] = []
        self._stopped = False

    def watch(self, page: Page) -> None:
        page.add_init_script(_REPORT_VIOLATIONS)
        page.on("console", self._hear)
        page.on("pageerror", self._catch)
        page.on("crash", lambda crashed: self._note(f"crashed: {crashed.url}"))

    def expect(self, part: str) -> None:
        """Allow errors with this text, however often they occur."""
        self._expected.append(part)

    def stop(self) -> None:
        """Ignore what the pages report from now on, because the test has ended."""
        self._stopped = True

    @property
    def unexpected(self) -> list[str]:
        return [found for found in self._found if not any(part in found for part in self._expected)]

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._note(f"console: {message.text} ({message.location.get('url', '')})")

    def _catch(self, error: Error) -> None:
        self._note(f"uncaught: {error}")

    def _note(self, complaint: str) -> None:
        if not self._stopped:
            self._found.append(complaint)
