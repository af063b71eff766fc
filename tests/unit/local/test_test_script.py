"""`make test` shows what its three runs print as it comes, and fails if one of them does."""

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "local/test.sh"
# The run of the stack ends when the console's line was shown, or gives up after 20 s.
PYTHON = """#!/bin/sh
echo "asked for $3"
case $TEST_RUN in
    console) echo "a failure of the console" ;;
    stack)
        tries=0
        until grep -q "a failure of the console" shown || [ $tries -eq 200 ]; do tries=$((tries + 1)); sleep 0.1; done
        [ $tries -lt 200 ] || exit 9 ;;
esac
[ "$TEST_RUN" != "$FAILING" ]
"""


@pytest.mark.parametrize(("failing", "status"), [("none", 0), ("console", 1), ("rest", 1), ("stack", 1)])
def test_lines_are_shown_while_another_run_goes_on_and_one_failing_run_fails_all(
    failing: str, status: int, tmp_path: Path
) -> None:
    python = tmp_path / "python"
    python.write_text(PYTHON)
    python.chmod(0o755)
    shown = tmp_path / "shown"
    with shown.open("w") as output:
        done = subprocess.run(  # noqa: S603 - the project's own script
            ["sh", str(SCRIPT), str(python)],  # noqa: S607 - as above
            cwd=tmp_path,
            env={"PATH": "/usr/bin:/bin", "FAILING": failing},
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=60,
        )
    assert done.returncode == status
    lines = shown.read_text().splitlines()
    assert sorted(lines) == [
        "console | a failure of the console",
        "console | asked for tests/browser",
        "rest | asked for --ignore=tests/e2e",
        "stack | asked for tests/e2e",
    ]
    assert (tmp_path / ".local/tests/rest.log").read_text() == "rest | asked for --ignore=tests/e2e\n"
