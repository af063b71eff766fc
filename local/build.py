"""`sam build` for this machine: for the emulator, which runs functions with its own Python, and for `sam local invoke`.

Builds for AWS (arm64, Python 3.13) are made by `make deploy`, in another folder.
"""

import fcntl
import hashlib
import os
import platform
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from local.stack_paths import PROJECT, REGION, LocalStackError
from operate.templates import read_template, write_template

_SOURCES: Final = ("template.yaml", "functions", "layers", "shared")
_LAMBDA_PYTHON: Final = "3.13"
_FINGERPRINT: Final = "fingerprint"
_TOOLS: Final = Path(sys.executable).parent
"""The folder of this interpreter's `sam` and `uv`."""


def build_for_emulator(target: Path) -> str:
    """Build for this host's Python and platform unless the build is current; returns the fingerprint of its sources."""
    return _build_once(target, f"{sys.version_info.major}.{sys.version_info.minor}", _host_platform())


def build_for_invoke(target: Path) -> str:
    """Build for `sam local invoke`: Lambda's Python on this host's processor."""
    return _build_once(target, _LAMBDA_PYTHON, f"{_processor()}-manylinux_2_28", finish=_allow_local_endpoint)


def tool_environment() -> dict[str, str]:
    """Return the environment for `sam`: this virtual environment's tools first, loops expanded, no telemetry."""
    path = os.pathsep.join((str(_TOOLS), os.environ.get("PATH", os.defpath)))
    own = {"SAM_CLI_TELEMETRY": "0", "SAM_CLI_ENABLE_LANGUAGE_EXTENSIONS": "1", "AWS_DEFAULT_REGION": REGION}
    return os.environ | own | {"PATH": path}


def sam(*arguments: str, environment: dict[str, str], log: Path) -> None:
    """Run SAM CLI; its output goes to the log, and is printed only if it fails."""
    command = [str(_TOOLS / "sam"), *arguments]
    done = subprocess.run(
        command, cwd=PROJECT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(done.stdout + done.stderr)
    if done.returncode:
        end = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise LocalStackError(f"sam {arguments[0]} failed (all of it in {log}):\n{end}")


def _build_once(target: Path, python: str, layer_platform: str, finish: Callable[[Path], None] | None = None) -> str:
    with _alone(target):
        fingerprint = _fingerprint(python, layer_platform)
        record = target / _FINGERPRINT
        if record.exists() and record.read_text() == fingerprint:
            return fingerprint
        record.unlink(missing_ok=True)
        environment = tool_environment() | {"LAYER_PYTHON_VERSION": python, "LAYER_PLATFORM": layer_platform}
        sam(
            "build",
            "--template-file",
            str(PROJECT / "template.yaml"),
            "--build-dir",
            str(target),
            environment=environment,
            log=target.with_name(f"{target.name}.log"),
        )
        if finish:
            finish(target)
        record.write_text(fingerprint)
        return fingerprint


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Lock the build folder, which two stacks of one project share."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.with_name(f"{target.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fingerprint(python: str, layer_platform: str) -> str:
    digest = hashlib.sha256(f"{python} {layer_platform}".encode())
    for file in _source_files():
        digest.update(f"\0{file.relative_to(PROJECT)}\0{file.stat().st_mode}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _source_files() -> list[Path]:
    found = [path for source in _SOURCES for path in (PROJECT / source, *(PROJECT / source).rglob("*"))]
    return sorted(path for path in found if path.is_file() and "__pycache__" not in path.parts)


def _allow_local_endpoint(built: Path) -> None:
    """Declare AWS_ENDPOINT_URL and this host's architecture in the built template.

    `sam local invoke` sets only variables that the template declares, and the template for AWS must not have this one.
    """
    template = read_template(built / "template.yaml")
    template["Globals"]["Function"]["Environment"]["Variables"]["AWS_ENDPOINT_URL"] = ""
    template["Parameters"]["Architecture"]["Default"] = "arm64" if _processor() == "aarch64" else "x86_64"
    write_template(template, built / "template.yaml")


def _processor() -> str:
    machine = platform.machine().lower()
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)


def _host_platform() -> str:
    """Return this host's platform as `uv --python-platform` names it."""
    if sys.platform == "darwin":
        return f"{_processor()}-apple-darwin"
    libc = "musl" if "musl" in (sysconfig.get_config_var("HOST_GNU_TYPE") or "") else "gnu"
    return f"{_processor()}-unknown-linux-{libc}"
