"""`samconfig.toml`: an environment inherits nothing from another, so each must be complete."""

import tomllib
from typing import Any

import pytest

from tests.contract.stack import ROOT, source


def _configuration() -> dict[str, Any]:
    return tomllib.loads((ROOT / "samconfig.toml").read_text())


@pytest.mark.parametrize("name", ["default", "staging", "production"])
def test_every_environment_is_complete(name: str) -> None:
    environment = _configuration()[name]
    assert set(environment) >= {"global", "validate", "build", "deploy"}
    deploy = environment["deploy"]["parameters"]
    given = {pair.split("=")[0] for pair in deploy["parameter_overrides"]}
    parameters = source()["Parameters"]
    assert given >= {parameter for parameter, declared in parameters.items() if "Default" not in declared}
    assert given <= set(parameters)
    assert deploy["template_file"] == f"{environment['build']['parameters']['build_dir']}/template.yaml"
    assert deploy["capabilities"] == "CAPABILITY_IAM"


def test_no_two_environments_are_one_stack() -> None:
    stacks = [
        environment["global"]["parameters"]["stack_name"]
        for name, environment in _configuration().items()
        if name != "version"
    ]
    assert len(set(stacks)) == len(stacks) == 3


def test_no_build_is_cached() -> None:
    """SAM's cache does not see LAYER_PLATFORM: it would hand the layer of one processor to another."""
    builds = [environment["build"]["parameters"] for name, environment in _configuration().items() if name != "version"]
    assert not any(build.get("cached") for build in builds)
