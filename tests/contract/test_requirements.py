"""Everything that is installed is pinned with its hash, and the tests run what the functions run."""

import json
import re
from importlib.metadata import version
from pathlib import Path
from typing import Final

import pytest
from packaging.markers import Marker

from tests.contract.stack import ROOT

SETS: Final = [
    ROOT / name
    for name in (
        *("layers/dependencies/requirements", "requirements-dev"),
        *("local/requirements-emulator", "local/requirements-audit"),
    )
]
LAYER, DEVELOPMENT = SETS[0], SETS[1]
_PIN: Final = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(?P<version>[^ ;\\]+)(?: ; (?P<marker>[^\\]+?))?"
    r"(?P<rest>(?: \\\n    --hash=sha256:[0-9a-f]{64})*)$",
    re.MULTILINE,
)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _without_comments(file: Path) -> str:
    return re.sub(r"^ *#.*\n", "", file.read_text(), flags=re.MULTILINE)


def _pins(file: Path) -> dict[str, str]:
    """Normal name -> version, of what this machine would install."""
    return {
        _normal(pin["name"]): pin["version"]
        for pin in _PIN.finditer(_without_comments(file))
        if not pin["marker"] or Marker(pin["marker"]).evaluate()
    }


def _wanted(file: Path) -> dict[str, str]:
    """Normal name -> version, of what somebody asked for."""
    text = _without_comments(file)
    return {_normal(name): wanted for name, wanted in re.findall(r"^([\w.-]+)(?:\[.*\])?==(\S+)", text, re.MULTILINE)}


@pytest.mark.parametrize("requirements", SETS, ids=lambda file: file.name)
def test_every_line_is_a_version_with_hashes(requirements: Path) -> None:
    text = _without_comments(requirements.with_suffix(".txt"))
    assert all(pin["rest"] for pin in _PIN.finditer(text))
    assert _PIN.sub("", text).split() == [], "nothing else is in it"


@pytest.mark.parametrize("requirements", SETS, ids=lambda file: file.name)
def test_the_pinned_are_those_that_somebody_asked_for(requirements: Path) -> None:
    wanted, pinned = _wanted(requirements.with_suffix(".in")), _pins(requirements.with_suffix(".txt"))
    assert wanted
    assert {name: pinned.get(name) for name in wanted} == wanted, "make requirements writes them anew"


def test_every_direct_requirement_is_one_version() -> None:
    for requirements in SETS:
        lines = _without_comments(requirements.with_suffix(".in")).split("\n")
        assert [line for line in lines if line and "==" not in line and not line.startswith("-r ")] == []


def test_the_tests_run_the_versions_of_the_layer() -> None:
    layer, development = _pins(LAYER.with_suffix(".txt")), _pins(DEVELOPMENT.with_suffix(".txt"))
    assert len(layer) > 20
    assert {name: development.get(name) for name in layer} == layer
    assert {name: version(name) for name in layer} == layer, "make installs them"


@pytest.mark.parametrize("file", ["local/install.sh", "layers/dependencies/Makefile"])
def test_every_installation_asks_for_the_hashes(file: str) -> None:
    commands = re.findall(r"pip install(?:.*\\\n)*.*", (ROOT / file).read_text())
    assert commands
    assert [command for command in commands if "--require-hashes" not in command] == []


def test_one_command_refreshes_all_of_them() -> None:
    (listed,) = re.findall(r"^REQUIREMENTS := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert [ROOT / name for name in listed.split()] == SETS
    found = {path.with_suffix("") for path in ROOT.glob("*requirements*.in")}
    found |= {
        path.with_suffix("") for folder in ("local", "layers") for path in (ROOT / folder).rglob("*requirements*.in")
    }
    assert found == set(SETS)


def test_what_node_installs_is_pinned_with_a_hash_and_comes_from_whatever_registry_npm_is_set_to() -> None:
    manifest, lock = (json.loads((ROOT / name).read_text()) for name in ("package.json", "package-lock.json"))
    wanted = manifest["devDependencies"]
    assert lock["packages"].pop("")["devDependencies"] == wanted, "make requirements writes it anew"
    assert {name: lock["packages"][f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert [path for path, package in lock["packages"].items() if not package["integrity"].startswith("sha512-")] == []
    assert [path for path, package in lock["packages"].items() if "resolved" in package] == []
    assert "ci --ignore-scripts" in (ROOT / "local/install_node.sh").read_text()
