"""Write `docs/openapi.json`; `make openapi` runs it, and a test checks that the file is current."""

from typing import Final

from autopulse.api.openapi import render
from autopulse.api.resolver import ROUTES, app
from local.stack_paths import PROJECT

DOCUMENT: Final = PROJECT / "docs" / "openapi.json"


def main() -> None:
    """Write the file."""
    DOCUMENT.write_text(render(app, ROUTES))
    print(f"{DOCUMENT.relative_to(PROJECT)} written")


if __name__ == "__main__":
    main()
