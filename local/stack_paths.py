"""Paths, ports and interface of a local stack."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).resolve().parent.parent
REGION: Final = "us-east-1"
STACK_NAME: Final = "autopulse-local"
LOOPBACK: Final = "127.0.0.1"


class LocalStackError(Exception):
    """An error that the user has to know; the text says what happened and what to do next."""


@dataclass(frozen=True)
class StackPaths:
    """One local stack. Two stacks with different directories run side by side."""

    state: Path
    """The directory of everything that the stack writes except builds; `.local` unless LOCAL_DIR is set."""
    emulator_port: int
    """Preferred port; if it is in use, another free one is taken."""
    database_port: int
    bind: str
    """Interface to listen on; if empty, loopback or the interface of the running stack."""
    vapi_api_port: int = 4599
    """Preferred port of the stand-in for Vapi's API."""
    vapi_api_url: str = ""
    """URL of Vapi's API; if empty, a stand-in is started."""
    vapi_api_key: str = field(default="", repr=False)
    """The private key of the organization at that URL."""

    @property
    def stack_file(self) -> Path:
        """The file in which other programs find the addresses of the running stack."""
        return self.state / "stack.json"

    @property
    def invoke_variables_file(self) -> Path:
        """Environment variables for `sam local invoke`."""
        return self.state / "env.json"

    @property
    def build(self) -> Path:
        """The build for the emulator."""
        return PROJECT / ".aws-sam" / "local"

    @property
    def invoke_build(self) -> Path:
        """The build for `sam local invoke`."""
        return PROJECT / ".aws-sam" / "invoke"


def read_stack_paths(environ: Mapping[str, str] = os.environ) -> StackPaths:
    """Return the stack that LOCAL_DIR, the ports LOCAL_…_PORT, BIND, VAPI_API_URL and VAPI_API_KEY describe."""
    return StackPaths(
        state=(PROJECT / environ.get("LOCAL_DIR", ".local")).resolve(),
        emulator_port=int(environ.get("LOCAL_EMULATOR_PORT", "4566")),
        database_port=int(environ.get("LOCAL_DATABASE_PORT", "54329")),
        bind=environ.get("BIND", ""),
        vapi_api_port=int(environ.get("LOCAL_VAPI_API_PORT", "4599")),
        vapi_api_url=environ.get("VAPI_API_URL", "").rstrip("/"),
        vapi_api_key=environ.get("VAPI_API_KEY", ""),
    )
