"""`call_incident`: events during a call, such as stalls."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from sqlalchemy import text

from autopulse.db.engine import Transaction
from autopulse.db.statement_parameters import as_rows

STALL: Final = "stall"

_RECORD = text("""
    INSERT INTO call_incident (call_id, kind, occurred_at)
    SELECT call_id, :kind, occurred_at
    FROM json_to_recordset(CAST(:rows AS json)) AS row (call_id integer, occurred_at timestamptz)
    ORDER BY call_id, occurred_at
    ON CONFLICT (call_id, kind, occurred_at) DO NOTHING
""")


def record_incidents(transaction: Transaction, kind: str, incidents: Iterable[tuple[int, datetime]]) -> None:
    """Store each (call id, time) once."""
    rows = [{"call_id": call_id, "occurred_at": at} for call_id, at in incidents]
    transaction.execute(_RECORD, {"kind": kind, "rows": as_rows(rows)})
