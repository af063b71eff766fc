"""The consumers on a real database, invoked as Lambda does; SQS and the event bus are lists."""

import io
import json
import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Final

import pytest

from autopulse.consumers import runner
from autopulse.consumers.registry import REGISTRY
from autopulse.domain.events import CallEvent
from autopulse.ingress.request import read_message
from autopulse.observability import logger
from autopulse.vapi.envelope import Envelope, envelope_from
from autopulse.vapi.routes import kind_of
from local.database import connect, read_rows
from tests.harness import Context, FakeServices, consumer_settings, engine_for, forget, let_functions_find

ORGANIZATION: Final = "00000000-0000-4000-8000-000000000001"
OTHER_ORGANIZATION: Final = "00000000-0000-4000-8000-000000000002"
RECEIVED_AT: Final = datetime(2026, 7, 11, 1, 0, 30, tzinfo=timezone.utc)
_EMPTY: Final = """
    DELETE FROM webhook_event; DELETE FROM call_incident; DELETE FROM call_feedback; DELETE FROM transcript;
    DELETE FROM vapi_call; DELETE FROM call_original; DELETE FROM call; DELETE FROM service_record_original;
    DELETE FROM service_record;
    DELETE FROM vapi_number; DELETE FROM reconciliation_request; DELETE FROM erased_call;
    DELETE FROM erasure; DELETE FROM "user"; DELETE FROM organization
"""


@dataclass(frozen=True)
class DeadLetter:
    """A record in the consumer's dead-letter queue."""

    body: str
    reason: str
    kind: str


@dataclass
class Queues:
    """A fake of SQS with the methods that consumers call."""

    dead_letters: list[DeadLetter] = field(default_factory=list)
    delays: list[int] = field(default_factory=list)

    def send_message(self, **message: Any) -> None:  # noqa: ANN401 - as boto3 has it
        values = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
        self.dead_letters.append(DeadLetter(message["MessageBody"], values["reason"], values["kind"]))

    def change_message_visibility_batch(self, **change: Any) -> None:  # noqa: ANN401 - as boto3 has it
        self.delays += [entry["VisibilityTimeout"] for entry in change["Entries"]]


class Pipeline:
    """Five consumers and their database, with one organization in it."""

    def __init__(self, url: str, patch: pytest.MonkeyPatch, **parts: Any) -> None:  # noqa: ANN401 - of FakeServices
        self.database = connect(url)
        self.queues = Queues()
        self.services = FakeServices(engine=engine_for(url), sqs=self.queues, **parts)
        self.log = io.StringIO()
        patch.setenv("POWERTOOLS_SERVICE_NAME", "autopulse-test")
        let_functions_find(url, patch)
        handler = logger().registered_handler
        assert isinstance(handler, logging.StreamHandler)
        patch.setattr(handler, "stream", self.log)

    @property
    def call_events(self) -> list[CallEvent]:
        return self.services.call_events

    def place(self, organization: str) -> None:
        """Set the default organization; empty for none."""
        self.services.settings = consumer_settings(default_organization_id=organization)

    def keep_recordings(self, queue: Any) -> None:  # noqa: ANN401 - what has the method that is called
        """Set the queue for copies of recordings; None disables copies."""
        self.services.settings = consumer_settings(recording_queue_url="recordings-of-tests" if queue else "")
        vars(self.services)["recording_queue"] = queue

    def close(self) -> None:
        self.services.engine.dispose()
        forget()
        self.database.close()

    def clear(self) -> None:
        """Empty the tables except for the organization, and the lists."""
        self.database.run(_EMPTY)
        self.database.run("INSERT INTO organization VALUES (:id, 'Example Motors')", id=ORGANIZATION)
        self.queues.dead_letters.clear()
        self.queues.delays.clear()
        self.call_events.clear()
        self.log.seek(0)
        self.log.truncate()

    def log_lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.getvalue().splitlines()]

    # Deliveries

    def deliver(self, kind: str, bodies: Sequence[str], receive_count: int | Sequence[int] = 1) -> list[int]:
        """Invoke the kind's consumer with a batch; returns the indexes of the records that it returns to the queue.

        `receive_count` is one value for all records, or one for each.
        """
        counts = [receive_count] * len(bodies) if isinstance(receive_count, int) else receive_count
        records = [_record(place, *one) for place, one in enumerate(zip(bodies, counts, strict=True))]
        answer = runner.handle(REGISTRY[kind].consumer, self.services, {"Records": records}, Context())
        return [int(failure["itemIdentifier"]) for failure in answer["batchItemFailures"]]

    def send(self, *bodies: Mapping[str, Any], receive_count: int = 1) -> list[int]:
        """Send webhook bodies of one kind through the verifier's parsing, and as one batch to their consumer."""
        envelopes = [webhook(body) for body in bodies]
        (kind,) = {envelope.kind for envelope in envelopes}
        return self.deliver(kind, [envelope.to_json() for envelope in envelopes], receive_count)

    def send_each(self, *bodies: Mapping[str, Any]) -> None:
        """Send each body alone, in this order; all must be applied."""
        for body in bodies:
            assert self.send(body) == []
            assert self.queues.dead_letters == []

    def insert(self, table: str, **values: Any) -> int:  # noqa: ANN401 - any SQL value
        names = ", ".join(values)
        places = ", ".join(f":{name}" for name in values)
        statement = f"INSERT INTO {table} ({names}) VALUES ({places}) RETURNING id"  # noqa: S608 - names of this file's callers
        return int(self.database.run(statement, **values)[0][0])

    def make_call(self, **values: Any) -> int:  # noqa: ANN401 - any SQL value
        """Insert a call as the application does."""
        usual = {"organization_id": ORGANIZATION, "customer_number": "+12025550101", "status": "Ready"}
        return self.insert("call", **(usual | values))

    def make_service_record(self, **values: Any) -> int:  # noqa: ANN401 - any SQL value
        """Insert a service record as the application does."""
        usual = {
            "organization_id": ORGANIZATION,
            "customer_name": "Testa Placeholder",
            "customer_phone": "+12025550101",
        }
        return self.insert("service_record", **(usual | values))

    def add_other_organization(self) -> None:
        self.database.run("INSERT INTO organization VALUES (:id, 'Sample Garage')", id=OTHER_ORGANIZATION)

    def own(self, id_: str, organization: str | None = ORGANIZATION, *, ignored: bool = False) -> None:
        """Set the organization of one of Vapi's phone numbers, assistants, squads or workflows."""
        statement = "INSERT INTO vapi_number VALUES (:id, :organization, :ignored)"
        self.database.run(statement, id=id_, organization=organization, ignored=ignored)

    # Results

    def rows(self, statement: str, **values: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - any SQL value
        return read_rows(self.database, statement, **values)

    def row(self, statement: str, **values: Any) -> dict[str, Any]:  # noqa: ANN401 - any SQL value
        (row,) = self.rows(statement, **values)
        return row

    def call(self, call_id: int) -> dict[str, Any]:
        return self.row("SELECT * FROM call WHERE id = :id", id=call_id)

    def facts(self, call_id: int) -> dict[str, Any]:
        """Return the only attempt of a call."""
        return self.row("SELECT * FROM vapi_call WHERE call_id = :id", id=call_id)

    def attempts(self, call_id: int) -> dict[str, dict[str, Any]]:
        """Return attempts by Vapi's id."""
        rows = self.rows("SELECT * FROM vapi_call WHERE call_id = :id ORDER BY vapi_call_id", id=call_id)
        return {row["vapi_call_id"]: row for row in rows}

    def service_record(self, service_record_id: int) -> dict[str, Any]:
        return self.row("SELECT status, feedback, rating FROM service_record WHERE id = :id", id=service_record_id)

    def feedback(self, call_id: int) -> list[dict[str, Any]]:
        return self.rows("SELECT * FROM call_feedback WHERE call_id = :id", id=call_id)

    def turns(self, call_id: int) -> list[tuple[str | None, int | None, str, str]]:
        """Return (source, sequence, role, content), in the order in which a screen shows them."""
        rows = self.database.run(
            "SELECT source, sequence, role, content FROM transcript WHERE call_id = :id"
            " ORDER BY sequence, timestamp, role, content",
            id=call_id,
        )
        return [(source, sequence, role, content) for source, sequence, role, content in rows]

    def receipts(self) -> list[dict[str, Any]]:
        return self.rows("SELECT * FROM webhook_event ORDER BY event_id")

    def count(self, table: str) -> int:
        return int(self.database.run(f"SELECT count(*) FROM {table}")[0][0])  # noqa: S608 - names of this file's callers


def webhook(body: Mapping[str, Any], received_at: datetime = RECEIVED_AT) -> Envelope:
    """Return the verifier's envelope for a webhook's body."""
    message = read_message(json.dumps(body).encode())
    kind = kind_of(message)
    assert kind is not None
    return envelope_from(kind, message, received_at, None)


def envelope(kind: str, message: Mapping[str, Any], **values: Any) -> str:  # noqa: ANN401 - any JSON value
    """Return an envelope with chosen fields, without the verifier."""
    usual = {
        "version": 1,
        "kind": kind,
        "event_id": uuid.uuid4().hex * 2,
        "vapi_call_id": "0197f9d4-0000-4000-8000-000000000001",
        "call_id": None,
        "occurred_at": None,
        "received_at": RECEIVED_AT.isoformat(),
        "message": message,
    }
    return json.dumps(usual | values)


def after(seconds: float, start: datetime = datetime(2026, 7, 11, 1, tzinfo=timezone.utc)) -> datetime:
    return start + timedelta(seconds=seconds)


def _record(place: int, body: str, receive_count: int) -> dict[str, Any]:
    attributes = {"ApproximateReceiveCount": str(receive_count)}
    return {"messageId": str(place), "receiptHandle": f"handle-{place}", "body": body, "attributes": attributes}
