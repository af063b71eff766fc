"""`make deploy` deploys the stacks of an environment in order, each with the outputs of those before it."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from samcli.cli.types import CfnParameterOverridesType  # type: ignore[import-untyped] # SAM CLI has no types

from operate import artifact, deploy
from operate.cloudformation import Formation
from operate.stacks import PARTS, as_overrides, parts_of
from operate.target import OperationFailed
from operate.templates import PROJECT, expand, read_template, write_template

COMMIT = "a" * 40
OUTPUTS = {
    "database": {
        "DatabaseHost": "proxy.example.com",
        "DatabaseSecretArn": "arn:owner",
        "SubnetIds": "subnet-1,subnet-2",
        "DatabaseInstanceId": "the-instance",
    },
    "application": {
        "AlarmTopicArn": "arn:topic",
        "ApiId": "the-api",
        "ApiStageArn": "arn:stage",
        "RunbookUrl": "https://example.com/runbook",
    },
}


class Client:
    """CloudFormation with the stacks that it is given."""

    def __init__(self, stacks: Mapping[str, Mapping[str, Any]]) -> None:
        self.stacks = dict(stacks)

    def describe_stacks(self, StackName: str) -> Any:  # noqa: ANN401, N803 - as boto3
        if StackName not in self.stacks:
            raise ClientError({"Error": {"Code": "ValidationError", "Message": "does not exist"}}, "DescribeStacks")
        return {"Stacks": [self.stacks[StackName]]}


class Steps:
    """Stands for SAM CLI: notes what it is asked to do, and does it to CloudFormation."""

    def __init__(self, client: Client, fails: str = "") -> None:
        self.commands: list[list[str]] = []
        self._client = client
        self._fails = fails

    def run(self, command: list[str]) -> None:
        self.commands.append(command)
        name = option(command, "--stack-name")
        part = next(part for part in PARTS if name == known()[part.name])
        outputs = [{"OutputKey": key, "OutputValue": value} for key, value in OUTPUTS.get(part.name, {}).items()]
        tags = [pair.partition("=") for pair in after(command, "--tags")]
        self._client.stacks[name] = {
            "StackStatus": "CREATE_FAILED" if part.name == self._fails else "CREATE_COMPLETE",
            "Outputs": outputs,
            "Tags": [{"Key": key, "Value": value} for key, _, value in tags],
        }


def known() -> dict[str, str]:
    return {one.part.name: one.stack_name for one in parts_of("production")}


def option(command: list[str], name: str) -> str:
    return command[command.index(name) + 1]


def after(command: list[str], name: str) -> list[str]:
    """The words after an option, up to the next one."""
    words = command[command.index(name) + 1 :]
    ends = [number for number, word in enumerate(words) if word.startswith("--")]
    return words[: ends[0]] if ends else words


def parameters(command: list[str]) -> dict[str, str]:
    pairs = [word.removeprefix("ParameterKey=").partition(",ParameterValue=") for word in after(command, OVERRIDES)]
    return {name: value.strip('"') for name, _, value in pairs}


OVERRIDES = "--parameter-overrides"


@pytest.fixture
def release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A release of the real templates, without code."""
    built, packed = tmp_path / "built", tmp_path / "release"
    built.mkdir()
    template = expand(read_template(PROJECT / "template.yaml"))
    for resource in template["Resources"].values():
        for name in ("CodeUri", "ContentUri"):
            if name in resource.get("Properties", {}):
                resource["Properties"][name] = "code"
    (built / "code").mkdir()
    (built / "code" / "app.py").write_text("handler = print")
    write_template(template, built / "template.yaml")
    artifact.pack(built, PROJECT / "infrastructure", packed, artifact.Release(COMMIT, "production", "aaa-1"))
    monkeypatch.setattr(deploy, "RELEASE", packed)
    monkeypatch.setattr(deploy, "require_clean_tree", lambda _: COMMIT)
    return packed


def _deploy(
    release: Path, client: Client, monkeypatch: pytest.MonkeyPatch, options: deploy.Options | None = None
) -> list[list[str]]:
    steps = Steps(client)
    monkeypatch.setattr(deploy, "run_step", steps.run)
    digest = artifact.digest_of(release / "release.json")
    deploy.deploy("production", digest, Formation(client), options or deploy.Options(asks=True))
    return steps.commands


def test_account_database_application_firewall_and_monitoring_follow_each_other(
    release: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = _deploy(release, Client({}), monkeypatch)
    assert [command[:2] for command in commands] == [["sam", "deploy"]] * 5
    files = [Path(option(command, "--template-file")).relative_to(release).as_posix() for command in commands]
    assert files == [part.template for part in PARTS]
    assert all("--confirm-changeset" in command for command in commands)
    _, _, application, firewall, monitoring = map(parameters, commands)
    assert application["DatabaseHost"] == "proxy.example.com"
    assert application["SubnetIds"] == "subnet-1,subnet-2"
    assert application["CustomerKey"] == "true", "as samconfig.toml has it"
    assert application["OidcIssuer"] == "", "its default, lest CloudFormation keep what an older commit set"
    assert firewall["ApiStageArn"] == "arn:stage"
    assert monitoring["AlarmTopicArn"] == "arn:topic"
    assert monitoring["DatabaseInstanceId"] == "the-instance"


def test_a_first_deploy_that_fails_stays_to_be_mended(release: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    account, database, application, firewall, monitoring = known().values()
    client = Client({database: {"StackStatus": "CREATE_COMPLETE"}, application: {"StackStatus": "CREATE_FAILED"}})
    commands = _deploy(release, client, monkeypatch)
    kept = {option(command, "--stack-name") for command in commands if "--disable-rollback" in command}
    assert kept == {account, application, firewall, monitoring}


def test_nothing_follows_a_stack_that_is_not_complete(release: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client({})
    steps = Steps(client, fails="database")
    monkeypatch.setattr(deploy, "run_step", steps.run)
    digest = artifact.digest_of(release / "release.json")
    with pytest.raises(OperationFailed, match="autopulse-calls-production-database is not complete"):
        deploy.deploy("production", digest, Formation(client), deploy.Options(asks=False))
    assert len(steps.commands) == 2


def test_an_account_that_is_as_it_should_be_needs_no_rights_to_change_it(
    release: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client({})
    first = _deploy(release, client, monkeypatch)
    again = _deploy(release, client, monkeypatch)
    assert len(first) == 5
    assert [option(command, "--stack-name") for command in again] == list(known().values())[1:]


def test_a_release_can_be_taken_back_while_an_alarm_rings(release: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = deploy.Options(asks=False, overrides={"Gradual": "false"}, role_arn="arn:role")
    commands = _deploy(release, Client({}), monkeypatch, options)
    assert parameters(commands[2])["Gradual"] == "false"
    assert [option(command, "--role-arn") for command in commands[1:]] == ["arn:role"] * 4
    assert "--role-arn" not in commands[0], "the account is the business of who administers it"


def test_it_says_that_nobody_is_paged(
    release: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _deploy(release, Client({}), monkeypatch)
    assert "AlarmEmail is not set" in capsys.readouterr().out
    named = {"AlarmEmail": "one@example.com", "RunbookUrl": "https://example.com/runbook.md"}
    _deploy(release, Client({}), monkeypatch, deploy.Options(asks=False, overrides=named))
    printed = capsys.readouterr().out
    assert "AlarmEmail" not in printed
    assert "RunbookUrl" not in printed


def test_what_is_deployed_is_what_was_verified(release: Path) -> None:
    digest = artifact.digest_of(release / "release.json")
    shutil.rmtree(release)
    with pytest.raises(OperationFailed):
        deploy.deploy("production", digest, Formation(Client({})), deploy.Options(asks=False))


VALUES = ["", "one", "two words", "a=b;c=d,e", '{"keys": [{"kty": "RSA", "n": "a b"}]}', "*.example.com other", "a'b"]


@pytest.mark.parametrize("value", VALUES)
def test_sam_reads_a_value_as_it_is_meant(value: str) -> None:
    read = CfnParameterOverridesType().convert(tuple(as_overrides({"A": "first", "B": value, "C": "last"})), None, None)
    assert read == {"A": "first", "B": value, "C": "last"}
