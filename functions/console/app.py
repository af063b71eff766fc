"""Lambda handler of the console: the files of `pages/`, as autopulse.console serves them."""

from pathlib import Path
from typing import Any, Final

from autopulse.console import site

PAGES: Final = Path(__file__).parent / "pages"


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer one browser."""
    return site.handle(event, PAGES)
