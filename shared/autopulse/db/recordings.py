"""`call_recording`: the state of the copies of recordings."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, TypedDict

from sqlalchemy import text

from autopulse.db.engine import Transaction
from autopulse.db.statement_parameters import as_rows
from autopulse.domain.copies import STATES


class Copy(TypedDict):
    """The state of the copy of an attempt's recording."""

    call_id: int
    vapi_call_id: str
    state: str
    object_key: str | None
    bytes: int | None
    content_type: str | None
    sha256: str | None
    stored_at: datetime | None


# Of two copies the later one counts, because its object has replaced the other one's in the bucket.
_RANK: Final = f"array_position(ARRAY{list(STATES)}, {{}}.state::text)"
_SAVE = text(f"""
    INSERT INTO call_recording (call_id, vapi_call_id, state, object_key, bytes, content_type, sha256, stored_at)
    SELECT call_id, vapi_call_id, state, object_key, bytes, content_type, sha256, stored_at
    FROM json_to_recordset(CAST(:copies AS json)) AS row (
        call_id integer, vapi_call_id text, state text, object_key text, bytes bigint, content_type text, sha256 text,
        stored_at timestamptz)
    ORDER BY call_id, vapi_call_id
    ON CONFLICT (call_id, vapi_call_id) DO UPDATE SET
        state = EXCLUDED.state, object_key = EXCLUDED.object_key, bytes = EXCLUDED.bytes,
        content_type = EXCLUDED.content_type, sha256 = EXCLUDED.sha256, stored_at = EXCLUDED.stored_at
    WHERE ({_RANK.format("EXCLUDED")}, coalesce(EXCLUDED.stored_at, '-infinity'))
        > ({_RANK.format("call_recording")}, coalesce(call_recording.stored_at, '-infinity'))
""")  # noqa: S608 - made of constants

_FIND_KEY = text("""
    SELECT object_key FROM call_recording WHERE call_id = :call_id AND vapi_call_id = :vapi_call_id
""")


def save_copies(transaction: Transaction, copies: Sequence[Copy]) -> None:
    """Store the states of copies, at most one for each attempt; the attempts have to exist."""
    transaction.execute(_SAVE, {"copies": as_rows(copies)})


def find_object_key(transaction: Transaction, call_id: int, vapi_call_id: str) -> str | None:
    """The key of the attempt's copy in the bucket; None if there is none."""
    values = {"call_id": call_id, "vapi_call_id": vapi_call_id}
    return transaction.execute(_FIND_KEY, values).scalar_one_or_none()
