"""The two files samconfig.toml: a section inherits nothing from another, so each must be complete."""

import tomllib
from typing import Any

import pytest

from operate.stacks import APPLICATION, INFRASTRUCTURE, choose_values, parts_of, read_configured
from operate.target import SAMCONFIG, OperationFailed
from tests.contract.stack import DATABASE, EXISTING, FIREWALL, LOCAL, PLACEHOLDERS, Stack, source, stacks_of

ENVIRONMENTS = ("staging", "production")


def _configuration() -> dict[str, Any]:
    return tomllib.loads(SAMCONFIG.read_text())


@pytest.mark.parametrize("name", ["default", *ENVIRONMENTS])
def test_every_environment_is_complete(name: str) -> None:
    environment = _configuration()[name]
    assert set(environment) >= {"global", "validate", "build", "deploy"}
    assert environment["validate"]["parameters"]["language_extensions"] is True
    assert environment["build"]["parameters"]["language_extensions"] is True


def test_a_stack_of_ones_own_needs_nothing_but_sam_build_and_sam_deploy() -> None:
    environment = _configuration()["default"]
    deploy = environment["deploy"]["parameters"]
    assert deploy["template_file"] == f"{environment['build']['parameters']['build_dir']}/template.yaml"
    assert deploy["capabilities"] == ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
    assert deploy["language_extensions"] is environment["local_invoke"]["parameters"]["language_extensions"] is True
    values = choose_values(source()["Parameters"], read_configured(APPLICATION, "default").parameters, {})
    assert Stack(values).complaints == []


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_every_parameter_of_every_stack_has_a_value_that_its_template_takes(name: str) -> None:
    for part, stack in stacks_of(name).items():
        assert set(stack.parameters) == set(source(part)["Parameters"])
        assert stack.complaints == []


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_the_stacks_of_an_environment_are_about_each_other(name: str) -> None:
    application = read_configured(APPLICATION, name).stack_name
    for part, stack in stacks_of(name).items():
        if part is not APPLICATION:
            assert stack.parameters.get("Application", application) == application


def test_a_database_that_is_there_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    configured = read_configured(APPLICATION, "staging")
    given = {**configured.parameters, "DatabaseHost": "db.example.com"}
    known = {one.part: one for one in parts_of("staging")}
    monkeypatch.setattr("operate.stacks.read_configured", lambda part, _: _with(known[part], given))
    assert DATABASE not in [one.part for one in parts_of("staging")]


def test_an_environment_has_a_firewall_if_it_has_a_section_for_it() -> None:
    assert FIREWALL in stacks_of("production")
    assert FIREWALL not in stacks_of("staging")


def _with(configured: Any, given: dict[str, str]) -> Any:  # noqa: ANN401 - as read_configured
    return type(configured)(configured.part, configured.stack_name, configured.region, given, configured.tags)


@pytest.mark.parametrize(
    ("configured", "named"), [({}, "no value"), ({"Host": "one", "Hots": "other"}, "no parameter Hots")]
)
def test_a_parameter_without_a_value_and_a_value_without_a_parameter_are_refused(
    configured: dict[str, str], named: str
) -> None:
    with pytest.raises(OperationFailed, match=named):
        choose_values({"Host": {"Type": "String"}}, configured, {})


def test_what_is_configured_wins_over_an_output_and_that_over_a_default() -> None:
    declared = {name: {"Type": "String", "Default": "default"} for name in ("A", "B", "C")}
    values = choose_values(declared, {"A": "configured"}, {"A": "output", "B": "output", "D": "output"})
    assert values == {"A": "configured", "B": "output", "C": "default"}


@pytest.mark.parametrize("name", sorted(set(PLACEHOLDERS) & set(source()["Parameters"])))
def test_what_the_application_needs_of_the_database_its_stack_puts_out(name: str) -> None:
    assert name in source(DATABASE)["Outputs"]


WRONG = [
    (
        LOCAL.but(DatabaseUserSecretArn="", DatabaseWriterSecretArn="", DatabaseCallerSecretArn=""),
        "DatabaseReaderSecretArn",
    ),
    (EXISTING.but(SubnetIds="subnet-none"), "SubnetIds"),
    (EXISTING.but(MigrateSecurityGroupId=""), "MigrateSecurityGroupId"),
    (EXISTING.but(DatabaseProxyName="proxy", MigrationHost="db.example.com"), "DatabaseInstanceId"),
    (EXISTING.but(DatabaseProxyName="proxy", DatabaseInstanceId="one"), "MigrationHost"),
    (LOCAL.but(BatchSize="11"), "BatchingWindow"),
]


@pytest.mark.parametrize(("stack", "named"), WRONG, ids=[named for _, named in WRONG])
def test_a_deploy_that_cannot_work_is_refused_at_once(stack: Stack, named: str) -> None:
    (complaint,) = stack.complaints
    assert named in complaint


def test_a_large_batch_that_waits_for_company_is_fine() -> None:
    assert LOCAL.but(BatchSize="100", BatchingWindow="1").complaints == []


def test_no_two_sections_are_one_stack() -> None:
    files = [tomllib.loads(file.read_text()) for file in (SAMCONFIG, INFRASTRUCTURE)]
    names = [
        section["global"]["parameters"]["stack_name"]
        for file in files
        for name, section in file.items()
        if name != "version"
    ]
    assert len(set(names)) == len(names) == 9


def test_no_build_is_cached() -> None:
    """SAM's cache does not see LAYER_PLATFORM: it would hand the layer of one processor to another."""
    builds = [environment["build"]["parameters"] for name, environment in _configuration().items() if name != "version"]
    assert not any(build.get("cached") for build in builds)
