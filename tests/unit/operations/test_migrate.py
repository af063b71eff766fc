"""The migration as a custom resource: whatever happens, CloudFormation gets its answer in time."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import pytest_socket

from autopulse.db import deadline
from autopulse.db.compatibility import DatabaseDoesNotFit, Misfit
from autopulse.errors import MigrationFailed
from autopulse.operations import migrate
from autopulse.operations.migrate import handler
from local.serving import serving
from tests.harness import Context


@dataclass
class CloudFormation:
    """Its response URL, and what was put there."""

    url: str = ""
    answers: list[dict[str, Any]] = field(default_factory=list)
    content_types: list[str | None] = field(default_factory=list)

    def request(self, kind: str) -> dict[str, Any]:
        return {
            "RequestType": kind,
            "ResponseURL": f"{self.url}/answer?X-Amz-Signature=abc%2Fdef",
            "StackId": "arn:aws:cloudformation:us-east-1:111122223333:stack/autopulse/1",
            "RequestId": "request-1",
            "LogicalResourceId": "Migration",
            "PhysicalResourceId": "autopulse-schema",
            "ResourceProperties": {"Revision": "7"},
        }


@pytest.fixture
def cloudformation() -> Iterator[CloudFormation]:
    pytest_socket.enable_socket()  # to this machine alone: the server below
    stack = CloudFormation()

    class Bucket(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            assert self.path == "/answer?X-Amz-Signature=abc%2Fdef"
            stack.content_types.append(self.headers["Content-Type"])
            stack.answers.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    with serving(HTTPServer(("127.0.0.1", 0), Bucket)) as server:
        stack.url = f"http://127.0.0.1:{server.server_port}"
        yield stack


@pytest.fixture
def migrations(monkeypatch: pytest.MonkeyPatch) -> list[float | None]:
    """Return how long each migration was given, in seconds."""
    given: list[float | None] = []
    monkeypatch.setattr(migrate, "upgrade_configured", lambda: given.append(deadline.seconds_left(None)))
    return given


def _fail(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def upgrade() -> None:
        raise error

    monkeypatch.setattr(migrate, "upgrade_configured", upgrade)


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_a_deploy_migrates_and_tells_cloudformation(
    kind: str, cloudformation: CloudFormation, migrations: list[float | None]
) -> None:
    assert handler(cloudformation.request(kind), Context(300))["status"] == "SUCCESS"
    (answer,) = cloudformation.answers
    assert answer == {
        "Status": "SUCCESS",
        "Reason": answer["Reason"],
        "PhysicalResourceId": "autopulse-schema",
        "StackId": "arn:aws:cloudformation:us-east-1:111122223333:stack/autopulse/1",
        "RequestId": "request-1",
        "LogicalResourceId": "Migration",
    }
    assert "2026/11/22/[1]0a" in answer["Reason"]
    assert cloudformation.content_types == [""]
    assert len(migrations) == 1


def test_a_deletion_touches_nothing_and_succeeds(
    cloudformation: CloudFormation, migrations: list[float | None]
) -> None:
    handler(cloudformation.request("Delete"), Context(300))
    assert cloudformation.answers[0]["Status"] == "SUCCESS"
    assert migrations == []


def test_a_migration_that_fails_stops_the_deploy(
    cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fail(monkeypatch, ConnectionRefusedError("to +12025550115"))
    assert handler(cloudformation.request("Update"), Context(300))["status"] == "FAILED"
    (answer,) = cloudformation.answers
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", "autopulse-schema")
    assert "ConnectionRefusedError" in answer["Reason"]
    assert "+12025550115" not in answer["Reason"]


def test_a_database_that_does_not_fit_is_told_with_all_that_cloudformation_takes(
    cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An answer of more than 4096 bytes is no answer, and CloudFormation waits for another."""
    misfits = [Misfit("call", f"{n}_{'ü' * 20}", "nothing", "varchar(20)") for n in range(200)]
    _fail(monkeypatch, DatabaseDoesNotFit(misfits))
    assert handler(cloudformation.request("Create"), Context(300))["status"] == "FAILED"
    (answer,) = cloudformation.answers
    assert len(json.dumps(answer)) < 4096
    assert answer["Reason"].startswith("the database does not fit, and nothing was changed: call.0_üü")
    assert "more: see the log (log stream 2026/11/22/[1]0a)" in answer["Reason"]
    (line,) = [line for line in map(json.loads, capsys.readouterr().out.splitlines()) if "misfits" in line]
    assert line["level"] == "ERROR"
    assert line["misfits"] == [str(misfit) for misfit in misfits]


def test_by_hand_a_database_that_does_not_fit_is_an_error_that_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    _fail(monkeypatch, DatabaseDoesNotFit([Misfit("call", "id", "uuid", "integer")]))
    with pytest.raises(MigrationFailed, match=r"call\.id: uuid found \(needed: integer\)"):
        handler({}, Context(300))


def test_the_migration_ends_while_there_is_time_to_answer(
    cloudformation: CloudFormation, migrations: list[float | None]
) -> None:
    handler(cloudformation.request("Create"), Context(seconds=100))
    (seconds,) = migrations
    assert seconds is not None
    assert 80 < seconds < 90
    assert deadline.seconds_left(None) is None


def test_a_migration_that_is_not_finished_says_what_to_do(
    cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fail(monkeypatch, TimeoutError("timed out"))
    handler(cloudformation.request("Create"), Context(seconds=migrate.ANSWER_RESERVE_SECONDS))
    (answer,) = cloudformation.answers
    assert answer["Status"] == "FAILED"
    assert "not finished" in answer["Reason"]
    assert "{}" in answer["Reason"]


@pytest.mark.usefixtures("migrations")
def test_by_hand_it_says_how_it_went() -> None:
    assert handler({}, Context(300)) == {"status": "SUCCESS", "reason": "the schema is up to date"}


def test_by_hand_a_failure_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    _fail(monkeypatch, ConnectionRefusedError())
    with pytest.raises(MigrationFailed, match="ConnectionRefusedError"):
        handler({}, Context(300))
