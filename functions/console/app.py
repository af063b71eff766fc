"""Lambda handler of the console, which serves the files of `pages/`; implemented in autopulse.console."""

from pathlib import Path
from typing import Any, Final

from autopulse.console import site

PAGES: Final = Path(__file__).parent / "pages"


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer one HTTP request of a browser."""
    return site.handle(event, PAGES)
