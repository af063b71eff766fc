"""Stand-ins for Lambda, AWS and the clock when a test calls a function's code in its own process.

Services are passed in or created anew. Tests of faults use moto's queues and bus; the Postgres is real.
"""

import json
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import boto3
import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from sqlalchemy import Engine, event

from autopulse import pseudonym_key, settings
from autopulse.consumers import clients, runner
from autopulse.consumers.registry import REGISTRY
from autopulse.consumers.services import Services
from autopulse.db import credentials
from autopulse.db import engine as db_engine
from autopulse.db.engine import READ_SECONDS, engine_to, open_connection
from autopulse.db.prepared import PreparingConnection
from autopulse.domain.events import CallEvent
from autopulse.domain.pseudonyms import Pseudonyms
from autopulse.observability import Measurements
from autopulse.settings import ConsumerSettings, DatabaseSettings, stack_answer_names
from local.database import connect
from local.postgres import FUNCTIONS
from tests.faults.sqs_records import Record

AnyServices = TypeVar("AnyServices")
EMPTIED = ("webhook_event", "transcript", "call", "service_record", "vapi_number", "campaign", '"user"', "organization")
"""Tables in the order of deletion: those that others refer to come last."""
ORGANIZATION = "00000000-0000-4000-8000-0000000000a1"
PSEUDONYMS = Pseudonyms(b"key-of-tests-key-of-tests-key-of-tests")
CONSUMERS = {kind.name: kind.consumer for kind in REGISTRY.values()}
CACHES = (
    settings.database_settings,
    db_engine.engine,
    credentials.read_secret,
    clients.sqs,
    clients.s3,
    clients.events,
)


class Context(LambdaContext):
    """The context of an invocation, with a constant remaining time."""

    def __init__(self, seconds: float = 30) -> None:
        self.seconds = seconds
        self._aws_request_id = "00000000-0000-4000-8000-000000000001"
        self._log_stream_name = "2026/11/22/[1]0a"

    def get_remaining_time_in_millis(self) -> int:  # type: ignore[override] # theirs is static
        return int(self.seconds * 1000)


class FakeServices(Services):
    """A consumer's services, with `parts` (engine, sqs, s3, events, settings) replaced.

    Call events are collected in a list, unless `events` is given.
    """

    def __init__(self, **parts: Any) -> None:  # noqa: ANN401 - whatever has the methods that are called
        self.call_events: list[CallEvent] = []
        self.pauses: list[float] = []
        self._publishes = "events" in parts
        own = {"settings": consumer_settings(), "pseudonyms": PSEUDONYMS}
        vars(self).update(own | parts)  # cached properties store their values there

    def publish(self, call_events: Sequence[CallEvent], measurements: Measurements) -> None:
        if self._publishes:
            super().publish(call_events, measurements)
        else:
            self.call_events += call_events

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)


def start_anew(services: AnyServices, **parts: Any) -> AnyServices:  # noqa: ANN401 - whatever has the methods that are called
    """Clear a function's cached services, as in a new container, and set the given ones."""
    vars(services).clear()
    vars(services).update(parts)  # cached properties store their values there
    return services


def consumer_settings(**values: Any) -> ConsumerSettings:  # noqa: ANN401 - of any field
    """Return a stack's settings, with these values replaced."""
    usual: dict[str, Any] = {
        "queue_url": "queue-of-tests",
        "dead_letter_queue_url": "dead-letters-of-tests",
        "payload_bucket": "payloads-of-tests",
        "event_bus_name": "bus-of-tests",
        "ignore_unknown_calls": False,
        "default_organization_id": "",
        "answer_names": stack_answer_names(),
        "recording_queue_url": "",
        "erasure_queue_url": "",
    }
    return ConsumerSettings(**usual | values)


def engine_for(
    url: str, user: str = FUNCTIONS, connection_type: type[PreparingConnection] = PreparingConnection
) -> Engine:
    """Return the functions' engine for a database. Its user is not the owner, so that a missing privilege is found."""
    parts = urlsplit(url)
    database = DatabaseSettings(
        host=parts.hostname or "",
        port=parts.port or 5432,
        name=parts.path.lstrip("/"),
        by_iam=False,
        user="",
        secret_arn="",
        ca_file="",
        writer="",
        caller="",
        eraser="",
        reader="",
    )
    password = unquote(parts.password or "")
    return engine_to(lambda: open_connection(connection_type, database, READ_SECONDS, user, password))


def let_functions_find(url: str, patch: pytest.MonkeyPatch, user: str = FUNCTIONS) -> None:
    """Configure a database in the environment of the functions, with this user, and without a secret."""
    _name_database(url, patch, "secret-of-tests")
    credentials = user, unquote(urlsplit(url).password or "")
    patch.setattr(db_engine, "database_credentials", lambda _settings, **_: credentials)
    forget()


def point_at(url: str, patch: pytest.MonkeyPatch, user: str = FUNCTIONS) -> None:
    """Configure a database and its secret for the functions. The user is not the owner, so a missing privilege is
    found.
    """
    secret = json.dumps({"username": user, "password": unquote(urlsplit(url).password or "")})
    _name_database(
        url, patch, boto3.client("secretsmanager").create_secret(Name=uuid.uuid4().hex, SecretString=secret)["ARN"]
    )


def _name_database(url: str, patch: pytest.MonkeyPatch, secret_arn: str) -> None:
    parts = urlsplit(url)
    patch.setenv("DATABASE_HOST", parts.hostname or "")
    patch.setenv("DATABASE_PORT", str(parts.port))
    patch.setenv("DATABASE_NAME", parts.path.lstrip("/"))
    patch.setenv("DATABASE_SECRET_ARN", secret_arn)
    patch.setattr(pseudonym_key, "pseudonyms", lambda: PSEUDONYMS)


def forget() -> None:
    """Clear caches as in a new container: settings and secrets are read again, connections are made again."""
    if db_engine.engine.cache_info().currsize:
        db_engine.engine().dispose()
    for cache in CACHES:
        cache.cache_clear()


class Database:
    """A second connection, which sees committed rows and can inject faults."""

    def __init__(self, url: str) -> None:
        self.url = url

    def run(self, statement: str, **values: object) -> list[list[Any]]:
        with connect(self.url) as connection:
            return list(connection.run(statement, **values) or [])

    def value(self, statement: str, **values: object) -> Any:  # noqa: ANN401 - whatever is in the database
        return self.run(statement, **values)[0][0]

    def kill_others(self) -> int:
        killed = self.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        while self.value("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()") > 1:
            time.sleep(0.005)
        return len(killed)

    def is_waited_for(self) -> bool:
        """Return whether a client waits for a lock."""
        return bool(
            self.value(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND backend_type = 'client backend' AND wait_event_type = 'Lock'"
            )
        )

    def empty(self) -> None:
        """Delete all rows, and the triggers that tests created to fail statements."""
        with connect(self.url) as connection:
            for name in ("refuse", "fail"):
                connection.run(f"DROP FUNCTION IF EXISTS {name} CASCADE")
            connection.run("DROP SEQUENCE IF EXISTS failures")
            connection.run("ALTER SEQUENCE call_id_seq RESTART; ALTER SEQUENCE service_record_id_seq RESTART")
            # DELETE is faster than TRUNCATE, which creates new files for every table and index.
            for table in EMPTIED:
                connection.run(f"DELETE FROM {table}")  # noqa: S608 - a constant

    def seed(self, calls: int) -> None:
        """Insert calls 1 to `calls`, each with a service record of the same id."""
        self.run("INSERT INTO organization VALUES (CAST(:id AS uuid), 'Example Motors')", id=ORGANIZATION)
        self.run(
            "INSERT INTO service_record (organization_id, customer_name, customer_phone)"
            " SELECT CAST(:id AS uuid), 'Dana Example', '+12025550115' FROM generate_series(1, CAST(:n AS int))",
            id=ORGANIZATION,
            n=calls,
        )
        self.run(
            "INSERT INTO call (organization_id, customer_number, status, service_record_id)"
            " SELECT CAST(:id AS uuid), '+12025550115', 'Ready', n FROM generate_series(1, CAST(:n AS int)) AS n",
            id=ORGANIZATION,
            n=calls,
        )

    def statuses(self) -> list[str]:
        return [status for (status,) in self.run("SELECT status FROM call ORDER BY id")]


@dataclass(frozen=True)
class Aws:
    """moto's services, with the names in the consumer's settings."""

    queue_url: str
    dead_letter_queue_url: str
    bucket: str

    def dead_letters(self) -> list[dict[str, Any]]:
        answer = boto3.client("sqs").receive_message(
            QueueUrl=self.dead_letter_queue_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        return [dict(message) for message in answer.get("Messages", [])]


def attributes_of(message: dict[str, Any]) -> dict[str, str]:
    return {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}


def set_up_aws(monkeypatch: pytest.MonkeyPatch) -> Aws:
    sqs = boto3.client("sqs")
    name = uuid.uuid4().hex
    urls = [sqs.create_queue(QueueName=name + suffix)["QueueUrl"] for suffix in ("", "-dead-letters")]
    boto3.client("s3").create_bucket(Bucket=name)
    boto3.client("events").create_event_bus(Name=name)
    for variable, value in {
        "QUEUE_URL": urls[0],
        "DEAD_LETTER_QUEUE_URL": urls[1],
        "PAYLOAD_BUCKET": name,
        "EVENT_BUS_NAME": name,
    }.items():
        monkeypatch.setenv(variable, value)
    return Aws(urls[0], urls[1], name)


def handle(records: Sequence[Record], seconds: float = 30) -> list[str]:
    """Invoke the consumer with records of one kind; returns the message ids that SQS has to deliver again."""
    kinds = [kind for record in records if (kind := _kind(record))]
    consumer = CONSUMERS[kinds[0] if kinds else "status_update"]
    answer = runner.handle(consumer, Services(), {"Records": list(records)}, Context(seconds))
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def _kind(record: Record) -> str | None:
    try:
        return str(json.loads(record["body"])["kind"])
    except (ValueError, KeyError):
        return None


@contextmanager
def before_statement(harm: Callable[[int, str], None]) -> Iterator[list[str]]:
    """Call `harm(place, statement)` before each of the consumer's statements, including commit and rollback.

    Yields the list of statements so far.
    """
    seen: list[str] = []

    def note(statement: str) -> None:
        seen.append(statement)
        harm(len(seen) - 1, statement)

    def execute(*arguments: Any) -> None:  # noqa: ANN401 - SQLAlchemy's: connection, cursor, statement, …
        note(arguments[2])

    def commit(_connection: object) -> None:
        note("COMMIT")

    def rollback(_connection: object) -> None:
        note("ROLLBACK")

    target = db_engine.engine()
    listeners = {"before_cursor_execute": execute, "commit": commit, "rollback": rollback}
    for name, listener in listeners.items():
        event.listen(target, name, listener)
    try:
        yield seen
    finally:
        for name, listener in listeners.items():
            event.remove(target, name, listener)


def metrics(output: str) -> dict[str, float]:
    """Return the sums of the EMF lines in the captured output, as `Name` and `Name:dimension=value…`."""
    sums: dict[str, float] = {}
    for line in output.splitlines():
        emf = json.loads(line) if line.startswith("{") else {}
        for definition in emf.get("_aws", {}).get("CloudWatchMetrics", []):
            by = ",".join(f"{d}={emf[d]}" for d in sorted(definition["Dimensions"][0]) if d != "service")
            for metric in definition["Metrics"]:
                total = sum(emf[metric["Name"]])
                for name in (metric["Name"], f"{metric['Name']}:{by}"):
                    sums[name] = sums.get(name, 0) + total
    return sums
