"""Every stack of every environment as CloudFormation makes it: linted, without cycles, in the orders that matter."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from operate.stacks import ACCOUNT, APPLICATION, DATABASE, PARTS, Part
from tests.contract.stack import EXISTING, LOCAL, Stack, ids_of, stacks_of

WITHOUT_PROXY = Stack({**stacks_of("production")[DATABASE].parameters, "DatabaseProxy": "false"}, DATABASE)
FROM_GITHUB = Stack({"GitHubRepository": "owner/name"}, ACCOUNT)
STACKS: dict[str, Stack] = {
    **{f"{name}-{part.name}": one for name in ("staging", "production") for part, one in stacks_of(name).items()},
    "without proxy": WITHOUT_PROXY,
    "from GitHub": FROM_GITHUB,
    "local": LOCAL,
    "existing": EXISTING,
}
EVERY = pytest.mark.parametrize("stack", STACKS.values(), ids=STACKS)
SUBSTITUTED = re.compile(r"\$\{(?!AWS::|!)([A-Za-z0-9]+)(?:\.[A-Za-z0-9.]+)?\}")


def _references(value: Any) -> Iterator[str]:  # noqa: ANN401 - any YAML
    """Logical ids that a resource names, with or without saying so."""
    if isinstance(value, list):
        for item in value:
            yield from _references(item)
    if not isinstance(value, dict):
        return
    for name, item in value.items():
        if name == "Ref" and isinstance(item, str):
            yield item
        elif name == "Fn::GetAtt":
            yield item[0] if isinstance(item, list) else item.partition(".")[0]
        elif name == "Fn::Sub":
            text, names = item if isinstance(item, list) else (item, {})
            yield from (found for found in SUBSTITUTED.findall(text) if found not in names)
            yield from _references(names)
        elif name == "DependsOn":
            yield from [item] if isinstance(item, str) else item
        else:
            yield from _references(item)


def _graph(stack: Stack) -> dict[str, set[str]]:
    return {
        name: {found for found in _references(one) if not found.startswith("AWS::")}
        for name, one in stack.flat["Resources"].items()
    }


def _before(graph: Mapping[str, set[str]], name: str) -> set[str]:
    """Everything that is made before a resource, since it or what it needs refers to it."""
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        found = graph[waiting.pop()] - seen
        seen |= found
        waiting += found
    return seen


@pytest.fixture(scope="module")
def lint(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[str]]:
    """What the linter says of each stack, by its name; one run of it, since its start takes as long as a stack."""
    files = {str(_written(tmp_path_factory.mktemp("stack"), stack)): name for name, stack in STACKS.items()}
    linter = Path(sys.executable).with_name("cfn-lint")
    command: list[str | Path] = [linter, "--format", "json", "--regions", "us-east-1", "--", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - the project's tool
    said: dict[str, list[str]] = {name: [] for name in files.values()}
    for one in json.loads(done.stdout):
        said[files[one["Filename"]]].append(f"{one['Rule']['Id']} {one['Message']} ({one['Location']['Path']})")
    assert (done.returncode == 0) == (not any(said.values())), done.stderr
    return said


def _written(folder: Path, stack: Stack) -> Path:
    file = folder / "template.json"
    file.write_text(json.dumps(stack.flat))
    return file


@pytest.mark.parametrize("name", STACKS)
def test_a_stack_lints(lint: Mapping[str, list[str]], name: str) -> None:
    assert lint[name] == []


@EVERY
def test_a_resource_has_a_name_that_aws_takes(stack: Stack) -> None:
    """A blank in the name of a queue, a table or an alarm passes every linter, and ends the first deploy."""
    wrong = [
        (name, key, text)
        for name, one in stack.flat["Resources"].items()
        for key, said in one.get("Properties", {}).items()
        if key.endswith("Name") and key != "DisplayName"
        for text in [said.get("Fn::Sub", "") if isinstance(said, dict) else said]
        if isinstance(text, str) and not re.fullmatch(r"[A-Za-z0-9_./-]*", re.sub(r"\$\{[A-Za-z:]+\}", "", text))
    ]
    assert wrong == []


@EVERY
def test_every_reference_leads_to_a_resource_of_the_stack(stack: Stack) -> None:
    graph = _graph(stack)
    assert {name: found - set(graph) for name, found in graph.items() if found - set(graph)} == {}


@EVERY
def test_no_resource_waits_for_itself(stack: Stack) -> None:
    graph = _graph(stack)
    assert [name for name in graph if name in _before(graph, name)] == []


@EVERY
def test_a_stack_is_within_cloudformations_limits(stack: Stack) -> None:
    assert len(stack.flat["Resources"]) <= 500
    assert len(json.dumps(stack.flat)) < 1_000_000


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_the_accounts_role_for_logs_is_there_before_the_stages_that_write_them(environment: str) -> None:
    made = stacks_of(environment)
    order = list(made)
    assert order == [part for part in PARTS if part in made]
    assert "ApiGatewayAccount" in made[ACCOUNT].resources
    assert "AccessLogSettings" in made[APPLICATION].properties("WebSocketStage")
    assert order.index(ACCOUNT) < order.index(APPLICATION)
    others: list[Part] = [part for part in PARTS if part is not ACCOUNT]
    assert [part for part in others if ids_of("AWS::ApiGateway::Account", part)] == []


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_the_proxy_gets_its_target_after_the_migration_made_the_roles_that_it_connects_as(environment: str) -> None:
    made = stacks_of(environment)
    assert made[DATABASE].ids_of("AWS::RDS::DBProxyTargetGroup") == []
    graph = _graph(made[APPLICATION])
    assert "Migration" in _before(graph, "ProxyTargetGroup")
    assert "ProxyTargetGroup" not in _before(graph, "Migration")


@pytest.mark.parametrize("stack", [STACKS["production-application"], EXISTING, LOCAL], ids=["new", "existing", "local"])
def test_no_function_of_the_database_runs_before_its_schema_fits(stack: Stack) -> None:
    graph = _graph(stack)
    functions = [name for name in stack.ids_of("AWS::Lambda::Function") if "DATABASE_HOST" in stack.environment(name)]
    assert len(functions) == (14 if stack is LOCAL else 13), "the planner of alerts is there if the stack sends them"
    for function in functions:
        assert function == "MigrateFunction" or "Migration" in _before(graph, function)
