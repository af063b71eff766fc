"""Webhooks from the signature to the rows, in one process: verifier, queues in memory, consumers and a Postgres.

There are no waits: a record that a consumer returns is delivered again at once, with an increased receive count.
"""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError

from autopulse.api import calls as api_calls
from autopulse.ingress import verifier
from autopulse.ingress.services import Services
from autopulse.json_coercion import read_time
from autopulse.vapi import routes
from local.database import read_rows
from local.events import gateway_event
from local.simulator import application_rows
from local.simulator.webhook_client import Answer, encode, sign
from tests.golden.cases import FIRST_CALL, Case, Names, Object, body_of
from tests.harness import start_anew
from tests.integration.api.client import Api
from tests.integration.pipeline import Pipeline

SECRET: Final = "an-invented-webhook-secret"
CREDENTIALS: Final = {"secret": SECRET, "credentials": [{"kind": "shared-secret"}, {"kind": "hmac"}]}
STARTED_AT: Final = datetime(2026, 12, 1, tzinfo=timezone.utc)
"""Time of the first webhook of a run, unless the case gives one; each other one comes a second later."""
FIRST_MADE_CALL: Final = 5_000_001
"""Id of the first row that messages make."""
LAST_TRY: Final = 12
"""Receive count of the last delivery; no message waits for more than eleven."""
ORGANIZATIONS: Final = {"@ORG1": "Example Motors", "@ORG2": "Other Motors"}
EXCEPTED: Final = {
    "call": ["updated_at"],
    "vapi_call": [],
    "call_quality": [],
    "call_original": [],
    "webhook_event": ["received_at", "processed_at", "outcome", "repeats"],
    "call_feedback": ["id", "created_at", "updated_at"],
    "transcript": ["id"],
    "call_incident": ["id"],
    "follow_up": ["id", "assignee_id"],  # users that the seed inserted
    "service_record": ["campaign_id", "service_advisor_id", "appointment_date"],  # rows that the seed inserted
    "service_record_original": [],
}
"""Table -> columns that may differ between two orders (docs/call-state.md 9)."""
_EMPTIED: Final = (
    *("webhook_event", "call_incident", "call_feedback", "transcript", "vapi_call", "call_original", "call"),
    *("service_record_original", "service_record", "vapi_number", "campaign", '"user"', "organization"),
)
_ROWS: Final = "(SELECT json_agg(to_jsonb(r) - CAST('{%s}' AS text[])) FROM %s AS r) AS %s"
_SNAPSHOT: Final = "SELECT " + ", ".join(_ROWS % (",".join(names), table, table) for table, names in EXCEPTED.items())

Rows = Mapping[str, Sequence[str]]


class Clock:
    """A replacement for `datetime` in the verifier and the API; it advances by a second with each webhook."""

    def __init__(self) -> None:
        self._now = STARTED_AT

    def set_to(self, moment: datetime) -> None:
        self._now = moment

    def tick(self) -> None:
        self._now += timedelta(seconds=1)

    def now(self, _zone: tzinfo) -> datetime:
        return self._now


@dataclass
class Cloud:
    """A fake of SQS, S3 and Secrets Manager, with the methods that the verifier and the consumers call."""

    queued: list[tuple[str, str]] = field(default_factory=list)
    """(Kind, body) of the messages that no consumer has taken yet."""
    stored: dict[str, bytes] = field(default_factory=dict)
    """Key -> content of the objects in the bucket."""
    put: set[str] = field(default_factory=set)
    """Keys of all objects that were ever put."""

    def send_message(self, **message: Any) -> None:  # noqa: ANN401 - as boto3 has it
        self.queued.append((message["QueueUrl"], message["MessageBody"]))

    def put_object(self, **given: Any) -> None:  # noqa: ANN401 - as boto3 has it
        self.stored[given["Key"]] = given["Body"]
        self.put.add(given["Key"])

    def get_object(self, **wanted: Any) -> dict[str, io.BytesIO]:  # noqa: ANN401 - as boto3 has it
        if wanted["Key"] not in self.stored:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {"Body": io.BytesIO(self.stored[wanted["Key"]])}

    def delete_objects(self, **wanted: Any) -> dict[str, Any]:  # noqa: ANN401 - as boto3 has it
        for one in wanted["Delete"]["Objects"]:
            self.stored.pop(one["Key"], None)
        return {}

    @staticmethod
    def get_secret_value(**_: Any) -> dict[str, str]:  # noqa: ANN401 - as boto3 has it
        return {"SecretString": json.dumps(CREDENTIALS)}


@dataclass(frozen=True)
class Ending:
    """The result of one run of a case; the rows are in the database until the next run."""

    names: Names
    answers: Sequence[Answer]
    """The verifier's answers, in the order of the posts."""
    dead: Mapping[str, str]
    """Event id -> reason, of the dead letters."""
    rows: Rows
    """All tables, in a form that is comparable between two orders."""
    is_timed: bool
    """Whether every message has its sender's time; without it the receipt's time counts, which depends on the order."""


class Loop:
    """Plays cases, one after the other, on a database of its own."""

    def __init__(self, url: str, patch: pytest.MonkeyPatch) -> None:
        self.url = url
        self.cloud = Cloud()
        self.pipeline = Pipeline(url, patch, s3=self.cloud)
        self.api = Api(url, patch)
        self.clock = Clock()
        self._patch = patch
        for kind in routes.KINDS:
            patch.setenv(f"{kind.upper()}_QUEUE_URL", kind)
        patch.setenv("WEBHOOK_SECRET_ARN", "secret-of-tests")
        patch.setenv("PAYLOAD_BUCKET", "payloads-of-tests")
        patch.setenv("RECORDING_HOSTS", "*.example.com")
        self.verifier = Services()
        patch.setattr(verifier, "datetime", self.clock)
        patch.setattr(api_calls, "datetime", self.clock)

    def close(self) -> None:
        self.api.close()
        self.pipeline.close()

    def play(self, case: Case, order: str) -> Ending:
        """Post a case's webhooks in an order, and let the consumers process everything."""
        names = Names(case.given.get("placeholders", {}))
        self._clear(case, names)
        is_late = bool(case.given.get("row_after_seconds"))
        if not is_late:
            self._write_rows(case, names)
        answers, waiting = self._post_all(case, names, case.posted_in(order), at_once=order == "doubled")
        if is_late:
            self._write_rows(case, names)
        self._settle(waiting)
        event_ids = {answer.event_id for answer in answers} - {None}
        receipts = self.pipeline.receipts()
        assert {row["event_id"] for row in receipts} | self._dead().keys() == event_ids, "a webhook is lost"
        return Ending(
            names=self._names(case, names),
            answers=answers,
            dead=self._dead(),
            rows=self._snapshot(),
            is_timed=all(row["occurred_at"] for row in receipts),
        )

    # Rows beforehand

    def _clear(self, case: Case, names: Names) -> None:
        for table in _EMPTIED:
            self.pipeline.database.run(f"DELETE FROM {table}")  # noqa: S608 - a constant
        self.pipeline.database.run("ALTER SEQUENCE service_record_id_seq RESTART")
        self.pipeline.queues.dead_letters.clear()
        self.cloud.stored.clear()
        self.cloud.put.clear()
        self.clock.set_to(_received_at(case))
        default = names["@ORG1"] if case.given.get("default_organization", True) else ""
        self.pipeline.place(default)
        start_anew(self.verifier, sqs=self.cloud, s3=self.cloud, secretsmanager=self.cloud)
        for name, title in ORGANIZATIONS.items():
            application_rows.insert_organization(self.pipeline.database, names[name], title)
        for number in names.fill(case.given.get("numbers", [])):
            owner = number.pop("organization", None)
            self._write("vapi_number", organization_id=owner, **number)
        if case.seeded:
            application_rows.seed(self.url)
        self.pipeline.database.run(f"ALTER SEQUENCE call_id_seq RESTART WITH {FIRST_MADE_CALL}")

    def _write_rows(self, case: Case, names: Names) -> None:
        shared: int | None = None
        for place, row in enumerate(names.fill(case.rows)):
            shared = self._write_row({"id": FIRST_CALL + place, **row}, names["@ORG1"], shared)

    def _write_row(self, row: dict[str, Any], organization: str, shared: int | None) -> int | None:
        """Insert a call as the application does; returns the id of its service record."""
        owner = row.pop("organization", organization)
        wanted = row.pop("service_record", False)
        feedback, turns = row.pop("feedback", None), row.pop("turns", [])
        record = shared if wanted == "shared" else None
        if record is None and wanted:
            record = self.pipeline.make_service_record(
                organization_id=owner, **(wanted if isinstance(wanted, dict) else {})
            )
        call_id = self.pipeline.make_call(organization_id=owner, service_record_id=record, **row)
        if feedback:
            self._write("call_feedback", call_id=call_id, **feedback)
        for turn in turns:
            self._write("transcript", call_id=call_id, **turn)
        return record

    def _write(self, table: str, **values: object) -> None:
        names, places = ", ".join(values), ", ".join(f":{name}" for name in values)
        self.pipeline.database.run(f"INSERT INTO {table} ({names}) VALUES ({places})", **values)  # noqa: S608 - our names

    # Deliveries

    def _post_all(
        self, case: Case, names: Names, places: Sequence[int], *, at_once: bool
    ) -> tuple[list[Answer], list[tuple[str, str]]]:
        """Return answers, and the records that consumers returned; webhooks are consumed singly, or in one batch."""
        answers, waiting = [], []
        for place in places:
            answers.append(self._post(case.given["deliveries"][place], names, place))
            if not at_once:
                waiting += self._consume(self._take(), 1)
        return answers, waiting + self._consume(self._take(), 1)

    def _post(self, delivery: Object, names: Names, place: int) -> Answer:
        """Sign a body, by HMAC or with the secret itself, and post it."""
        content = encode(body_of(delivery, names))
        credential = {"X-Vapi-Secret": SECRET} if place % 2 else sign(SECRET, content)
        headers = {**names.fill(delivery.get("headers", {})), **credential}
        response = verifier.handle(self.verifier, gateway_event(content, headers))
        self.clock.tick()
        assert response["statusCode"] == 200, response["body"]
        return Answer(response["statusCode"], response["body"])

    def _take(self) -> list[tuple[str, str]]:
        taken = list(self.cloud.queued)
        self.cloud.queued.clear()
        return taken

    def _consume(self, messages: Sequence[tuple[str, str]], receive_count: int) -> list[tuple[str, str]]:
        """Deliver each kind's messages to its consumer as one batch; returns those that it returned."""
        by_kind: dict[str, list[str]] = {}
        for kind, body in messages:
            by_kind.setdefault(kind, []).append(body)
        return [
            (kind, bodies[place])
            for kind, bodies in by_kind.items()
            for place in self.pipeline.deliver(kind, bodies, receive_count)
        ]

    def _settle(self, waiting: Sequence[tuple[str, str]]) -> None:
        """Deliver returned messages repeatedly, until each is applied or dead-lettered."""
        for receive_count in range(2, LAST_TRY + 1):
            waiting = self._consume(waiting, receive_count)
        assert list(waiting) == [], "messages that wait for ever"

    # Rows afterwards

    def _dead(self) -> dict[str, str]:
        letters = self.pipeline.queues.dead_letters
        return {json.loads(letter.body)["event_id"]: letter.reason for letter in letters}

    def _names(self, case: Case, names: Names) -> Names:
        """Return names in which `@CALL` of a case without a row is the row that its messages made for `@VAPI`."""
        if case.rows:
            return names
        made = self.pipeline.rows("SELECT call_id FROM vapi_call WHERE vapi_call_id = :id", id=names["@VAPI"])
        return names.of_calls(CALL=made[0]["call_id"]) if made else names

    def _snapshot(self) -> Rows:
        (tables,) = read_rows(self.pipeline.database, _SNAPSHOT)
        made = {call["id"]: call["vapi_call_id"] for call in tables["call"] or [] if call["id"] >= FIRST_MADE_CALL}
        return {table: sorted(_text(table, row, made) for row in rows or []) for table, rows in tables.items()}


def _received_at(case: Case) -> datetime:
    """Return the time of the first webhook: the case's, else after all times in its messages."""
    told = [time for time in map(read_time, case.times) if time is not None]
    return read_time(case.given.get("received_at")) or max([STARTED_AT, *told]) + timedelta(minutes=1)


def _text(table: str, row: dict[str, Any], made: Mapping[int, str]) -> str:
    """Return a row as text; ids that the database gave in the order of arrival are replaced by Vapi's ids."""
    key = "id" if table == "call" else "call_id"
    return json.dumps(row | {key: made.get(row[key], row[key])} if key in row else row, sort_keys=True)
