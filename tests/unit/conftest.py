"""Unit tests have no network and no AWS account, and their log goes to the captured standard output."""

import logging
import sys
from collections.abc import Iterator

import pytest
from pytest_socket import disable_socket, enable_socket

from autopulse.observability import logger


class _CurrentStdout:
    """Redirect the logger: pytest replaces standard output for each test, and the logger keeps the first one."""

    def write(self, text: str) -> int:
        return sys.stdout.write(text)

    def flush(self) -> None:
        sys.stdout.flush()


@pytest.fixture(autouse=True)
def _no_sockets() -> Iterator[None]:
    disable_socket(allow_unix_socket=True)
    yield
    enable_socket()


@pytest.fixture(autouse=True)
def _aws_of_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "autopulse-test")


@pytest.fixture(autouse=True)
def _log_to_captured_output(_aws_of_nobody: None) -> None:
    handler = logger().registered_handler
    if isinstance(handler, logging.StreamHandler):
        handler.setStream(_CurrentStdout())
