"""The functions in this process, called as Lambda calls them; beside the database, AWS is a stand-in.

What they print is what they would write into their log groups.
"""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final
from unittest.mock import patch
from urllib.parse import unquote, urlsplit

from botocore.exceptions import ClientError

from autopulse import settings
from autopulse.access import authorizer
from autopulse.api import resolver
from autopulse.consumers import (
    clients,
    conversation_update,
    end_of_call_report,
    hang,
    runner,
    status_update,
    transcript,
)
from autopulse.consumers.news import Consumer
from autopulse.db import engine as db_engine
from autopulse.db.prepared import PreparingConnection
from autopulse.db.reading import connection as db_reading
from autopulse.ingress import clients as ingress_clients
from autopulse.ingress import verifier
from autopulse.live import publisher
from local.postgres import READER

CONSUMERS: Final[Mapping[str, Consumer[Any]]] = {
    module.CONSUMER.kind: module.CONSUMER
    for module in (status_update, conversation_update, end_of_call_report, hang, transcript)
}
SECRET: Final = "secret-of-a-simulated-day"  # noqa: S105 - invented
VISIBILITY_SECONDS: Final = 180
"""As the template's queues have it."""
CONSUMER_SECONDS: Final = 30
API_SECONDS: Final = 10


@dataclass
class Message:
    """One message of a queue."""

    id: str
    body: str
    visible_at: float
    """Epoch seconds."""
    receive_count: int = 0


@dataclass
class Queues:
    """SQS as far as the functions call it: what is sent, and when what comes back is visible again."""

    waiting: dict[str, dict[str, Message]] = field(default_factory=lambda: {kind: {} for kind in CONSUMERS})
    dead: list[str] = field(default_factory=list)
    refuses: bool = False
    _sent: int = 0

    def send_message(self, **message: Any) -> None:  # noqa: ANN401 - as boto3 has it
        """Take a message; a dead letter is only counted."""
        if self.refuses:
            raise ClientError({"Error": {"Code": "ServiceUnavailable"}}, "SendMessage")
        if message["QueueUrl"] not in self.waiting:
            self.dead.append(message["MessageAttributes"]["reason"]["StringValue"])
            return
        self._sent += 1
        id_ = str(self._sent)
        self.waiting[message["QueueUrl"]][id_] = Message(id_, message["MessageBody"], time.time())

    def change_message_visibility_batch(self, **change: Any) -> None:  # noqa: ANN401 - as boto3 has it
        """Let messages be visible again, that many seconds from now."""
        for entry in change["Entries"]:
            for messages in self.waiting.values():
                if entry["ReceiptHandle"] in messages:
                    messages[entry["ReceiptHandle"]].visible_at = time.time() + entry["VisibilityTimeout"]

    def receive(self, kind: str, at_most: int) -> list[Message]:
        """The visible messages of a kind, invisible from now on."""
        now = time.time()
        visible = [message for message in self.waiting[kind].values() if message.visible_at <= now][:at_most]
        for message in visible:
            message.visible_at = now + VISIBILITY_SECONDS
            message.receive_count += 1
        return visible


class _Bus:
    @staticmethod
    def put_events(**events: Any) -> dict[str, Any]:  # noqa: ANN401 - as boto3 has it
        return {"Entries": [{"EventId": "taken"} for _ in events["Entries"]]}


class _Secrets:
    @staticmethod
    def get_secret_value(**_: Any) -> dict[str, Any]:  # noqa: ANN401 - as boto3 has it
        credentials = [{"kind": "shared-secret"}, {"kind": "hmac"}]
        return {"SecretString": json.dumps({"secret": SECRET, "credentials": credentials})}


class _Context:
    aws_request_id = "00000000-0000-4000-8000-000000000001"

    def __init__(self, seconds: float) -> None:
        self._ends = time.time() + seconds

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._ends - time.time()) * 1000))


class Functions:
    """The verifier, the consumers, the authorizer and the read API."""

    def __init__(self, queues: Queues) -> None:
        self._queues = queues

    @staticmethod
    def verify(event: Mapping[str, Any]) -> int:
        """Call the verifier; the status of its answer."""
        return int(verifier.handle(dict(event))["statusCode"])

    def consume(self, kind: str, at_most: int) -> bool:
        """Call a kind's consumer with what is visible; whether there was anything."""
        messages = self._queues.receive(kind, at_most)
        if not messages:
            return False
        event = {"Records": [_record(message) for message in messages]}
        answer = runner.handle(CONSUMERS[kind], event, _Context(CONSUMER_SECONDS))
        returned = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
        for message in messages:
            if message.id not in returned:
                del self._queues.waiting[kind][message.id]
        return True

    @staticmethod
    def read(event: Mapping[str, Any]) -> int:
        """Ask the read API; the status of its answer."""
        return int(resolver.handle(dict(event), _Context(API_SECONDS))["statusCode"])

    @staticmethod
    def authorize(event: Mapping[str, Any]) -> None:
        """Ask the authorizer, which refuses by an exception."""
        with suppress(authorizer.Unauthorized):
            authorizer.handle(dict(event), None)


def _record(message: Message) -> dict[str, Any]:
    attributes = {"ApproximateReceiveCount": str(message.receive_count)}
    return {
        "messageId": message.id,
        "receiptHandle": message.id,
        "body": message.body,
        "attributes": attributes,
    }


@contextmanager
def in_process(database_url: str, service: str) -> Iterator[tuple[Functions, Queues]]:
    """The functions, configured for a database and for stand-ins of everything else."""
    queues = Queues()
    parts = urlsplit(database_url)
    credentials = unquote(parts.username or ""), unquote(parts.password or "")
    with ExitStack() as stack:
        stack.enter_context(patch.dict("os.environ", _environment(database_url, service)))
        for target, name, value in (
            (ingress_clients, "sqs", lambda: queues),
            (ingress_clients, "secretsmanager", _Secrets),
            (clients, "sqs", lambda: queues),
            (publisher, "_events", _Bus),
            (db_engine, "database_credentials", lambda *_, **__: credentials),
            (db_reading, "connect", partial(_connect_as_reader, credentials[1])),
        ):
            stack.enter_context(patch.object(target, name, value))
        _forget()
        yield Functions(queues), queues
        db_engine.engine().dispose()
        db_reading.reading_engine().dispose()
        _forget()


def _connect_as_reader(password: str, connection_type: type[PreparingConnection]) -> PreparingConnection:
    found = settings.database_settings()
    return db_engine.open_connection(connection_type, found, db_engine.READ_SECONDS, READER, password)


def _environment(database_url: str, service: str) -> dict[str, str]:
    parts = urlsplit(database_url)
    arns = ("WEBHOOK_SECRET_ARN", "DATABASE_SECRET_ARN", "PAYLOAD_BUCKET", "EVENT_BUS_NAME", "QUEUE_URL")
    return {
        **{name: f"{name.lower()}-of-a-simulated-day" for name in (*arns, "DEAD_LETTER_QUEUE_URL")},
        **{f"{kind.upper()}_QUEUE_URL": kind for kind in CONSUMERS},
        "DATABASE_HOST": parts.hostname or "",
        "DATABASE_PORT": str(parts.port),
        "DATABASE_NAME": parts.path.lstrip("/"),
        "OIDC_ISSUER": "https://issuer.example.com",
        "OIDC_AUDIENCE": "autopulse",
        "ORGANIZATION_CLAIM": "custom:organization_id",
        "POWERTOOLS_SERVICE_NAME": service,
    }


def _forget() -> None:
    """Settings and connections of whoever used them before."""
    for cached in (
        settings.verifier_settings,
        settings.database_settings,
        settings.consumer_settings,
        settings.access_settings,
        db_engine.engine,
        db_reading.reading_engine,
    ):
        cached.cache_clear()
