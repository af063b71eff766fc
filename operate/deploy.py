"""`make deploy`: from a clean commit, tested, to an environment of samconfig.toml; then a look at whether it works.

`make build` does the half of it that needs no credentials, so that another machine can do the other half.
"""

import hashlib
import os
import subprocess
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from local.console import say
from local.stack_paths import PROJECT
from operate import artifact
from operate.target import SAMCONFIG, OperationFailed

TESTED: Final = PROJECT / ".local" / "tested"
"""The commit that `make test` last passed on as a whole, on a clean tree."""
BUILT: Final = PROJECT / ".aws-sam" / "build"
RELEASE: Final = PROJECT / ".aws-sam" / "release"
"""What is deployed."""
FOR_AWS: Final = ("LAYER_PYTHON_VERSION", "LAYER_PLATFORM")
"""Variables by which the local stack builds for this machine."""


def build(environment: str, database_ca: str | None = None) -> str:
    """Test and build what is committed, into RELEASE; its SHA-256. Raises OperationFailed where it stops."""
    commit = require_clean_tree(PROJECT)
    require_tests(commit)
    release = release_id(commit, read_parameters(SAMCONFIG, environment))
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
    digest = artifact.pack(BUILT, RELEASE, commit, environment, release)
    say(f"Built {RELEASE.relative_to(PROJECT)}, SHA-256 {digest}")
    return digest


def deploy(environment: str, digest: str, *, asks: bool) -> None:
    """Show the change set of what `build` left, and deploy it; raises OperationFailed where it stops."""
    found = artifact.verify(RELEASE, require_clean_tree(PROJECT), environment, digest)
    say(f"Asking CloudFormation what release {found.release} would change, and deploying …")
    # Named, since SAM would look for it beside the template.
    named = ("--config-file", str(SAMCONFIG), "--template-file", str(RELEASE / artifact.TEMPLATE))
    run_step(["sam", "deploy", *named, "--config-env", environment, *(() if asks else ("--no-confirm-changeset",))])


def require_clean_tree(project: Path) -> str:
    """The commit that is checked out; raises OperationFailed if anything lies around that it does not have."""
    dirty = _git(project, "status", "--porcelain")
    if dirty:
        raise OperationFailed(f"These files are not committed, so nobody could tell later what was deployed:\n{dirty}")
    return _git(project, "rev-parse", "HEAD")


def require_tests(commit: str, tested: Path = TESTED) -> None:
    """Run the checks and the tests, unless they passed on this very commit."""
    if tested.exists() and tested.read_text().strip() == commit:
        say(f"Tests have passed on {commit[:12]}")
        return
    say(f"Testing {commit[:12]} first (ten minutes) …")
    run_step(["make", "check", "test"])


def read_parameters(samconfig: Path, environment: str) -> Sequence[str]:
    """The parameter values of an environment, as samconfig.toml has them."""
    configured = tomllib.loads(samconfig.read_text())[environment]["deploy"]["parameters"]
    return [str(pair) for pair in configured["parameter_overrides"]]


def release_id(commit: str, parameters: Sequence[str]) -> str:
    """Names what runs: the commit, and a hash of the parameters.

    It is written into the shared layer, because a function publishes a version only if its code or a layer changed:
    with other parameters alone, what the alias serves would keep the old ones.
    """
    digest = hashlib.sha256("\n".join(sorted(parameters)).encode()).hexdigest()
    return f"{commit[:12]}-{digest[:12]}"


def build_environment(environment: Mapping[str, str], release: str) -> dict[str, str]:
    """Without what would build for this machine, with the release."""
    return {name: value for name, value in environment.items() if name not in FOR_AWS} | {"RELEASE": release}


def _git(project: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(project), *arguments], capture_output=True, text=True, check=False)  # noqa: S607 - fixed words
    if done.returncode:
        raise OperationFailed(f"git {arguments[0]} failed: {done.stderr.strip()}")
    return done.stdout.strip()


def run_step(command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
    """Run one step, whose output is its own; raises OperationFailed if it fails."""
    done = subprocess.run(command, cwd=PROJECT, env=environment, check=False)
    if done.returncode:
        raise OperationFailed(
            f"{' '.join(command[:3])} failed (exit status {done.returncode}); see above. Nothing after it was done."
        )
