"""The workflows run code that is pinned, and hold AWS's credentials only where nothing is tested or built."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.contract.stack import ROOT

WORKFLOWS: Final = sorted((ROOT / ".github/workflows").glob("*.yml"))
PINNED: Final = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")


def _read(file: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(file.read_text()))


def _jobs() -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    for file in WORKFLOWS:
        workflow = _read(file)
        for name, job in workflow["jobs"].items():
            yield f"{file.stem}/{name}", workflow, job


JOBS: Final = list(_jobs())
IDS: Final = [name for name, _, _ in JOBS]
PARAMETERS: Final = [(workflow, job) for _, workflow, job in JOBS]


def _permissions(workflow: dict[str, Any], job: dict[str, Any]) -> dict[str, str]:
    return dict(job.get("permissions", workflow["permissions"]))


def _commands(job: dict[str, Any]) -> str:
    return "\n".join(step.get("run", "") for step in job["steps"])


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_every_action_is_a_commit_and_says_its_version(file: Path) -> None:
    used = re.findall(r"uses: (.*)", file.read_text())
    assert used
    assert [one for one in used if not PINNED.fullmatch(one)] == []


def test_an_action_is_one_commit_everywhere() -> None:
    used = {one for file in WORKFLOWS for one in re.findall(r"uses: (.*)", file.read_text())}
    assert len({one.partition("@")[0] for one in used}) == len(used)


@pytest.mark.parametrize(("workflow", "job"), PARAMETERS, ids=IDS)
def test_a_checkout_leaves_no_token_behind(workflow: dict[str, Any], job: dict[str, Any]) -> None:
    del workflow
    checkouts = [step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")]
    assert [step["with"]["persist-credentials"] for step in checkouts] == [False]


@pytest.mark.parametrize(("workflow", "job"), PARAMETERS, ids=IDS)
def test_a_job_reads_the_repository_and_one_may_ask_for_a_token(workflow: dict[str, Any], job: dict[str, Any]) -> None:
    given = _permissions(workflow, job)
    is_deploy = job is _read_deploy(workflow)
    assert given == {"contents": "read"} | ({"id-token": "write"} if is_deploy else {})


def _read_deploy(workflow: dict[str, Any]) -> object:
    return workflow["jobs"]["deploy"] if workflow["name"] == "deploy" else None


def test_tests_and_builds_run_without_credentials_and_what_they_made_is_deployed() -> None:
    jobs = _read(ROOT / ".github/workflows/deploy.yml")["jobs"]
    build, deploy = jobs["build"], jobs["deploy"]
    assert "environment" not in build, "an environment's secrets and role are the deploy's"
    assert "configure-aws-credentials" not in str(build)
    assert "make build" in _commands(build)
    assert "make build" not in _commands(deploy)
    assert "test" not in _commands(deploy)
    assert deploy["needs"] == "build"
    (last,) = [step for step in deploy["steps"] if "make deploy" in step.get("run", "")]
    assert 'BUILT="$DIGEST"' in last["run"]
    assert last["env"]["DIGEST"] == "${{ needs.build.outputs.digest }}"


def test_what_is_installed_is_installed_before_the_credentials_come() -> None:
    steps = _read(ROOT / ".github/workflows/deploy.yml")["jobs"]["deploy"]["steps"]
    names = [step.get("uses", "").partition("@")[0] or step["run"] for step in steps]
    credentials = names.index("aws-actions/configure-aws-credentials")
    assert names.index("make tools") < credentials
    assert [name for name in names[credentials + 1 :] if "make deploy" not in name] == []


def test_no_run_puts_an_input_into_its_shell() -> None:
    assert [name for name, _, job in JOBS if "${{" in _commands(job)] == []


def test_the_check_looks_for_known_vulnerabilities() -> None:
    assert "make audit" in _commands(_read(ROOT / ".github/workflows/check.yml")["jobs"]["check"])
    recipe = (ROOT / "Makefile").read_text().partition("\naudit:")[2].partition("\n\n")[0]
    assert "pip-audit --require-hashes" in recipe
    assert "zizmor" in recipe
    assert "--soft-fail" not in recipe
