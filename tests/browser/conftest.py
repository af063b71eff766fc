"""The console in a real browser: one browser for all tests, contexts that tests take turns with, the deployed stack.

A test fails on any console error, uncaught exception or violation of the Content-Security-Policy in any of its pages. A
test that provokes one calls `complaints.expect("part of its text")`.
"""

import urllib.request
import uuid
import zlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from local.browser import FLAGS, find_browser
from local.database import connect
from local.issuer import Issuer
from local.running import read_stack
from local.screenshots import LOOKS
from local.serving import serving
from local.simulator.application_rows import ORGANIZATION_ID, insert_organization
from local.stack import console_link
from local.stack_paths import StackPaths
from tests.browser.calls import OTHER_ORGANIZATION_ID, Calls
from tests.browser.invented import InventedApi, address_of
from tests.browser.invented_site import InventedSite
from tests.browser.pages import PATIENCE_MILLISECONDS, Complaints, keep_news_away, play_recordings, show_frame_alone
from tests.deployed import DeployedStack

CONNECTIONS: Final = 6
"""Number of connections that a browser opens to one host."""
WARMING_SECONDS: Final = 180
DESKTOP: Final = LOOKS["light"]["viewport"]
WIDE: Final = {"width": 1440, "height": 900}
"""Wide enough for all filters in one row."""
PHONE: Final = LOOKS["phone"]

OpenPage = Callable[..., Page]
"""(own_context, **context options) -> a blank page. Options are those of Browser.new_context: `color_scheme="dark"` …

A page that sets its clock needs a context of its own, because Playwright sets the clock of the whole context.
"""
OpenInvented = Callable[..., Page]
"""(api, path, script, **context options) -> the console with an invented API, signed in; it needs no stack.

The script, if there is one, runs in the page before all others.
"""
OpenConsole = Callable[..., Page]
"""(organization_id, path, news, **context options) -> the console, signed in; `path` as `"?view=feedback"`.

Without `news` it reads again only if the test makes it (`keep_news_away`).
"""


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    expect.set_options(timeout=PATIENCE_MILLISECONDS)
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def invented_site() -> Iterator[InventedSite]:
    with serving(InventedSite()) as site:
        yield site


@pytest.fixture(scope="session")
def browser(playwright: Playwright, invented_site: InventedSite) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=find_browser(), args=[*FLAGS, invented_site.flag])
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def contexts(browser: Browser) -> "Contexts":
    return Contexts(browser)


@pytest.fixture(scope="session")
def _warm(paths: StackPaths, _up: None) -> None:
    """Start as many workers of the console's function as a browser has connections, because each takes seconds to
    start.
    """
    url = read_stack(paths)["console_url"].partition("#")[0]

    def load(_: int) -> None:
        with urllib.request.urlopen(url, timeout=WARMING_SECONDS) as answer:  # noqa: S310 - the stack's own URL
            answer.read()

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(load, range(CONNECTIONS)))


@pytest.fixture
def deployed(deployed: DeployedStack, _warm: None) -> DeployedStack:
    """Return the deployed stack, ready for a browser."""
    return deployed


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    complaints = Complaints()
    yield complaints
    assert complaints.unexpected == []


@pytest.fixture
def recordings_play() -> None:
    """Answer requests for recordings in every page of the test."""


@pytest.fixture
def frame_alone() -> None:
    """Open every page of the test with empty views."""


@pytest.fixture
def open_page(contexts: "Contexts", complaints: Complaints, request: pytest.FixtureRequest) -> Iterator[OpenPage]:
    """Open a page without a session, in a context of which the test has no other page."""
    with ExitStack() as opened:

        def open_page(*, own_context: bool = False, **options: Any) -> Page:  # noqa: ANN401 - as Browser.new_context takes them
            usual = {"viewport": DESKTOP, "locale": "en-US", "timezone_id": "UTC"}
            context = opened.enter_context(contexts.lend(usual | options, keep=not own_context))
            page = context.new_page()
            complaints.watch(page)
            if "recordings_play" in request.fixturenames:
                play_recordings(page)
            if "frame_alone" in request.fixturenames:
                show_frame_alone(page)
            return page

        yield open_page
        complaints.stop()  # a page may still be requesting files


@pytest.fixture
def open_invented(open_page: OpenPage, invented_site: InventedSite) -> OpenInvented:
    """Open the console with an invented API."""

    def open_invented(
        api: InventedApi,
        path: str = "",
        *,
        script: str = "",
        **options: Any,  # noqa: ANN401 - likewise
    ) -> Page:
        page = open_page(**{"viewport": WIDE, **options})
        page.add_init_script(script)
        page.goto(address_of(path, invented_site.add(api)))
        return page

    return open_invented


@pytest.fixture
def open_console(deployed: DeployedStack, open_page: OpenPage) -> OpenConsole:
    """Open the console in a context of its own, signed in with a token of the local issuer."""
    issuer = Issuer(deployed.paths)

    def open_console(
        organization_id: str = ORGANIZATION_ID,
        path: str = "",
        *,
        news: bool = True,
        **options: Any,  # noqa: ANN401 - likewise
    ) -> Page:
        page = open_page(**options)
        if not news:
            keep_news_away(page)
        page.goto(console_link(deployed.stack["console_url"], issuer.mint(organization_id), path))
        return page

    return open_console


@pytest.fixture
def console(open_console: OpenConsole) -> Page:
    """Open the console for the organization that `make up` inserts."""
    return open_console()


@pytest.fixture
def other_console(open_console: OpenConsole, calls: Calls) -> Page:
    """Open the console for a second organization, in the same browser."""
    del calls  # creates the organization
    return open_console(OTHER_ORGANIZATION_ID)


@pytest.fixture
def phone(open_console: OpenConsole) -> Page:
    """Open the console on a phone."""
    return open_console(**PHONE)


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    """Return each colour scheme in turn, for `open_console(color_scheme=scheme)`."""
    return str(request.param)


@pytest.fixture
def calls(deployed: DeployedStack, request: pytest.FixtureRequest) -> Calls:
    # The same seed gives the same Vapi ids, and all tests share one database.
    return Calls(deployed, zlib.crc32(request.node.nodeid.encode()))


@pytest.fixture
def garage(deployed: DeployedStack) -> str:
    """Return an organization that only this test uses, so that its list has no other calls."""
    organization_id = str(uuid.uuid4())
    with connect(deployed.database_url) as connection:
        insert_organization(connection, organization_id, "Placeholder Garage")
    return organization_id


class Contexts:
    """The browser's contexts by their options: tests take turns with them, so that the browser's cache has the files.

    The console keeps a session in its tab only, so no test sees another one's.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._free: dict[str, list[BrowserContext]] = {}

    @contextmanager
    def lend(self, options: Mapping[str, Any], *, keep: bool) -> Iterator[BrowserContext]:
        """Yield an unused context with these options, and close its pages at the end; without `keep` close it, too."""
        free = self._free.setdefault(repr(sorted(options.items())), [])
        context = free.pop() if free else self._browser.new_context(**options)
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        yield context
        for page in context.pages:
            page.unroute_all(behavior="ignoreErrors")
            page.close()
        if keep:
            context.set_offline(offline=False)
            context.clear_cookies()
            free.append(context)
        else:
            context.close()
