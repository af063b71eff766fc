"""`make first-view`: measure how fast the running stack's console displays a view, with the browser's own metrics.

These are the metrics that Lighthouse uses: first and largest paint, layout shift, and blocking time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from playwright.sync_api import Browser, Page, sync_playwright

from local.browser import FLAGS, provide
from local.console import say
from local.running import read_stack
from local.screenshots import LOOKS, PATIENCE_MILLISECONDS
from local.stack import console_link
from local.stack_paths import StackPaths

MOST_BYTES: Final = 110_000
"""Limit of the compressed bytes of all bodies of a first view."""
MOST_SHIFT: Final = 0.05
"""Limit of cumulative layout shift; web.dev rates 0.1 as good."""
VIEWS: Final = {
    "calls": ("?view=calls", ".call-row, .state-title"),
    "feedback": ("?view=feedback", ".card-list"),
    "follow-ups": ("?view=follow-ups", ".follow-up-row, .state-title"),
}
"""Name -> address, and the selector of what is present once the view has been loaded."""
CALL: Final = (".call-link", ".turn, .turns-none")
"""Selectors of the link that opens a call, and of what is present once it is open."""
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
    """Metrics of one view; times are milliseconds since the navigation."""

    name: str
    first: float
    largest: float
    blocked: float
    shift: float
    files: int
    size: int
    """Bytes of all bodies as transferred, compressed."""

    @property
    def holds(self) -> bool:
        """Return whether bytes and layout shift are within their limits."""
        return self.size <= MOST_BYTES and self.shift < MOST_SHIFT

    def __str__(self) -> str:
        """Return a line of the table."""
        return (
            f"{self.name:<18} first paint {self.first:5.0f} ms, largest {self.largest:5.0f} ms,"
            f" blocked {self.blocked:4.0f} ms, shift {self.shift:.3f}, {self.files} files, {self.size / 1000:.1f} KB:"
            f" {'holds' if self.holds else 'MISSED'}"
        )


def measure(paths: StackPaths) -> int:
    """Print the metrics of each view on each device, with an empty cache; returns exit status 0 if all are good."""
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
    """Measure each view on one device: the lists, and the first call of the list, if there is one."""
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
    """Load the view once more with the session and an empty cache."""
    session = page.context.new_cdp_session(page)
    session.send("Network.clearBrowserCache")
    page.add_init_script(_OBSERVE)
    page.reload()
    page.locator(marker).first.wait_for(timeout=PATIENCE_MILLISECONDS)
    page.wait_for_load_state("networkidle")
    return dict(page.evaluate(_READ))
