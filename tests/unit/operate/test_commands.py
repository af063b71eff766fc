"""The commands of `python -m operate`: each is found, and imports only what it needs."""

import json
import subprocess
import sys

import pytest

from operate.__main__ import COMMANDS, find_command
from tests.contract.stack import ROOT


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_a_function(name: str) -> None:
    assert find_command(name).__module__.startswith("operate.commands.")


def test_a_command_imports_nothing_that_only_other_commands_need() -> None:
    code = """
import json, sys
from operate.__main__ import find_command
find_command("verify")
print(json.dumps([*sys.modules]))
"""
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", code], cwd=ROOT, env={"PYTHONPATH": "shared"}, capture_output=True, text=True, check=True
    )
    modules = set(json.loads(done.stdout))
    assert "operate.verify" in modules
    assert {"alembic", "sqlalchemy", "yaml", "operate.deploy", "local.stack", "local.build"} & modules == set()
