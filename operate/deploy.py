"""`make deploy`: test a clean commit, deploy it to an environment of samconfig.toml, and run the smoke test.

`make build` does the part that needs no credentials, so that another machine can do the rest.
"""

import hashlib
import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from local.console import say
from local.stack_paths import PROJECT
from operate import artifact
from operate.cloudformation import Formation
from operate.stacks import ACCOUNT, APPLICATION, Configured, as_overrides, choose_values, parts_of, read_configured
from operate.target import OperationFailed
from operate.templates import read_template

TESTED: Final = PROJECT / ".local" / "tested"
"""Holds the last commit on which the whole of `make test` passed, on a clean tree."""
BUILT: Final = PROJECT / ".aws-sam" / "build"
RELEASE: Final = PROJECT / ".aws-sam" / "release"
"""The folder of the release that is deployed."""
CONTENT_TAG: Final = "autopulse-content"
"""Tag of the account's stack: a hash of its template and parameters."""
FOR_AWS: Final = ("LAYER_PYTHON_VERSION", "LAYER_PLATFORM")
"""Environment variables that make a build fit this machine."""


@dataclass(frozen=True)
class Options:
    """The options of one deploy."""

    asks: bool
    overrides: Mapping[str, str] = field(default_factory=dict)
    """Parameters of the application that override the configured ones in this deploy."""
    role_arn: str | None = None
    """The role that CloudFormation uses to create resources; without it, CloudFormation uses the caller's rights."""


def build(environment: str, database_ca: str | None = None) -> str:
    """Test and build the current commit into RELEASE; returns the SHA-256. Raises OperationFailed if a step fails."""
    commit = require_clean_tree(PROJECT)
    require_tests(commit)
    release = release_id(commit, read_configured(APPLICATION, environment).parameters)
    say("Fetching the certificates of RDS …")
    run_step(["python", "layers/dependencies/fetch_certificates.py", *([database_ca] if database_ca else [])])
    say(f"Building release {release} for AWS …")
    run_step(["sam", "build", "--config-env", environment], build_environment(os.environ, release))
    run_step(
        [
            "python",
            "layers/dependencies/check_target.py",
            ".aws-sam/build/DependenciesLayer",
            "3.13",
            "aarch64-manylinux_2_28",
        ]
    )
    digest = artifact.pack(BUILT, PROJECT / "infrastructure", RELEASE, artifact.Release(commit, environment, release))
    say(f"Built {RELEASE.relative_to(PROJECT)}, SHA-256 {digest}")
    return digest


def deploy(environment: str, digest: str, formation: Formation, options: Options) -> None:
    """Deploy RELEASE stack by stack, showing each change set; raises OperationFailed if a step fails."""
    found = artifact.verify(RELEASE, require_clean_tree(PROJECT), environment, digest)
    say(f"Deploying release {found.release}")
    outputs: dict[str, str] = {}
    for one in parts_of(environment):
        template = read_template(RELEASE / one.part.template)
        given = {**one.parameters, **(options.overrides if one.part is APPLICATION else {})}
        values = choose_values(template["Parameters"], given, outputs)
        if one.part is APPLICATION:
            _warn(values)
        _deploy_stack(one, values, formation, options)
        outputs |= formation.outputs(one.stack_name)


def _warn(values: Mapping[str, str]) -> None:
    """Warn about settings that do not prevent a deploy, but without which nobody is alerted."""
    if not values["AlarmEmail"]:
        say("AlarmEmail is not set: nobody is paged, unless something else is subscribed to AlarmTopic")
    if "://" not in values["RunbookUrl"]:
        say("RunbookUrl is no URL: the links of alarms and dashboard lead nowhere")


def _deploy_stack(one: Configured, values: Mapping[str, str], formation: Formation, options: Options) -> None:
    file = RELEASE / one.part.template
    content = hashlib.sha256(json.dumps([artifact.digest_of(file), values], sort_keys=True).encode()).hexdigest()
    if one.part is ACCOUNT and formation.tag(one.stack_name, CONTENT_TAG) == content:
        # The stack's tag answers this, so that a role that may not change the account's stack can deploy the rest.
        say(f"{one.stack_name} is as it should be")
        return
    say(f"Asking CloudFormation what would change in {one.stack_name} …")
    is_new = not formation.is_settled(one.stack_name)
    run_step(
        [
            *("sam", "deploy", "--template-file", str(file), "--stack-name", one.stack_name, "--region", one.region),
            *("--resolve-s3", "--no-fail-on-empty-changeset"),
            *("--capabilities", "CAPABILITY_IAM", *(("CAPABILITY_NAMED_IAM",) if one.part is ACCOUNT else ())),
            *("--tags", *one.tags, *((f"{CONTENT_TAG}={content}",) if one.part is ACCOUNT else ())),
            "--confirm-changeset" if options.asks else "--no-confirm-changeset",
            # If a first deploy fails, its resources stay, and the next deploy continues from there.
            *(("--disable-rollback",) if is_new else ()),
            *(("--role-arn", options.role_arn) if options.role_arn and one.part is not ACCOUNT else ()),
            *("--parameter-overrides", *as_overrides(values)),
        ]
    )
    if not formation.is_settled(one.stack_name):
        raise OperationFailed(
            f"{one.stack_name} is not complete; its events say why. docs/deploy.md, A first deploy that failed"
        )


def require_clean_tree(project: Path) -> str:
    """Return the commit that is checked out; raises OperationFailed if the working tree has other changes."""
    dirty = _git(project, "status", "--porcelain")
    if dirty:
        raise OperationFailed(f"These files are not committed, so nobody could tell later what was deployed:\n{dirty}")
    return _git(project, "rev-parse", "HEAD")


def require_tests(commit: str, tested: Path = TESTED) -> None:
    """Run the checks and the tests, unless they have passed on this commit."""
    if tested.exists() and tested.read_text().strip() == commit:
        say(f"Tests have passed on {commit[:12]}")
        return
    say(f"Testing {commit[:12]} first (ten minutes) …")
    run_step(["make", "check", "test"])


def release_id(commit: str, parameters: Mapping[str, str]) -> str:
    """Return an id of the release: the commit, and a hash of the parameters.

    It is written into the shared layer, because SAM publishes a new version of a function only if its code or a layer
    changed: if only parameters changed, the alias would still serve the old ones.
    """
    digest = hashlib.sha256(json.dumps(parameters, sort_keys=True).encode()).hexdigest()
    return f"{commit[:12]}-{digest[:12]}"


def build_environment(environment: Mapping[str, str], release: str) -> dict[str, str]:
    """Return the environment with the release, and without the variables that make a build fit this machine."""
    return {name: value for name, value in environment.items() if name not in FOR_AWS} | {"RELEASE": release}


def _git(project: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(project), *arguments], capture_output=True, text=True, check=False)  # noqa: S607 - fixed words
    if done.returncode:
        raise OperationFailed(f"git {arguments[0]} failed: {done.stderr.strip()}")
    return done.stdout.strip()


def run_step(command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
    """Run one step, which prints its own output; raises OperationFailed if it fails."""
    done = subprocess.run(command, cwd=PROJECT, env=environment, check=False)
    if done.returncode:
        raise OperationFailed(
            f"{' '.join(command[:3])} failed (exit status {done.returncode}); see above. Nothing after it was done."
        )
