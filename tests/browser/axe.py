"""What axe finds in a page, in its light and its dark scheme."""

from typing import Final

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

OF_COLOURS: Final = ("color-contrast", "link-in-text-block")
"""The rules of axe that a colour scheme can break; all others find the same in both."""


def violations(page: Page, *rules: str) -> list[tuple[str, list[str]]]:
    """Return which rules of axe something on the page breaks, of these or of all."""
    options = {"runOnly": {"type": "rule", "values": rules}} if rules else None
    found = Axe().run(page, options=options).response["violations"]
    return [(rule["id"], [node["html"] for node in rule["nodes"]][:3]) for rule in found]


def violations_in_both_schemes(page: Page) -> list[tuple[str, list[str]]]:
    """The same for the light scheme with all rules, and for the dark one with those of colours."""
    page.emulate_media(
        color_scheme="light", reduced_motion="reduce"
    )  # a colour that changes slowly has no contrast yet
    in_light = violations(page)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    return in_light + violations(page, *OF_COLOURS)
