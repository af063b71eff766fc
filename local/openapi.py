"""Write `docs/openapi.json`; run by `make openapi`, and a test says that the file is what this makes."""

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
