"""The places of the local stack: the project, the directory of its state, the ports and the interface it asks for."""

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
    """Something that the person at the keyboard has to know; the text says what happened and what to do next."""


@dataclass(frozen=True)
class StackPaths:
    """One local stack. Two of them, with different directories, run side by side."""

    state: Path
    """Everything that the stack writes, besides builds; `.local` unless LOCAL_DIR says otherwise."""
    emulator_port: int
    """Preferred; another free one is taken if it is in use."""
    database_port: int
    bind: str
    """Interface to listen on; empty: loopback, or whatever a running stack listens on already."""
    vapi_api_port: int = 4599
    """Preferred port of the stand-in for Vapi's API."""
    vapi_api_url: str = ""
    """Where Vapi's API is; empty: at a stand-in, which is started."""
    vapi_api_key: str = field(default="", repr=False)
    """The private key of the organization there."""

    @property
    def stack_file(self) -> Path:
        """Return what other programs read about the running stack."""
        return self.state / "stack.json"

    @property
    def invoke_variables_file(self) -> Path:
        """Environment variables for `sam local invoke`."""
        return self.state / "env.json"

    @property
    def build(self) -> Path:
        """Build for the emulator."""
        return PROJECT / ".aws-sam" / "local"

    @property
    def invoke_build(self) -> Path:
        """Build for `sam local invoke`."""
        return PROJECT / ".aws-sam" / "invoke"


def read_stack_paths(environ: Mapping[str, str] = os.environ) -> StackPaths:
    """The place that LOCAL_DIR, the ports LOCAL_…_PORT, BIND, VAPI_API_URL and VAPI_API_KEY name."""
    return StackPaths(
        state=(PROJECT / environ.get("LOCAL_DIR", ".local")).resolve(),
        emulator_port=int(environ.get("LOCAL_EMULATOR_PORT", "4566")),
        database_port=int(environ.get("LOCAL_DATABASE_PORT", "54329")),
        bind=environ.get("BIND", ""),
        vapi_api_port=int(environ.get("LOCAL_VAPI_API_PORT", "4599")),
        vapi_api_url=environ.get("VAPI_API_URL", "").rstrip("/"),
        vapi_api_key=environ.get("VAPI_API_KEY", ""),
    )
