"""Screenshots of the console for the README: each view, light, dark and on a phone, of a stack of their own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, Page, Route, sync_playwright

from local import stack
from local.browser import FLAGS, provide
from local.console import say
from local.simulator import recordings
from local.simulator.managers import call_back
from local.simulator.screenshot_data import Scene, date_follow_ups, moment, set_up
from local.stack_paths import PROJECT, StackPaths

TARGET: Final = PROJECT / "docs" / "screenshots"
PATIENCE_MILLISECONDS: Final = 60_000
"""The first invocation of each function takes seconds on the emulator."""
LOOKS: Final[dict[str, dict[str, Any]]] = {
    "light": {"viewport": {"width": 1280, "height": 800}},
    "dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    "phone": {
        "viewport": {"width": 360, "height": 740},
        "device_scale_factor": 2,
        "is_mobile": True,
        "has_touch": True,
    },
}
"""Name of a look -> options of a browser context."""


@dataclass(frozen=True)
class View:
    """The subject of one screenshot."""

    name: str
    path: str
    shows: tuple[str, ...]
    """Selectors of elements that have to be visible."""


def views_of(scene: Scene, follow_up_id: int) -> list[View]:
    """Return the views of the console, with addresses that fit the scene."""
    turn = "[data-testid=transcript-turn]"
    return [
        View("calls", "?view=calls", ("[data-testid^=call-row-]",)),
        View("call", f"?view=calls&call={scene.told.call_id}", ("[data-testid=call-panel]", turn)),
        View("follow-ups", "?view=follow-ups", ("[data-testid=follow-up-row-due]",)),
        View("follow-up", f"?view=follow-ups&follow_up={follow_up_id}", ("[data-testid=follow-up-panel]", turn)),
        View("feedback", "?view=feedback", ("[data-testid=nps-score]", "[data-testid=feedback-item]")),
    ]


def take(paths: StackPaths) -> int:
    """Take all screenshots of a new stack, which is deleted afterwards; returns the exit status."""
    executable = provide()
    say("Local stack for the pictures")
    with _new_stack(paths) as running, sync_playwright() as playwright:
        say("  setting the scene …")
        scene = set_up(running["database_url"], moment(datetime.now(timezone.utc)))
        call_back(running, "pictures")
        follow_up_id = date_follow_ups(running["database_url"], scene.now)
        browser = playwright.chromium.launch(executable_path=executable, args=list(FLAGS))
        for look, options in LOOKS.items():
            for view in views_of(scene, follow_up_id):
                link = stack.console_link(running["console_url"], running["api_token"], view.path)
                _take(_open(browser, scene, options), link, view, TARGET / f"{view.name}-{look}.png")
        browser.close()
    return 0


@contextmanager
def _new_stack(paths: StackPaths) -> Iterator[dict[str, Any]]:
    own = replace(paths, state=paths.state / "screenshots")
    stack.down(own)
    stack.database_server(own).remove()
    try:
        yield stack.up(own)
    finally:
        stack.down(own)
        stack.database_server(own).remove()


def _open(browser: Browser, scene: Scene, options: dict[str, Any]) -> Page:
    """Open a page whose clock shows the scene's time."""
    context = browser.new_context(locale="en-US", timezone_id="America/New_York", reduced_motion="reduce", **options)
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    context.clock.set_fixed_time(scene.now)
    lasts = (scene.told.ended_at - (scene.told.started_at or scene.told.ended_at)).total_seconds()

    def play(route: Route) -> None:
        route.fulfill(body=recordings.tone(lasts), content_type="audio/wav", headers={"accept-ranges": "bytes"})

    context.route(recordings.URLS, play)
    return context.new_page()


def _take(page: Page, link: str, view: View, file: Path) -> None:
    page.goto(link)
    for selector in view.shows:
        page.locator(selector).first.wait_for()
    page.get_by_test_id("connection-state").get_by_text("live", exact=True).wait_for()
    page.wait_for_load_state("networkidle")
    file.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=file, animations="disabled")
    page.context.close()
    say(f"  {file.relative_to(PROJECT)}  {file.stat().st_size // 1024} KB")
