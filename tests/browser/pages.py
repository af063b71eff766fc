"""What goes wrong in a page, whoever looks: the tests fail on anything that a browser complains about."""

from typing import Final

from playwright.sync_api import ConsoleMessage, Error, Page

_REPORT_VIOLATIONS: Final = """
document.addEventListener("securitypolicyviolation", (event) => {
    console.error(`Content-Security-Policy: ${event.violatedDirective} blocked ${event.blockedURI}`);
});
"""


class Complaints:
    """Console errors, uncaught exceptions and policy violations of every page of a test."""

    def __init__(self) -> None:
        self._found: list[str] = []
        self._expected: list[str] = []

    def watch(self, page: Page) -> None:
        page.add_init_script(_REPORT_VIOLATIONS)
        page.on("console", self._hear)
        page.on("pageerror", self._catch)
        page.on("crash", lambda crashed: self._found.append(f"crashed: {crashed.url}"))

    def expect(self, part: str) -> None:
        """A complaint with this text is what the test is about, however often it comes."""
        self._expected.append(part)

    @property
    def unexpected(self) -> list[str]:
        return [found for found in self._found if not any(part in found for part in self._expected)]

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._found.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _catch(self, error: Error) -> None:
        self._found.append(f"uncaught: {error}")
