"""How fast a view of the running stack's console is there on a first visit: the browser's own figures.

They are what Lighthouse reads too: first and largest paint, how much moved, and how long the page could not answer.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from playwright.sync_api import Browser, Page, sync_playwright

from local.browser import FLAGS, provide
from local.console import say
from local.screenshots import LOOKS, PATIENCE_MILLISECONDS
from local.stack import console_link, read_stack
from local.stack_paths import Place

VIEWS: Final = {"calls": ("?view=calls", ".call-row, .state-title"), "feedback": ("?view=feedback", ".card-list")}
"""Name -> its address, and what is there once it has been read."""
_OBSERVE: Final = """
window.figures = { largest: 0, shift: 0, blocked: 0 };
const watch = (type, take) => new PerformanceObserver((list) => list.getEntries().forEach(take))
    .observe({ type, buffered: true });
watch("largest-contentful-paint", ({ startTime }) => { window.figures.largest = startTime; });
watch("layout-shift", ({ value, hadRecentInput }) => { window.figures.shift += hadRecentInput ? 0 : value; });
watch("longtask", ({ duration }) => { window.figures.blocked += Math.max(0, duration - 50); });
"""
_READ: Final = """() => {
    const files = [...performance.getEntriesByType("resource"), ...performance.getEntriesByType("navigation")];
    return {
        ...window.figures,
        first: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0,
        files: files.length,
        size: files.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0),
    };
}"""


@dataclass(frozen=True)
class FirstView:
    """Figures of one view; times are milliseconds from the navigation."""

    name: str
    first: float
    largest: float
    blocked: float
    shift: float
    files: int
    size: int
    """Bytes of all bodies as they travel."""

    def __str__(self) -> str:
        """A line of the table."""
        return (
            f"{self.name:<18} first paint {self.first:5.0f} ms, largest {self.largest:5.0f} ms,"
            f" blocked {self.blocked:4.0f} ms, shift {self.shift:.3f}, {self.files} files, {self.size / 1000:.1f} KB"
        )


def measure(place: Place) -> int:
    """Print the figures of each view on each device, with an empty cache; the exit status."""
    executable = provide()
    running = read_stack(place)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(FLAGS))
        for view in _views(browser, running):
            say(f"  {view}")
        browser.close()
    return 0


def _views(browser: Browser, running: dict[str, Any]) -> Iterator[FirstView]:
    for look in ("light", "phone"):
        for name, (path, marker) in VIEWS.items():
            context = browser.new_context(**LOOKS[look])
            page = context.new_page()
            page.goto(console_link(running["console_url"], running["api_token"], path))
            yield FirstView(f"{name}, {look}", **_figures(page, marker))
            context.close()


def _figures(page: Page, marker: str) -> dict[str, Any]:
    """Load once more as somebody does who is signed in, and has nothing in the cache."""
    page.locator(marker).first.wait_for(timeout=PATIENCE_MILLISECONDS)
    session = page.context.new_cdp_session(page)
    session.send("Network.clearBrowserCache")
    page.add_init_script(_OBSERVE)
    page.reload()
    page.locator(marker).first.wait_for(timeout=PATIENCE_MILLISECONDS)
    page.wait_for_load_state("networkidle")
    return dict(page.evaluate(_READ))
