"""`make test` shows what its runs print as it comes, and fails if one of them does."""

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


def _run(folder: Path, failing: str, *which: str, interpreter: str = PYTHON) -> tuple[int, list[str]]:
    """Run the script with what stands for Python; its status, and the lines that it showed."""
    python = folder / "python"
    python.write_text(interpreter)
    python.chmod(0o755)
    shown = folder / "shown"
    with shown.open("w") as output:
        done = subprocess.run(  # noqa: S603 - the project's own script
            ["sh", str(SCRIPT), str(python), *which],  # noqa: S607 - as above
            cwd=folder,
            env={"PATH": "/usr/bin:/bin", "FAILING": failing},
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=60,
        )
    return done.returncode, shown.read_text().splitlines()


@pytest.mark.parametrize(
    ("failing", "status"),
    [("none", 0), ("pages", 1), ("console", 1), ("rest", 1), ("api", 1), ("integration", 1), ("stack", 1)],
)
def test_lines_are_shown_while_another_run_goes_on_and_one_failing_run_fails_all(
    failing: str, status: int, tmp_path: Path
) -> None:
    found, lines = _run(tmp_path, failing)
    assert found == status
    assert sorted(lines) == [
        "api | asked for tests/integration/api",
        "console | a failure of the console",
        "console | asked for tests/browser/deployed",
        "integration | asked for tests/integration",
        "pages | asked for tests/browser",
        "rest | asked for --ignore=tests/e2e",
        "stack | asked for tests/e2e",
    ]
    assert (tmp_path / ".local/tests/rest.log").read_text() == "rest | asked for --ignore=tests/e2e\n"


def test_each_folder_is_given_to_one_run(tmp_path: Path) -> None:
    asking = PYTHON.replace('echo "asked for $3"', 'for one in "$@"; do echo "$one"; done')
    _, lines = _run(tmp_path, "none", interpreter=asking)
    words = [(line.split()[0], line.split()[-1]) for line in lines]
    run_of = {word: run for run, word in words if word.startswith("tests/")}
    left_out = {(run, word.partition("=")[2]) for run, word in words if word.startswith("--ignore=")}
    assert {"tests/browser/deployed", "tests/integration/api"} < run_of.keys()
    # Who is given the folder around it, or all other tests, leaves it out.
    assert left_out == {(run_of.get(str(Path(folder).parent), "rest"), folder) for folder in run_of}
    assert all((SCRIPT.parents[1] / folder).is_dir() for folder in run_of)


@pytest.mark.parametrize(("failing", "status"), [("none", 0), ("first", 1), ("second", 1)])
def test_the_unit_tests_alone_are_two_runs_that_share_no_folder(failing: str, status: int, tmp_path: Path) -> None:
    found, lines = _run(tmp_path, failing, "unit")
    assert found == status
    assert sorted(lines) == ["first | asked for tests/unit/operate", "second | asked for tests/unit"]


def test_what_one_run_of_the_unit_tests_is_given_the_other_leaves_out(tmp_path: Path) -> None:
    _, lines = _run(tmp_path, "none", "unit", interpreter='#!/bin/sh\nfor one in "$@"; do echo "$one"; done\n')
    given = {line.removeprefix("first | ") for line in lines if line.startswith("first | tests/")}
    left_out = {line.partition("--ignore=")[2] for line in lines if "--ignore=" in line}
    assert given == left_out
    assert "second | tests/unit" in lines
