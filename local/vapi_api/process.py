"""The stand-in's process beside the stack: started, found again, and stopped."""

import json
import os
import secrets
import shutil
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from local import ports
from local.processes import MARKER, Identity, find_marked, is_alive, kill, start_detached
from local.stack_paths import LOOPBACK, PROJECT, LocalStackError, StackPaths

CALLS: Final = "calls.db"
READY: Final = "ready.json"
KEY_VARIABLE: Final = "VAPI_STAND_IN_KEY"
START_SECONDS: Final = 30


@dataclass(frozen=True)
class RunningStandIn:
    """The process, and its addresses."""

    process: Identity
    api_url: str
    storage_url: str
    alerts_url: str


class StandIn:
    """The stand-in of one local stack."""

    def __init__(self, paths: StackPaths) -> None:
        """Keep the paths; nothing is started."""
        self._directory = paths.state / "vapi_api"
        self._preferred_port = paths.vapi_api_port

    @property
    def key(self) -> str:
        """Its private key, generated once and kept."""
        file = self._directory / "key"
        if not file.exists():
            self._directory.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
                stream.write(secrets.token_urlsafe(24))
        return file.read_text()

    def start(self) -> RunningStandIn:
        """Start it if it does not run, on its former ports if they are free."""
        running = self.find()
        if running:
            return running
        self.stop()
        former = self._read()
        wanted = (urlsplit(former.api_url).port if former else None) or self._preferred_port
        port = ports.choose(wanted, LOOPBACK, "the stand-in for Vapi's API")
        storage_port = (urlsplit(former.storage_url).port if former else None) or 0
        if not ports.is_free(storage_port):
            storage_port = 0
        return self._start(port, storage_port)

    def find(self) -> RunningStandIn | None:
        """Return the running process, or None."""
        record = self._read()
        return record if record and is_alive(record.process) else None

    def stop(self) -> None:
        """Stop it; its calls stay."""
        kill(lambda: find_marked(str(self._directory)))

    def remove(self) -> None:
        """Stop it, and delete its calls."""
        self.stop()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _start(self, port: int, storage_port: int) -> RunningStandIn:
        ready, log = self._directory / READY, self._directory / "vapi_api.log"
        ready.unlink(missing_ok=True)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VAPI_"))}
        process = start_detached(
            [
                sys.executable,
                "-m",
                "local.vapi_api",
                self._directory,
                f"--port={port}",
                f"--storage-port={storage_port}",
            ],
            directory=PROJECT,
            log=log,
            environment=kept | {MARKER: str(self._directory), KEY_VARIABLE: self.key},
        )
        deadline = time.monotonic() + START_SECONDS
        while process and is_alive(process) and time.monotonic() < deadline:
            if ready.exists():
                urls = json.loads(ready.read_text())
                running = RunningStandIn(process, urls["api"], urls["storage"], urls["alerts"])
                self._file.write_text(json.dumps(asdict(running)))
                return running
            time.sleep(0.02)
        end = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
        raise LocalStackError(f"the stand-in for Vapi's API does not start; the end of {log}:\n{end}")

    @property
    def _file(self) -> Path:
        return self._directory / "running.json"

    def _read(self) -> RunningStandIn | None:
        try:
            record = json.loads(self._file.read_text())
            return RunningStandIn(
                Identity(**record["process"]), record["api_url"], record["storage_url"], record["alerts_url"]
            )
        except (FileNotFoundError, ValueError, KeyError):  # KeyError: a former version wrote the file
            return None
