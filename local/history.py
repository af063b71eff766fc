"""Six weeks of calls that are over, so that the console has something to show from the start.

Every day's calls follow from its date, so that what is missing can be added at any time, and nothing comes twice. The
consumers themselves apply the webhooks, without the way there: the queues would take minutes for so many.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta, timezone
from random import Random
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from pg8000.native import Connection
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from autopulse.consumers import end_of_call_report, hang, status_update
from autopulse.consumers.batch import apply_batch
from autopulse.consumers.news import Consumer, Record
from autopulse.db.engine import engine_to, open_socket
from autopulse.db.prepared import PreparingConnection
from autopulse.vapi.envelope import wrap
from autopulse.vapi.messages import Envelope, read_envelope
from autopulse.vapi.routes import kind_of
from local.database import connect
from local.script import CallScript, write_script
from local.seed import ORGANIZATION_ID
from local.simulate import place
from local.traffic import ESSENTIAL_TYPES, webhooks

DAYS: Final = 42
_CALLS_ON: Final = (7, 8, 7, 9, 8, 3, 0)
"""Calls on a Monday, Tuesday …"""
_OPENS: Final = time(14, tzinfo=timezone.utc)
_OPEN_MINUTES: Final = 9 * 60
_TRAVELS: Final = timedelta(milliseconds=140)
"""From the sender's time to ours."""
_PROCESSED_WITHIN: Final = timedelta(milliseconds=20)
_CONSUMERS: Final[Mapping[str, Consumer[Any]]] = {
    consumer.kind: consumer for consumer in (status_update.CONSUMER, hang.CONSUMER, end_of_call_report.CONSUMER)
}


def calls_of(day: date) -> list[CallScript]:
    """The calls of a day, always the same."""
    random = Random(day.isoformat())  # noqa: S311 - invented data
    opens = datetime.combine(day, _OPENS)
    minutes = sorted(random.sample(range(_OPEN_MINUTES), _CALLS_ON[day.weekday()]))
    return [write_script(random, None, opens + timedelta(minutes=minute)) for minute in minutes]


def fill(database_url: str, today: date, days: int = DAYS) -> int:
    """Add what is missing of the days before a day; the number of calls that were added."""
    engine = _engine(database_url)
    try:
        with connect(database_url) as connection:
            return sum(_fill_day(connection, engine, today - timedelta(days=ago)) for ago in range(days, 0, -1))
    finally:
        engine.dispose()


def _fill_day(connection: Connection, engine: Engine, day: date) -> int:
    drafts = calls_of(day)
    known = _known(connection, drafts)
    connection.run("START TRANSACTION")
    scripts = [_keep(connection, draft, known.get(draft.vapi_call_id)) for draft in drafts]
    connection.run("COMMIT")
    new = [script for script in scripts if script]
    if new:
        _apply(engine, new)
        _date_receipts(connection, new)
    return len(new)


def _known(connection: Connection, drafts: Sequence[CallScript]) -> dict[str, tuple[int, str]]:
    """Ids and status of the calls that have their rows, by Vapi's id."""
    rows = connection.run(
        "SELECT vapi_call_id, id, status FROM call WHERE vapi_call_id = ANY(:ids)",
        ids=[draft.vapi_call_id for draft in drafts],
    )
    return {vapi_call_id: (call_id, status) for vapi_call_id, call_id, status in rows}


def _keep(connection: Connection, draft: CallScript, known: tuple[int, str] | None) -> CallScript | None:
    """The call with its row, which may be there from a run that was interrupted; None if it has its report already."""
    if known is None:
        return place(connection, draft, vapi_call_id=draft.vapi_call_id)
    call_id, status = known
    return None if status == "Completed" else replace(draft, call_id=call_id)


def _apply(engine: Engine, scripts: Sequence[CallScript]) -> None:
    envelopes = [_wrap(body["message"]) for script in scripts for _, body in webhooks(script, ESSENTIAL_TYPES)]
    with Session(engine) as session:
        for kind, consumer in _CONSUMERS.items():
            records = [Record(e, consumer.read(e.message)) for e in envelopes if e.kind == kind]
            apply_batch(session, consumer, records, ORGANIZATION_ID)
        session.commit()


def _wrap(message: Mapping[str, Any]) -> Envelope:
    kind = kind_of(message)
    sent_at = datetime.fromtimestamp(message["timestamp"] / 1000, timezone.utc)
    if kind is None:
        raise ValueError(f"{message['type']} has no queue")
    return read_envelope(wrap(kind, message, sent_at + _TRAVELS, None).to_json())


def _date_receipts(connection: Connection, scripts: Sequence[CallScript]) -> None:
    """What was received weeks ago was also processed then."""
    connection.run(
        "UPDATE webhook_event SET processed_at = received_at + :within WHERE call_id = ANY(:ids)",
        within=_PROCESSED_WITHIN,
        ids=[script.call_id for script in scripts],
    )


def _engine(database_url: str) -> Engine:
    parts = urlsplit(database_url)
    return engine_to(
        lambda: PreparingConnection(
            unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            database=parts.path.lstrip("/"),
            sock=open_socket(parts.hostname or "", parts.port or 5432),
            ssl_context=False,
        )
    )
