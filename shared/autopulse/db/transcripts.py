"""The rows of `transcript`: one source's turns, in order, exactly once."""

from collections.abc import Collection, Mapping, Sequence
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


# What goes, changes and comes are different rows, so that the parts of the statement may run in any order. The call's
# lock leaves no conflict to expect: ON CONFLICT would lock, and so write, each row that stays as it is, and cost a
# fifth more for each new one. `call_ids` says what the planner cannot see, that it need not read the whole table.
_REPLACE = text("""
    WITH news AS MATERIALIZED (
        SELECT * FROM json_to_recordset(CAST(:turns AS json))
            AS row (call_id integer, sequence integer, role text, content text, "timestamp" timestamptz)
    ), gone AS (
        DELETE FROM transcript AS stored
        WHERE call_id = ANY (CAST(:call_ids AS integer[])) AND NOT coalesce(
            source = :source AND EXISTS (
                SELECT FROM news WHERE news.call_id = stored.call_id AND news.sequence = stored.sequence), false)
    ), changed AS (
        UPDATE transcript AS stored SET role = news.role, content = news.content, "timestamp" = news."timestamp"
        FROM news
        WHERE stored.call_id = ANY (CAST(:call_ids AS integer[])) AND stored.source = :source
            AND stored.call_id = news.call_id AND stored.sequence = news.sequence
            AND (stored.role, stored.content, stored."timestamp")
                IS DISTINCT FROM (news.role, news.content, news."timestamp")
    )
    INSERT INTO transcript (call_id, source, sequence, role, content, "timestamp")
    SELECT call_id, :source, sequence, role, content, "timestamp" FROM news
    WHERE NOT EXISTS (
        SELECT FROM transcript AS stored
        WHERE stored.call_id = ANY (CAST(:call_ids AS integer[])) AND stored.source = :source
            AND stored.call_id = news.call_id AND stored.sequence = news.sequence)
""")

_ADD = text("""
    WITH news AS MATERIALIZED (
        SELECT DISTINCT ON (call_id, "timestamp", role, content) *
        FROM json_to_recordset(CAST(:fragments AS json))
            AS row (call_id integer, role text, content text, "timestamp" timestamptz)
        ORDER BY call_id, "timestamp", role, content
    ), gone AS (
        DELETE FROM transcript WHERE call_id = ANY (CAST(:call_ids AS integer[])) AND source IS NULL
    )
    INSERT INTO transcript (call_id, source, role, content, "timestamp")
    SELECT call_id, 'fragment', role, content, "timestamp" FROM news
    ON CONFLICT (call_id, "timestamp", role, md5(content)) WHERE source = 'fragment' DO NOTHING
""")


def replace_turns(session: Session, source: str, turns: Mapping[int, Sequence[Turn]]) -> None:
    """Make each call's rows exactly these turns of `source`; unchanged rows are not written.

    The calls have to be locked.
    """
    rows = [_as_json(call_id, turn) for call_id, of_call in turns.items() for turn in of_call]
    session.execute(_REPLACE, {"turns": as_rows(rows), "call_ids": as_array(turns), "source": source})


def _as_json(call_id: int, turn: Turn) -> dict[str, object]:
    return {
        "call_id": call_id,
        "sequence": turn.sequence,
        "role": turn.role,
        "content": turn.content,
        "timestamp": turn.timestamp,
    }


def add_fragments(session: Session, fragments: Collection[Fragment]) -> None:
    """Add spoken turns that are not there yet; what the application wrote gives way."""
    rows = [{"call_id": f.call_id, "role": f.role, "content": f.content, "timestamp": f.timestamp} for f in fragments]
    session.execute(_ADD, {"fragments": as_rows(rows), "call_ids": as_array({f.call_id for f in fragments})})
