"""A value that a person gives a variable of the Makefile reaches the command as one argument, and runs nothing."""

import json
import os
import subprocess
from pathlib import Path
from typing import Final

import pytest

from local.stack_paths import PROJECT

HOSTILE: Final = (
    "plain",
    "two words",
    "`touch owned`",
    "$(touch owned)",
    "$$(touch owned)",
    "$(shell touch owned)",
    "${shell touch owned}",
    "'; touch owned; '",
    '"; touch owned; "',
    "a' && touch owned #",
    "; touch owned",
    "*",
    "\\",
    "../../org?x=1",
)
TARGETS: Final = {
    ("redrive", "KIND"): "--kind",
    ("redrive", "ONLY"): "--only",
    ("redrive", "LIMIT"): "--limit",
    ("drift", "SINCE"): "--since",
    ("refusals", "SINCE"): "--since",
    ("verify", "SINCE"): "--since",
    ("reconcile", "SINCE"): "--since",
    ("reconcile", "CALL"): "--call",
    ("reconcile", "VAPI_CALL"): "--vapi-call",
    ("erase", "CALL"): "--call",
    ("erase", "VAPI_CALL"): "--vapi-call",
    ("erase", "REPORT"): "--report",
    ("tombstones", "SAVE"): "--save",
    ("tombstones", "REPLAY"): "--replay",
    ("smoke", "ENV"): "--environment",
    ("vapi-doctor", "ASSISTANT"): "--assistant",
    ("vapi-configure", "PHONE_NUMBER"): "--phone-number",
    ("database-check", "DATABASE_CA"): "--database-ca",
    ("simulate", "CALLS"): "--calls",
    ("simulate", "SEED"): "--seed",
    ("simulate", "SPEED"): "--speed",
}
_ECHO: Final = "#!/bin/sh\nexec python3 -c 'import json, sys; print(json.dumps(sys.argv[1:]))' \"$@\"\n"


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A virtual environment whose Python prints its arguments."""
    for folder in ("venv", "emulator"):
        (tmp_path / folder / "bin").mkdir(parents=True)
        (tmp_path / folder / ".installed").touch()
    (tmp_path / "venv/bin/python").write_text(_ECHO)
    (tmp_path / "venv/bin/python").chmod(0o755)
    return tmp_path


def _make(tools: Path, target: str, *variables: str) -> subprocess.CompletedProcess[str]:
    places = (f"VENV={tools / 'venv'}", f"EMULATOR={tools / 'emulator'}")
    environment = {"PATH": os.environ["PATH"], "HOME": str(tools)}
    return subprocess.run(  # noqa: S603 - the project's own Makefile
        ["make", "--no-print-directory", "--file", str(PROJECT / "Makefile"), target, *places, *variables],  # noqa: S607
        cwd=tools,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("target", "variable", "value"),
    [
        *(("redrive", "KIND", value) for value in HOSTILE),
        *((*named, "`touch owned`$(shell touch owned)") for named in TARGETS),
    ],
)
def test_a_value_is_one_argument_as_it_was_given(tools: Path, target: str, variable: str, value: str) -> None:
    (tools / "requirements-dev.txt").touch()
    (tools / "local").mkdir()
    (tools / "local/requirements-emulator.txt").touch()
    for folder in ("venv", "emulator"):
        os.utime(tools / folder / ".installed")
    done = _make(tools, target, f"{variable}={value}")
    assert done.returncode == 0, done.stderr
    arguments = json.loads(done.stdout.splitlines()[-1])
    assert arguments[arguments.index(TARGETS[target, variable]) + 1] == value
    assert not (tools / "owned").exists()


@pytest.mark.parametrize("target", ["deploy", "build"])
@pytest.mark.parametrize("value", ["plain", "`touch owned`", "staging) touch owned ;; x"])
def test_an_environment_that_is_none_deploys_nothing_and_runs_nothing(tools: Path, target: str, value: str) -> None:
    done = _make(tools, target, f"ENV={value}")
    assert done.returncode == 2
    assert "say where" in done.stderr
    assert done.stdout == ""
    assert not (tools / "owned").exists()
