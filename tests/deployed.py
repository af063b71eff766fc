"""The deployed stack as tests see it: its URLs, queues, logs and tables."""

import functools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from local.database import connect, read_rows
from local.deploy import Cloud
from local.simulator.webhook_client import Answer, encode, post, sign
from local.stack_paths import PROJECT, StackPaths

PATIENCE_SECONDS: Final = 90
TABLES: Final = ("webhook_event", "vapi_call", "call", "call_feedback", "call_incident", "transcript", "service_record")


@dataclass(frozen=True)
class DeadLetter:
    """One message of a dead-letter queue."""

    reason: str | None
    event_id: str | None
    body: str


@dataclass(frozen=True)
class DeployedStack:
    """A running stack."""

    paths: StackPaths
    stack: Mapping[str, Any]

    @property
    def database_url(self) -> str:
        return str(self.stack["database_url"])

    @property
    def cloud(self) -> Cloud:
        return _cloud(urlsplit(self.stack["aws_endpoint_url"]).port or 0)

    def run(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run one of the project's commands on this stack, without a terminal that could answer."""
        return subprocess.run(  # noqa: S603 - the project's own
            command,
            cwd=PROJECT,
            env=os.environ | {"LOCAL_DIR": str(self.paths.state), "PYTHONPATH": "shared"} | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def make(self, target: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run `make target NAME=value …` on this stack, without a terminal that could answer."""
        # The tools are installed; whether they are current is not tested here.
        untouched = ["-o", ".venv/.installed"]
        return self.run("make", *untouched, target, *(f"{name}={value}" for name, value in variables.items()))

    def operate(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the command that make runs, to get its exit status."""
        return self.run(sys.executable, "-m", "operate", *arguments, **variables)

    def send(self, body: Mapping[str, Any] | bytes, headers: Mapping[str, str] | None = None) -> Answer:
        """Post a body; it is signed unless headers are given."""
        content = body if isinstance(body, bytes) else encode(body)
        signed = sign(self.stack["webhook_secret"], content) if headers is None else headers
        return post(self.stack["webhook_url"], content, signed)

    def rows(self, statement: str, **values: object) -> list[dict[str, Any]]:
        with connect(self.database_url) as connection:
            return read_rows(connection, statement, **values)

    def count_rows(self) -> dict[str, int]:
        """Return the rows of every table that a webhook can write."""
        return {table: self.rows(f"SELECT count(*) AS n FROM {table}")[0]["n"] for table in TABLES}  # noqa: S608

    def receipts(self, event_ids: set[str]) -> set[str]:
        found = self.rows("SELECT event_id FROM webhook_event WHERE event_id = ANY(:ids)", ids=list(event_ids))
        return {row["event_id"] for row in found}

    def dead_letters(self) -> dict[str, list[DeadLetter]]:
        """Return the contents of the dead-letter queues by kind, without removing them."""
        return {kind: self._read_all(queue["dead_letter_url"]) for kind, queue in self.stack["queues"].items()}

    def empty_dead_letters(self) -> None:
        for queue in self.stack["queues"].values():
            self.cloud.client("sqs").purge_queue(QueueUrl=queue["dead_letter_url"])

    def stop_schedules(self) -> None:
        """Disable schedules: sweeps write receipts, which tests count."""
        events = self.cloud.client("events")
        for rule in events.list_rules()["Rules"]:
            if rule.get("ScheduleExpression") and rule["State"] == "ENABLED":
                events.disable_rule(Name=rule["Name"])

    def waiting(self) -> int:
        """Return the number of messages that consumers have not taken yet, or have returned."""
        names = [
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
        ]
        sqs = self.cloud.client("sqs")
        found = [
            sqs.get_queue_attributes(QueueUrl=queue["url"], AttributeNames=names)["Attributes"]
            for queue in self.stack["queues"].values()
        ]
        return sum(int(value) for attributes in found for value in attributes.values())

    def log_lines(self, but_of: str = "nobody") -> list[str]:
        """Return everything that the functions logged, optionally without one of them."""
        logs = self.cloud.client("logs")
        names = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
        groups = [name for name in names if not name.endswith(f"-{but_of}")]
        pages = (
            page for group in groups for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        )
        return [event["message"] for page in pages for event in page["events"]]

    def _read_all(self, url: str) -> list[DeadLetter]:
        sqs = self.cloud.client("sqs")
        found: list[Any] = []
        while messages := sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=30, MessageAttributeNames=["All"]
        ).get("Messages"):
            found.extend(messages)
        for message in found:
            sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
        return [_dead_letter(message) for message in found]


@functools.cache
def _cloud(port: int) -> Cloud:
    """Return a client that all tests share: creating one takes longer than a request, and tests poll often."""
    return Cloud(port)


def wait_for(done: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Poll until the condition holds."""
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.25)


def _dead_letter(message: Mapping[str, Any]) -> DeadLetter:
    attributes = {name: value["StringValue"] for name, value in message.get("MessageAttributes", {}).items()}
    event_id = attributes.get("event_id") or json.loads(message["Body"]).get("event_id")
    return DeadLetter(attributes.get("reason"), event_id, message["Body"])
