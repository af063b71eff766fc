"""`webhook_event`: a receipt for each webhook, written in the transaction of its effect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, TypedDict

from sqlalchemy import text

from autopulse.db.calls import read_columns
from autopulse.db.engine import Transaction, execute
from autopulse.db.facts import read_facts, read_stored_feedback
from autopulse.db.statement_parameters import as_array, as_rows
from autopulse.domain.attempts import Original
from autopulse.domain.facts import Facts
from autopulse.domain.feedback import Feedback


class Receipt(TypedDict):
    """The receipt of one webhook, with the number of its copies in this batch."""

    event_id: str
    kind: str
    type: str
    call_id: int | None
    vapi_call_id: str | None
    occurred_at: datetime | None
    received_at: datetime
    status: str | None
    outcome: str
    origin: str
    copies: int


@dataclass(slots=True)
class Attempt:
    """A stored attempt."""

    facts: Facts
    made_call: bool
    """Whether we created the call's row for it."""


class Received(NamedTuple):
    """What the database had before this batch."""

    repeated: frozenset[str]
    """Event ids that had a receipt."""
    attempts: Mapping[int, Mapping[str, Attempt]]
    """Call id -> Vapi's id -> the attempt, read while the calls are locked."""
    origins: Mapping[int, Original]
    """Call id -> attempt 0, for calls that have an attempt."""
    written_feedback: Mapping[int, Feedback]
    """Call id -> the application's feedback, for the calls for which it was requested."""


# The facts are read in the same round trip. The statement that takes the locks could not read them: after a wait its
# snapshot is still the one from before.
_RECORD = text("""
    WITH receipt AS (
        INSERT INTO webhook_event (
            event_id, kind, type, call_id, vapi_call_id, occurred_at, received_at, processed_at, status, outcome,
            origin, repeats)
        SELECT
            event_id, kind, type, call_id, vapi_call_id, occurred_at, received_at, clock_timestamp(), status, outcome,
            origin, copies - 1
        FROM json_to_recordset(CAST(:receipts AS json)) AS row (
            event_id text, kind text, type text, call_id integer, vapi_call_id text, occurred_at timestamptz,
            received_at timestamptz, status text, outcome text, origin text, copies integer)
        ORDER BY event_id
        ON CONFLICT (event_id) DO UPDATE SET repeats = webhook_event.repeats + EXCLUDED.repeats + 1
        RETURNING event_id, xmax <> 0 AS repeated  -- xmax is 0 in a row that was inserted, not updated
    )
    SELECT
        (SELECT json_agg(event_id) FROM receipt WHERE repeated),
        (SELECT json_agg(vapi_call) FROM vapi_call WHERE call_id = ANY (CAST(:call_ids AS integer[]))),
        (SELECT json_agg(call_original) FROM call_original WHERE call_id = ANY (CAST(:call_ids AS integer[]))),
        (SELECT json_agg(call_feedback) FROM call_feedback WHERE call_id = ANY (CAST(:written AS integer[])))
""")

# Receipts are locked in the order of their ids, as in a batch. The condition with ANY is repeated for the planner.
_COUNT_REPEATS = text("""
    WITH copy AS MATERIALIZED (
        SELECT * FROM json_to_recordset(CAST(:copies AS json)) AS row (event_id text, copies integer)
    ), known AS MATERIALIZED (
        SELECT event_id FROM webhook_event WHERE event_id = ANY (ARRAY(SELECT event_id FROM copy))
        ORDER BY event_id FOR UPDATE
    )
    UPDATE webhook_event SET repeats = repeats + copies
    FROM known JOIN copy USING (event_id)
    WHERE webhook_event.event_id = known.event_id AND webhook_event.event_id = ANY (ARRAY(SELECT event_id FROM known))
    RETURNING webhook_event.event_id, call_id
""")

_PRUNE = text("""
    DELETE FROM webhook_event WHERE event_id IN (
        SELECT event_id FROM webhook_event
        WHERE received_at < now() - CAST(:age AS interval) ORDER BY received_at LIMIT :rows FOR UPDATE SKIP LOCKED)
    RETURNING 1
""")


def record_receipts(
    transaction: Transaction, receipts: Sequence[Receipt], call_ids: Sequence[int], written: Sequence[int]
) -> Received:
    """Write the receipts, count repeats, and read the calls' attempts.

    `written` are the calls whose values from the application are read too.
    """
    values = {"receipts": as_rows(receipts), "call_ids": as_array(call_ids), "written": as_array(written)}
    repeated, attempts, origins, feedback = execute(transaction, _RECORD, values).one()
    known: dict[int, dict[str, Attempt]] = {}
    for row in attempts or ():
        known.setdefault(row["call_id"], {})[row["vapi_call_id"]] = Attempt(read_facts(row), row["made_call"])
    return Received(
        frozenset(repeated or ()),
        known,
        {row["call_id"]: Original(read_columns(row), read_stored_feedback(row["feedback"])) for row in origins or ()},
        {row["call_id"]: stored for row in feedback or () if (stored := read_stored_feedback(row))},
    )


def count_repeats(transaction: Transaction, copies: Mapping[str, int]) -> dict[str, int | None]:
    """Count copies of events that have a receipt; returns the call of each of these events."""
    rows = [{"event_id": event_id, "copies": number} for event_id, number in copies.items()]
    return {row.event_id: row.call_id for row in transaction.execute(_COUNT_REPEATS, {"copies": as_rows(rows)})}


def prune_receipts(transaction: Transaction, age: timedelta, rows: int) -> int:
    """Delete at most `rows` receipts older than `age`; returns the number deleted."""
    pruned = transaction.execute(_PRUNE, {"age": f"{age.days} days", "rows": rows})
    return len(pruned.all())
