"""`samconfig.toml`: an environment inherits nothing from another, so each must be complete."""

import tomllib
from typing import Any

import pytest

from tests.contract.stack import EXISTING, LOCAL, ROOT, Stack, source, stack_of


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


@pytest.mark.parametrize("name", ["default", "staging", "production"])
def test_cloudformation_has_nothing_to_complain_of(name: str) -> None:
    assert stack_of(name).complaints == []


WRONG = [
    (Stack({}), "S3PrefixListId"),
    (Stack({"DatabaseHost": "db.example.com", "S3PrefixListId": "pl-1"}), "DatabaseSecretArn"),
    (Stack({"DatabaseSecretArn": "arn:owner"}), "DatabaseHost"),
    (LOCAL.but(DatabaseAuth="iam"), "DatabaseResourceId"),
    (LOCAL.but(Network="vpc", S3PrefixListId="pl-1"), "DatabaseSecurityGroupId"),
    (EXISTING.but(SubnetIds="subnet-none"), "SubnetIds"),
    (EXISTING.but(EndpointForS3="true"), "RouteTableIds"),
]


@pytest.mark.parametrize(("stack", "named"), WRONG, ids=[named for _, named in WRONG])
def test_a_deploy_that_cannot_work_is_refused_at_once(stack: Stack, named: str) -> None:
    (complaint,) = stack.complaints
    assert named in complaint


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
