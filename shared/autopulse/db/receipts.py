"""`webhook_event`: a receipt for each webhook, written with its effect."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypedDict

from sqlalchemy import text
from sqlalchemy.orm import Session

from autopulse.db.facts import read_facts
from autopulse.db.parameters import as_array, as_rows
from autopulse.domain.facts import Facts


class Receipt(TypedDict):
    """One webhook, and how often it came in this batch."""

    event_id: str
    kind: str
    type: str
    call_id: int | None
    vapi_call_id: str | None
    occurred_at: datetime | None
    received_at: datetime
    status: str | None
    outcome: str
    copies: int


@dataclass(frozen=True, slots=True)
class Received:
    """What the database knew before."""

    repeated: frozenset[str]
    """Event ids that had a receipt already."""
    facts: dict[int, Facts]
    """Call id -> facts, read under the calls' locks."""


# Reads the facts in the same round trip. Not in the statement that takes the locks: after a wait, that one still sees
# the facts as they were before it.
_RECORD = text("""
    WITH receipt AS (
        INSERT INTO webhook_event (
            event_id, kind, type, call_id, vapi_call_id, occurred_at, received_at, processed_at, status, outcome,
            repeats)
        SELECT
            event_id, kind, type, call_id, vapi_call_id, occurred_at, received_at, clock_timestamp(), status, outcome,
            copies - 1
        FROM json_to_recordset(CAST(:receipts AS json)) AS row (
            event_id text, kind text, type text, call_id integer, vapi_call_id text, occurred_at timestamptz,
            received_at timestamptz, status text, outcome text, copies integer)
        ORDER BY event_id
        ON CONFLICT (event_id) DO UPDATE SET repeats = webhook_event.repeats + EXCLUDED.repeats + 1
        RETURNING event_id, xmax <> 0 AS repeated  -- xmax is 0 in a row that was inserted, not updated
    )
    SELECT
        (SELECT json_agg(event_id) FROM receipt WHERE repeated),
        (SELECT json_agg(vapi_call) FROM vapi_call WHERE call_id = ANY (CAST(:call_ids AS integer[])))
""")

_PRUNE = text("""
    DELETE FROM webhook_event WHERE event_id IN (
        SELECT event_id FROM webhook_event
        WHERE received_at < now() - CAST(:age AS interval) ORDER BY received_at LIMIT :rows FOR UPDATE SKIP LOCKED)
    RETURNING 1
""")


def record_receipts(session: Session, receipts: Sequence[Receipt], call_ids: Sequence[int]) -> Received:
    """Write the receipts, count repeats, and read the calls' facts."""
    values = {"receipts": as_rows(receipts), "call_ids": as_array(call_ids)}
    repeated, stored = session.execute(_RECORD, values).one()
    return Received(frozenset(repeated or ()), {row["call_id"]: read_facts(row) for row in stored or ()})


def prune_receipts(session: Session, age: timedelta, rows: int) -> int:
    """Delete at most `rows` receipts older than `age`; returns how many there were."""
    pruned = session.execute(_PRUNE, {"age": f"{age.days} days", "rows": rows})
    return len(pruned.all())
