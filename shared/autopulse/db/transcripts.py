"""The rows of `transcript`: the turns that an attempt's lists and fragments show, in order and without duplicates."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import text

from autopulse.db.engine import Transaction, execute
from autopulse.db.statement_parameters import as_array, as_rows
from autopulse.domain.lists import ShownTurn
from autopulse.domain.turns import Turn

FRAGMENT: Final = "fragment"
AttemptKey = tuple[int, str]
"""A call's id and Vapi's id of the attempt."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """One spoken turn from a message of its own."""

    call_id: int
    vapi_call_id: str
    role: str
    content: str
    timestamp: datetime


class AttemptTurns(NamedTuple):
    """The turns to store for one attempt."""

    call_id: int
    vapi_call_id: str
    turns: Sequence[ShownTurn]
    fragments_until: datetime | None
    """Fragments from this time on are deleted; None if all of them are kept."""


# The deleted, updated and inserted rows are disjoint, so the parts of the statement may run in any order. Because the
# call is locked, no conflicts can occur: ON CONFLICT would lock, and so write, each unchanged row, and take a fifth
# longer for each new one. `call_ids` lets the planner see that it need not read the whole table.
_REPLACE = text("""
    WITH attempt AS MATERIALIZED (
        SELECT * FROM json_to_recordset(CAST(:attempts AS json)) AS row (
            call_id integer, vapi_call_id text, fragments_until timestamptz, turns json)
    ), input AS MATERIALIZED (
        SELECT call_id, vapi_call_id, turn.* FROM attempt, json_to_recordset(turns) AS turn (
            source varchar, segment bigint, sequence integer, role text, content text, "timestamp" timestamptz)
    ), gone AS (
        DELETE FROM transcript AS stored USING attempt
        WHERE stored.call_id = ANY (CAST(:call_ids AS integer[])) AND stored.call_id = attempt.call_id
            AND stored.vapi_call_id = attempt.vapi_call_id
            AND CASE WHEN stored.source = 'fragment' THEN stored."timestamp" >= fragments_until
                ELSE NOT EXISTS (
                    SELECT FROM input WHERE input.call_id = stored.call_id AND input.vapi_call_id = stored.vapi_call_id
                        AND input.sequence = stored.sequence) END
    ), changed AS (
        UPDATE transcript AS stored SET
            source = input.source, segment = input.segment, role = input.role, content = input.content,
            "timestamp" = input."timestamp"
        FROM input
        WHERE stored.call_id = ANY (CAST(:call_ids AS integer[])) AND stored.call_id = input.call_id
            AND stored.vapi_call_id = input.vapi_call_id AND stored.sequence = input.sequence
            AND (stored.source, stored.segment, stored.role, stored.content, stored."timestamp")
                IS DISTINCT FROM (input.source, input.segment, input.role, input.content, input."timestamp")
    )
    INSERT INTO transcript (call_id, vapi_call_id, source, segment, sequence, role, content, "timestamp")
    SELECT call_id, vapi_call_id, source, segment, sequence, role, content, "timestamp" FROM input
    WHERE NOT EXISTS (
        SELECT FROM transcript AS stored
        WHERE stored.call_id = ANY (CAST(:call_ids AS integer[])) AND stored.call_id = input.call_id
            AND stored.vapi_call_id = input.vapi_call_id AND stored.sequence = input.sequence)
""")

_ADD = text("""
    WITH input AS MATERIALIZED (
        SELECT DISTINCT ON (call_id, vapi_call_id, "timestamp", role, content) *
        FROM json_to_recordset(CAST(:fragments AS json))
            AS row (call_id integer, vapi_call_id text, role text, content text, "timestamp" timestamptz)
        ORDER BY call_id, vapi_call_id, "timestamp", role, content
    )
    INSERT INTO transcript (call_id, vapi_call_id, source, role, content, "timestamp")
    SELECT call_id, vapi_call_id, 'fragment', role, content, "timestamp" FROM input
    ON CONFLICT (call_id, vapi_call_id, "timestamp", role, md5(content)) WHERE source = 'fragment' DO NOTHING
""")

_READ = text("""
    SELECT call_id, vapi_call_id, source, segment, sequence, role, content, "timestamp" FROM transcript
    WHERE call_id = ANY (CAST(:call_ids AS integer[])) AND source IS NOT NULL
    ORDER BY call_id, vapi_call_id, sequence, "timestamp", id
""")


def replace_turns(transaction: Transaction, attempts: Sequence[AttemptTurns]) -> None:
    """Replace each attempt's rows by these turns; unchanged rows are not written. The calls have to be locked."""
    rows = [
        {
            "call_id": attempt.call_id,
            "vapi_call_id": attempt.vapi_call_id,
            "fragments_until": attempt.fragments_until,
            "turns": [
                {
                    "source": source,
                    "segment": key,
                    "sequence": turn.sequence,
                    "role": turn.role,
                    "content": turn.content,
                    "timestamp": turn.timestamp,
                }
                for source, key, turn in attempt.turns
            ],
        }
        for attempt in attempts
    ]
    call_ids = {attempt.call_id for attempt in attempts}
    execute(transaction, _REPLACE, {"attempts": as_rows(rows), "call_ids": as_array(sorted(call_ids))})


def add_fragments(transaction: Transaction, fragments: Collection[Fragment]) -> None:
    """Add spoken turns that are not stored yet."""
    rows = [
        {
            "call_id": fragment.call_id,
            "vapi_call_id": fragment.vapi_call_id,
            "role": fragment.role,
            "content": fragment.content,
            "timestamp": fragment.timestamp,
        }
        for fragment in fragments
    ]
    transaction.execute(_ADD, {"fragments": as_rows(rows)})


class StoredTurns(NamedTuple):
    """The turns that are stored for one attempt."""

    lists: Mapping[tuple[str, int | None], Sequence[Turn]]
    """Source and key of a list -> its shown turns, with their positions among the attempt's turns."""
    fragments: Sequence[Fragment]


def read_stored_turns(transaction: Transaction, call_ids: Collection[int]) -> Mapping[AttemptKey, StoredTurns]:
    """All stored turns of these calls, without those that the application wrote."""
    lists: dict[AttemptKey, dict[tuple[str, int | None], list[Turn]]] = {}
    fragments: dict[AttemptKey, list[Fragment]] = {}
    for call_id, vapi_call_id, source, segment, sequence, role, content, timestamp in transaction.execute(
        _READ, {"call_ids": as_array(sorted(call_ids))}
    ):
        key = (call_id, vapi_call_id)
        if source == FRAGMENT:
            fragments.setdefault(key, []).append(Fragment(call_id, vapi_call_id, role, content, timestamp))
        else:
            of_attempt = lists.setdefault(key, {})
            of_attempt.setdefault((source, segment), []).append(Turn(sequence, role, content, timestamp))
    return {key: StoredTurns(lists.get(key, {}), fragments.get(key, [])) for key in lists.keys() | fragments.keys()}
