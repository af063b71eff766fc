"""`make first-view` measures how fast a view of the running stack's console is there: the browser's own figures.

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
from local.stack_paths import StackPaths

MOST_BYTES: Final = 110_000
"""Of all bodies of a first view, as they travel."""
MOST_SHIFT: Final = 0.05
"""Cumulative layout shift, of which web.dev calls 0.1 good."""
VIEWS: Final = {
    "calls": ("?view=calls", ".call-row, .state-title"),
    "feedback": ("?view=feedback", ".card-list"),
    "follow-ups": ("?view=follow-ups", ".follow-up-row, .state-title"),
}
"""Name -> its address, and what is there once it has been read."""
CALL: Final = (".call-link", ".turn, .turns-none")
"""What opens a call from the list, and what is there once it has been read."""
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

    @property
    def holds(self) -> bool:
        """Return whether it is small enough, and moves little enough."""
        return self.size <= MOST_BYTES and self.shift < MOST_SHIFT

    def __str__(self) -> str:
        """A line of the table."""
        return (
            f"{self.name:<18} first paint {self.first:5.0f} ms, largest {self.largest:5.0f} ms,"
            f" blocked {self.blocked:4.0f} ms, shift {self.shift:.3f}, {self.files} files, {self.size / 1000:.1f} KB:"
            f" {'holds' if self.holds else 'MISSED'}"
        )


def measure(paths: StackPaths) -> int:
    """Print the figures of each view on each device, with an empty cache; the exit status says whether all hold."""
    executable = provide()
    running = read_stack(paths)
    say(f"With an empty cache, at most {MOST_BYTES / 1000:.0f} KB and a shift below {MOST_SHIFT}:")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(FLAGS))
        views = []
        for look in ("light", "phone"):
            for view in views_on(browser, running["console_url"], running["api_token"], look):
                say(f"  {view}")
                views.append(view)
        browser.close()
    return 0 if all(view.holds for view in views) else 1


def views_on(browser: Browser, console_url: str, token: str, look: str) -> Iterator[FirstView]:
    """Each view on one device: the lists, and the call that is the first of its list, if there is one."""
    for name, (path, marker) in VIEWS.items():
        context = browser.new_context(**LOOKS[look])
        page = context.new_page()
        page.goto(console_link(console_url, token, path))
        page.locator(marker).first.wait_for(timeout=PATIENCE_MILLISECONDS)
        yield FirstView(f"{name}, {look}", **_figures(page, marker))
        link, words = CALL
        if name == "calls" and page.locator(link).count():
            page.locator(link).first.click()
            page.locator(words).first.wait_for(timeout=PATIENCE_MILLISECONDS)
            yield FirstView(f"call, {look}", **_figures(page, words))
        context.close()


def _figures(page: Page, marker: str) -> dict[str, Any]:
    """Load once more as somebody does who is signed in, and has nothing in the cache."""
    session = page.context.new_cdp_session(page)
    session.send("Network.clearBrowserCache")
    page.add_init_script(_OBSERVE)
    page.reload()
    page.locator(marker).first.wait_for(timeout=PATIENCE_MILLISECONDS)
    page.wait_for_load_state("networkidle")
    return dict(page.evaluate(_READ))
