"""The functions in this process: Postgres is real, AWS is a few lists, and nothing has a network to cross."""

import hmac
import io
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from autopulse import settings
from autopulse.consumers import conversation_update, end_of_call_report, hang, runner, status_update, transcript
from autopulse.consumers.news import Consumer
from autopulse.db import engine as db_engine
from autopulse.ingress import clients, verifier
from autopulse.live import broadcaster, publisher
from autopulse.live.connections import Connection
from autopulse.live.sockets import Posted
from autopulse.observability import logger
from local.simulator.application_rows import ORGANIZATION_ID
from local.simulator.webhook_client import encode
from local.simulator.webhook_factory import Body

CONSUMERS: Final[Mapping[str, Consumer[Any]]] = {
    module.CONSUMER.kind: module.CONSUMER
    for module in (status_update, conversation_update, end_of_call_report, hang, transcript)
}
_SECRET: Final = "an invented secret of thirty-two bytes"  # noqa: S105 - invented
_CREDENTIALS: Final = {"secret": _SECRET, "credentials": [{"kind": "shared-secret"}, {"kind": "hmac"}]}
_NAMES: Final = (
    *(f"{kind.upper()}_QUEUE_URL" for kind in CONSUMERS),
    *("WEBHOOK_SECRET_ARN", "PAYLOAD_BUCKET", "QUEUE_URL", "DEAD_LETTER_QUEUE_URL", "EVENT_BUS_NAME"),
    *("DATABASE_SECRET_ARN", "CONNECTIONS_TABLE", "CONNECTIONS_URL"),
)


class Context:
    """A Lambda context with the consumers' 30 s."""

    aws_request_id: Final = "00000000-0000-4000-8000-000000000000"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        """Always all of it."""
        return 30_000


@dataclass
class Spent:
    """What some invocations of a function took."""

    seconds: list[float] = field(default_factory=list)
    """Of each."""
    log_bytes: int = 0
    """Of all."""


@dataclass
class World:
    """AWS as lists, and what each function took."""

    watchers: int
    queued: list[tuple[str, str]] = field(default_factory=list)
    """Queue URL, which is `unused-<kind>`, and body."""
    events: list[Mapping[str, Any]] = field(default_factory=list)
    """Entries that the bus got."""
    pushed: list[str] = field(default_factory=list)
    spent: dict[str, Spent] = field(default_factory=dict)
    series: set[str] = field(default_factory=set)
    """Metrics with their dimensions: CloudWatch bills each."""

    def verify(self, body: Body) -> None:
        """Post a webhook; raises RuntimeError if it is not taken."""
        content = encode(body)
        signature = hmac.new(_SECRET.encode(), content, "sha256").hexdigest()
        event = {"headers": {"X-Vapi-Signature": signature}, "body": content.decode(), "isBase64Encoded": False}
        answer = self._invoke("verifier", lambda: verifier.handle(event, Context()))
        if answer["statusCode"] != 200:  # noqa: PLR2004 - HTTP's
            raise RuntimeError(f"a webhook was refused: {answer}")

    def consume(self, kind: str, envelopes: Sequence[str]) -> None:
        """Hand a batch to its consumer; raises RuntimeError if a record comes back."""
        records = [
            {
                "messageId": str(place),
                "receiptHandle": "unused",
                "body": body,
                "attributes": {"ApproximateReceiveCount": "1"},
            }
            for place, body in enumerate(envelopes)
        ]
        event = {"Records": records}
        answer = self._invoke(kind, lambda: runner.handle(CONSUMERS[kind], event, Context()))
        if answer["batchItemFailures"]:
            raise RuntimeError(f"records of {kind} were not applied: {self.log_tail}")

    def broadcast(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """Hand a batch of notices to the broadcaster, as the bus puts them into their queue."""
        records = [{"messageId": str(place), "body": json.dumps(_on_the_bus(e))} for place, e in enumerate(entries)]
        self._invoke("broadcaster", lambda: broadcaster.handle({"Records": records}, Context()))

    log_tail: str = ""

    def _invoke(self, name: str, work: Callable[[], Any]) -> Any:  # noqa: ANN401 - any function's answer
        log = io.StringIO()
        logger().registered_handler.setStream(log)  # type: ignore[attr-defined] # Powertools says Handler only
        with redirect_stdout(log):
            started = time.perf_counter()
            answer = work()
            seconds = time.perf_counter() - started
        self.log_tail = log.getvalue()
        spent = self.spent.setdefault(name, Spent())
        spent.seconds.append(seconds)
        spent.log_bytes += len(self.log_tail.encode())
        self.series.update(_series(self.log_tail))
        return answer


def _on_the_bus(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"id": Context.aws_request_id, "detail-type": entry["DetailType"], "detail": json.loads(entry["Detail"])}


def _series(log: str) -> Iterator[str]:
    for line in log.splitlines():
        fields = json.loads(line)
        for group in fields.get("_aws", {}).get("CloudWatchMetrics", []):
            values = [f"{name}={fields[name]}" for names in group["Dimensions"] for name in sorted(names)]
            yield from (f"{metric['Name']} {' '.join(values)}" for metric in group["Metrics"])


@contextmanager
def open_world(database_url: str, watchers: int) -> Iterator[World]:
    """Point the functions at the database and at lists; the process is good for nothing else afterwards."""
    world = World(watchers)
    _configure(database_url)
    _stand_in(database_url, world)
    try:
        yield world
    finally:
        db_engine.engine().dispose()


def _configure(database_url: str) -> None:
    parts = urlsplit(database_url)
    os.environ |= {name: f"unused-{name.removesuffix('_QUEUE_URL').lower()}" for name in _NAMES}
    os.environ |= {
        "DATABASE_HOST": parts.hostname or "",
        "DATABASE_PORT": str(parts.port),
        "DATABASE_NAME": parts.path.lstrip("/"),
        "POWERTOOLS_SERVICE_NAME": "autopulse-calls-production",  # as long as names in use
    }
    for read in (settings.database_settings, settings.consumer_settings, settings.verifier_settings):
        read.cache_clear()
    db_engine.engine.cache_clear()


def _stand_in(database_url: str, world: World) -> None:
    parts = urlsplit(database_url)
    credentials = unquote(parts.username or ""), unquote(parts.password or "")
    vars(db_engine).update(database_credentials=lambda *_arguments, **_options: credentials)
    vars(clients).update(
        sqs=lambda: SimpleNamespace(send_message=lambda **m: world.queued.append((m["QueueUrl"], m["MessageBody"]))),
        secretsmanager=lambda: SimpleNamespace(get_secret_value=lambda **_: {"SecretString": json.dumps(_CREDENTIALS)}),
    )
    vars(publisher).update(_events=lambda: SimpleNamespace(put_events=lambda Entries: _take(world, Entries)))  # noqa: N803 - as boto3 has it
    connections = [Connection(f"sample-{n}=", ORGANIZATION_ID, int(time.time()) + 3600) for n in range(world.watchers)]
    vars(broadcaster).update(find_watchers=lambda *_: connections, post=lambda _, text: _push(world, text))


def _take(world: World, entries: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    world.events.extend(entries)
    return {"Entries": [{} for _ in entries]}


def _push(world: World, text: str) -> Posted:
    world.pushed.append(text)
    return Posted.SENT
