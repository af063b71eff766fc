"""The console in a real browser: one browser for all tests, a context for each page, and the deployed stack.

A test fails on any console error, uncaught exception or violation of the Content-Security-Policy in any of its pages. A
test that provokes one calls `complaints.expect("part of its text")`.
"""

import re
import urllib.request
import uuid
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, Route, expect, sync_playwright

from local.browser import FLAGS, find_browser
from local.database import connect
from local.issuer import Issuer
from local.screenshots import LOOKS
from local.simulator import recordings
from local.simulator.application_rows import ORGANIZATION_ID, insert_organization
from local.stack import console_link, read_stack
from local.stack_paths import StackPaths
from tests.browser.calls import OTHER_ORGANIZATION_ID, Calls
from tests.browser.invented import InventedApi, address_of, serve
from tests.browser.pages import PATIENCE_MILLISECONDS, Complaints, keep_news_away
from tests.deployed import DeployedStack

_OF_THE_TRANSFER: Final = {"content-encoding", "content-length", "transfer-encoding"}
CONNECTIONS: Final = 6
"""Number of connections that a browser opens to one host."""
WARMING_SECONDS: Final = 180
DESKTOP: Final = LOOKS["light"]["viewport"]
WIDE: Final = {"width": 1440, "height": 900}
"""Wide enough for all filters in one row."""
PHONE: Final = LOOKS["phone"]

_FILES: Final = re.compile(r"/console/[^/]+/[^/]+$")
"""Files whose path contains the release, so that they never change."""

Files = dict[str, tuple[int, dict[str, str], bytes]]
"""URL -> status, headers, content."""
OpenPage = Callable[..., Page]
"""(**context options) -> a blank page. Options are those of Browser.new_context: `color_scheme="dark"`, `**PHONE` …"""
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
def browser(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=find_browser(), args=list(FLAGS))
    yield browser
    browser.close()


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


@pytest.fixture(scope="session")
def kept_files() -> Files:
    """Load the console's immutable files: interception disables the browser's cache, and each file takes 50 ms."""
    return {}


@pytest.fixture
def open_page(browser: Browser, complaints: Complaints, kept_files: Files) -> Iterator[OpenPage]:
    """Open a page in a context of its own, without a session."""
    contexts: list[BrowserContext] = []

    def open_page(**options: Any) -> Page:  # noqa: ANN401 - as Browser.new_context takes them
        context = browser.new_context(**{"viewport": DESKTOP, "locale": "en-US", "timezone_id": "UTC", **options})
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        context.route(recordings.URLS, _play_a_tone)
        context.route(_FILES, partial(_answer_as_a_cache, kept_files))
        page = context.new_page()
        complaints.watch(page)
        return page

    yield open_page
    complaints.stop()  # a player may still request a recording, which from here on nobody answers
    for context in contexts:
        context.unroute_all(behavior="ignoreErrors")  # a page may still be requesting files
        context.close()


@pytest.fixture
def open_invented(open_page: OpenPage) -> OpenInvented:
    """Open the console with an invented API."""

    def open_invented(api: InventedApi, path: str = "", *, script: str = "", **options: Any) -> Page:  # noqa: ANN401 - likewise
        page = open_page(**{"viewport": WIDE, **options})
        page.add_init_script(script)
        serve(page, api)
        page.goto(address_of(path))
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


def _play_a_tone(route: Route) -> None:
    """Answer requests for recordings, which do not exist, with two seconds of a low tone."""
    route.fulfill(body=recordings.tone(), content_type="audio/wav", headers={"accept-ranges": "bytes"})


def _answer_as_a_cache(kept: Files, route: Route) -> None:
    """Answer with the file as fetched before, if the server declared it immutable."""
    url = route.request.url
    if url not in kept:
        answer = route.fetch()
        if "immutable" not in answer.headers.get("cache-control", ""):
            route.fulfill(response=answer)
            return
        plain = {name: text for name, text in answer.headers.items() if name not in _OF_THE_TRANSFER}
        kept[url] = (answer.status, plain, answer.body())
    status, headers, body = kept[url]
    route.fulfill(status=status, headers=headers, body=body)
