"""The rows of `transcript`: one source's turns, in order, exactly once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from autopulse.db.parameters import as_array, as_rows
from autopulse.domain.turns import Turn

REPORT: Final = "report"
CONVERSATION: Final = "conversation"
FRAGMENT: Final = "fragment"


@dataclass(frozen=True, slots=True)
class Fragment:
    """One spoken turn that came alone."""

    call_id: int
    role: str
    content: str
    timestamp: datetime


# What goes and what comes are different rows, so that the statement's parts may run in any order.
_REPLACE = text("""
    WITH news AS MATERIALIZED (
        SELECT call_id, turn.* FROM json_to_recordset(CAST(:calls AS json)) AS call (call_id integer, turns json),
            json_to_recordset(turns) AS turn (sequence integer, role text, content text, "timestamp" timestamptz)
    ), gone AS (
        DELETE FROM transcript AS stored
        WHERE call_id = ANY (CAST(:call_ids AS integer[])) AND NOT coalesce(
            source = :source AND EXISTS (
                SELECT FROM news WHERE news.call_id = stored.call_id AND news.sequence = stored.sequence), false)
    )
    INSERT INTO transcript AS stored (call_id, source, sequence, role, content, "timestamp")
    SELECT call_id, CAST(:source AS text), sequence, role, content, "timestamp" FROM news
    ORDER BY call_id, sequence
    ON CONFLICT (call_id, source, sequence) DO UPDATE
        SET role = EXCLUDED.role, content = EXCLUDED.content, "timestamp" = EXCLUDED."timestamp"
        WHERE (stored.role, stored.content, stored."timestamp")
            IS DISTINCT FROM (EXCLUDED.role, EXCLUDED.content, EXCLUDED."timestamp")
""")

_ADD = text("""
    WITH news AS MATERIALIZED (
        SELECT DISTINCT ON (call_id, "timestamp", role, content) *
        FROM json_to_recordset(CAST(:fragments AS json))
            AS row (call_id integer, role text, content text, "timestamp" timestamptz)
        ORDER BY call_id, "timestamp", role, content
    ), gone AS (
        DELETE FROM transcript WHERE call_id IN (SELECT call_id FROM news) AND source IS NULL
    )
    INSERT INTO transcript (call_id, source, role, content, "timestamp")
    SELECT call_id, 'fragment', role, content, "timestamp" FROM news
    ON CONFLICT (call_id, "timestamp", role, md5(content)) WHERE source = 'fragment' DO NOTHING
""")


def replace_turns(session: Session, source: str, turns: Mapping[int, Sequence[Turn]]) -> None:
    """Make each call's rows exactly these turns of `source`; unchanged rows are not written."""
    calls = [{"call_id": call_id, "turns": list(map(_as_json, of_call))} for call_id, of_call in turns.items()]
    session.execute(_REPLACE, {"calls": as_rows(calls), "call_ids": as_array(turns), "source": source})


def _as_json(turn: Turn) -> dict[str, object]:
    return {
        "sequence": turn.sequence,
        "role": turn.role,
        "content": turn.content,
        "timestamp": turn.timestamp,
    }


def add_fragments(session: Session, fragments: Iterable[Fragment]) -> None:
    """Add spoken turns that are not there yet; what the application wrote gives way."""
    rows = [{"call_id": f.call_id, "role": f.role, "content": f.content, "timestamp": f.timestamp} for f in fragments]
    session.execute(_ADD, {"fragments": as_rows(rows)})
