"""The feedback view as tests see it: its elements, and the API's figures for comparison."""

import http.client
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from playwright.sync_api import Locator, Page, expect

from tests.deployed import PATIENCE_SECONDS, DeployedStack


@dataclass(frozen=True)
class FeedbackPage:
    """An open feedback view."""

    page: Page

    @property
    def items(self) -> Locator:
        return self.page.get_by_test_id("feedback-item")

    @property
    def score(self) -> Locator:
        return self.page.get_by_test_id("nps-score")

    @property
    def address(self) -> dict[str, str]:
        """The parameters of the address."""
        return {name: values[0] for name, values in parse_qs(urlsplit(self.page.url).query).items()}

    def filter(self, name: str) -> Locator:
        return self.page.get_by_test_id(f"feedback-filter-{name}")

    def wait_until_read(self) -> None:
        """Wait until figures and list have been read."""
        read = self.page.locator(".panel[aria-busy=false]:not(:has([data-testid=failure]))")
        expect(read).to_have_count(2, timeout=1000 * PATIENCE_SECONDS)

    def table_of(self, chart: str) -> list[list[str]]:
        """Return the rows of the table that belongs to a chart."""
        rows = self.page.get_by_test_id(chart).locator("table tbody tr").all()
        return [row.locator("th, td").all_text_contents() for row in rows]

    def expect_calls(self, ids: Sequence[int]) -> None:
        """Wait until the list has these calls, from top to bottom."""
        expect(self.items).to_have_count(len(ids))
        for place, id_ in enumerate(ids):
            expect(self.items.nth(place)).to_have_attribute("data-call-id", str(id_))

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than its window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))

    def tell_to_read_again(self) -> None:
        """Make the page react as to a new connection."""
        self.page.evaluate(
            "async () => { const main = document.querySelector('script[type=module]').src;"
            " const { live } = await import(new URL('live.js', main).href);"
            " live.dispatchEvent(new Event('resync')); }"
        )


def ask(deployed: DeployedStack, path: str, **query: object) -> Any:  # noqa: ANN401 - any JSON
    """Return the read API's answer for the organization that `make up` inserts."""
    parts = urlsplit(deployed.stack["api_url"])
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE_SECONDS)
    try:
        headers = {"Authorization": f"Bearer {deployed.stack['api_token']}"}
        connection.request("GET", f"{parts.path}/v1/{path}?{urlencode(query)}", headers=headers)
        response = connection.getresponse()
        assert response.status == 200, response.status
        return json.loads(response.read())
    finally:
        connection.close()
