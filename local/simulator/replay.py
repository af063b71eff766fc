"""Apply webhooks of past calls with the consumers in this process, without queues."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from pg8000.native import Connection
from sqlalchemy import Engine

from autopulse.consumers.batch import apply_batch
from autopulse.consumers.consumer import Record, World
from autopulse.consumers.registry import REGISTRY
from autopulse.db.engine import engine_to, open_socket
from autopulse.db.prepared import PreparingConnection
from autopulse.domain.pseudonyms import Pseudonyms
from autopulse.vapi.envelope import envelope_from
from autopulse.vapi.messages import ReceivedEnvelope, read_envelope
from autopulse.vapi.routes import kind_of
from local.simulator.application_rows import ORGANIZATION_ID
from local.simulator.webhook_factory import Body

_TRAVELS: Final = timedelta(milliseconds=140)
"""Time between sending and receiving."""
_NO_KEY: Final = b"nothing was erased"
_PROCESSED_WITHIN: Final = timedelta(milliseconds=20)


@contextmanager
def open_engine(database_url: str) -> Iterator[Engine]:
    """Yield an engine as the consumers use it."""
    parts = urlsplit(database_url)
    engine = engine_to(
        lambda: PreparingConnection(
            unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            database=parts.path.lstrip("/"),
            sock=open_socket(parts.hostname or "", parts.port or 5432),
            ssl_context=False,
        )
    )
    try:
        yield engine
    finally:
        engine.dispose()


def apply(engine: Engine, bodies: Sequence[Body]) -> None:
    """Apply webhooks as if each had been received and processed when it was sent."""
    envelopes = [_wrap(body["message"]) for body in bodies]
    world = World(Pseudonyms(_NO_KEY), ORGANIZATION_ID)
    with engine.begin() as transaction:
        for consumer in (kind.consumer for kind in REGISTRY.values()):
            records = [Record(e, consumer.read(e.message)) for e in envelopes if e.kind == consumer.kind]
            apply_batch(transaction, consumer, records, world)


def date_receipts(connection: Connection, call_ids: Sequence[int | None]) -> None:
    """Set the processing time of past webhooks to shortly after they were received."""
    connection.run(
        "UPDATE webhook_event SET processed_at = received_at + :within WHERE call_id = ANY(:ids)",
        within=_PROCESSED_WITHIN,
        ids=list(call_ids),
    )


def _wrap(message: Mapping[str, Any]) -> ReceivedEnvelope:
    kind = kind_of(message)
    if kind is None:
        raise ValueError(f"{message['type']} has no queue")
    sent_at = datetime.fromtimestamp(message["timestamp"] / 1000, timezone.utc)
    return read_envelope(envelope_from(kind, message, sent_at + _TRAVELS, None).to_json())
