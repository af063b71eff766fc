"""Whether a ping has arrived. A ping belongs to no organization; the reader has to know its event id."""

from sqlalchemy import text

from autopulse.db.engine import Transaction
from autopulse.db.queries.calls import LATENCIES

_PING = text(f"""
    SELECT row_to_json(ping)::text FROM (
        SELECT event_id, occurred_at, received_at, processed_at, {LATENCIES}, repeats FROM webhook_event
        WHERE event_id = :event_id AND type = 'autopulse.ping' AND call_id IS NULL AND vapi_call_id IS NULL
    ) AS ping
""")  # noqa: S608 - made of constants


def read_ping(transaction: Transaction, event_id: str) -> str | None:
    """A ping's receipt as a JSON object; None if it is not stored (yet)."""
    return transaction.execute(_PING, {"event_id": event_id}).scalar_one_or_none()
