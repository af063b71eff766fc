"""The AWS emulator (MiniStack): one process with the functions' workers as children, and all state in memory."""

import http.client
import os
import shutil
import time
from pathlib import Path
from typing import Final

from local.processes import MARKER, Identity, find_marked, is_alive, kill, start_detached
from local.stack_paths import LOOPBACK, PROJECT, REGION, LocalStackError, StackPaths

START_SECONDS: Final = 60
ACCESS_KEY: Final = "local"
"""The emulator accepts any credentials; these cannot be mistaken for real ones."""
_PYTHON: Final = PROJECT / ".local" / "emulator-venv" / "bin" / "python"
_START: Final = Path(__file__).with_name("emulator_start.py")
_FOREIGN: Final = ("AWS_", "PYTHON", "VIRTUAL_ENV", "LAMBDA_", "MINISTACK_", "DOCKER_", "VAPI_")
"""Variables of the user's shell that would change the emulator or its functions, or that they should not see."""


def endpoint(port: int) -> str:
    """Return the emulator's URL for AWS clients on this machine."""
    return f"http://localhost:{port}"


def client_environment(port: int) -> dict[str, str]:
    """Return this process's environment with the AWS settings that lead to the emulator only."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return kept | {
        "AWS_ENDPOINT_URL": endpoint(port),
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": ACCESS_KEY,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


class Emulator:
    """The emulator of one local stack."""

    def __init__(self, paths: StackPaths) -> None:
        """Keep the paths; nothing is started."""
        self._directory = paths.state / "emulator"
        self._marker = str(self._directory)

    @property
    def log(self) -> Path:
        """The log of the emulator and its functions."""
        return self._directory / "emulator.log"

    def start(self, port: int, host: str) -> Identity:
        """Start it and wait until it answers."""
        if not _PYTHON.exists():
            raise LocalStackError("the emulator is not installed; start the stack by make, which installs it")
        self.stop()
        identity = start_detached(
            [_PYTHON, "-P", _START],  # -P keeps our modules out of the emulator's import path
            directory=self._directory,
            log=self._fresh_log(),
            environment=self._environment(port, host),
        )
        return self._wait_until_it_answers(identity, port)

    def stop(self) -> None:
        """Stop it and its workers, and delete their files."""
        kill(lambda: find_marked(self._marker))
        shutil.rmtree(self._temporary, ignore_errors=True)

    @property
    def _temporary(self) -> Path:
        return self._directory / "tmp"

    def _fresh_log(self) -> Path:
        self._temporary.mkdir(parents=True, exist_ok=True)
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))
        return self.log

    def _environment(self, port: int, host: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
        return kept | {
            MARKER: self._marker,
            "GATEWAY_PORT": str(port),
            "BIND_HOST": host,
            "TMPDIR": str(self._temporary),
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": ACCESS_KEY,
            "AWS_EC2_METADATA_DISABLED": "true",
            "PYTHONUNBUFFERED": "1",
        }

    def _wait_until_it_answers(self, identity: Identity | None, port: int) -> Identity:
        deadline = time.monotonic() + START_SECONDS
        while identity and is_alive(identity) and time.monotonic() < deadline:
            if answers(port):
                return identity
            time.sleep(0.1)
        raise self._failure()

    def _failure(self) -> LocalStackError:
        end = "\n".join(self.log.read_text(errors="replace").splitlines()[-5:])
        return LocalStackError(f"the emulator does not start; the end of {self.log}:\n{end}")


def answers(port: int) -> bool:
    """Return whether an emulator answers on this port."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=2)
    try:
        connection.request("GET", "/_ministack/health")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
