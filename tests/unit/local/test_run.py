"""Check what `make up` and `make run` print of a running stack: how to reach it, and nothing that opens it."""

from pathlib import Path
from typing import Final

import pytest

from local.run import print_link, print_urls, without_secrets
from local.stack_paths import StackPaths

SECRETS: Final = ("sample-password", "sample-webhook-secret", "sample.console.token")
RUNNING: Final = {
    "webhook_url": "http://localhost:4566/_aws/execute-api/abc/api/v1/webhooks/vapi-webhook",
    "database_url": "postgresql://autopulse:sample-password@127.0.0.1:54329/autopulse",
    "webhook_secret": "sample-webhook-secret",
    "api_token": "sample.console.token",
    "console_url": "http://localhost:4566/_aws/execute-api/abc/api/console/#token=sample.console.token",
}


def _printed(capsys: pytest.CaptureFixture[str], *, show: bool) -> str:
    print_urls(StackPaths(Path("/nowhere"), 1, 2, ""), RUNNING, show=show)
    return capsys.readouterr().out


def test_no_secret_is_printed_unasked(capsys: pytest.CaptureFixture[str]) -> None:
    printed = _printed(capsys, show=False)
    assert [secret for secret in SECRETS if secret in printed] == []
    assert RUNNING["webhook_url"] in printed
    assert "postgresql://autopulse@127.0.0.1:54329/autopulse" in printed
    assert "http://localhost:4566/_aws/execute-api/abc/api/console/\n" in printed
    assert "make link" in printed


def test_who_asks_gets_them(capsys: pytest.CaptureFixture[str]) -> None:
    printed = _printed(capsys, show=True)
    assert [secret for secret in SECRETS if secret not in printed] == []


def test_the_link_alone(capsys: pytest.CaptureFixture[str]) -> None:
    print_link(RUNNING)
    assert capsys.readouterr().out.split()[-1] == RUNNING["console_url"]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://a:p%40ss@host:1/name", "postgresql://a@host:1/name"),
        ("postgresql://a:p@s:s@host/name", "postgresql://a@host/name"),
        ("postgresql://a@host/name", "postgresql://a@host/name"),
        ("http://host:1/x/?y=1#token=t", "http://host:1/x/?y=1"),
        ("ws://localhost:4566/live", "ws://localhost:4566/live"),
    ],
)
def test_a_url_without_its_secrets(url: str, shown: str) -> None:
    assert without_secrets(url) == shown
