"""Set the outcome of calls without any message of Vapi from the application's values: docs/call-state.md, section 4.

These are calls from before the first migration, and calls that the application's own receiver of webhooks finishes
while Vapi still sends them there. Statistics count by outcomes, so each migration sets the missing ones.
"""

from collections.abc import Callable
from typing import Final

from sqlalchemy import Connection, text

ROWS: Final = 1000
"""The number of rows that one transaction changes, and locks for some 20 ms."""
_WITHOUT: Final = """
    outcome IS NULL AND (
        nps_score IS NOT NULL OR status IN ('Missed', 'Failed') OR (status = 'Completed' AND start_time IS NOT NULL)
    ) AND NOT EXISTS (SELECT FROM vapi_call WHERE vapi_call.call_id = call.id)
"""
_GIVEN: Final = """
    CASE
        WHEN nps_score IS NOT NULL THEN 'reached'
        WHEN status = 'Missed' THEN 'no_answer'
        WHEN status = 'Failed' THEN 'failed'
        ELSE 'reached'
    END
"""
_NEXT: Final = text(f"""
    WITH batch AS (
        SELECT id FROM call WHERE id > :after AND {_WITHOUT} ORDER BY id LIMIT :rows FOR NO KEY UPDATE SKIP LOCKED
    ), changed AS (
        UPDATE call SET outcome = {_GIVEN} FROM batch WHERE call.id = batch.id
    )
    SELECT max(id) FROM batch
""")  # noqa: S608 - constants
_SKIPPED: Final = text(f"SELECT id FROM call WHERE {_WITHOUT} ORDER BY id")  # noqa: S608 - constants
_ONE: Final = text(f"UPDATE call SET outcome = {_GIVEN} WHERE id = :id AND {_WITHOUT}")  # noqa: S608 - constants


def give_outcomes(connection: Connection, commit: Callable[[], None]) -> None:
    """Set the outcome of each such call, in transactions that `commit` ends and that lock few rows for a short time.

    Rows that are locked are skipped, and at the end waited for one by one.
    """
    after: int | None = 0
    while after is not None:
        after = connection.scalar(_NEXT, {"after": after, "rows": ROWS})
        commit()
    skipped = connection.scalars(_SKIPPED).all()
    commit()
    for id_ in skipped:
        connection.execute(_ONE, {"id": id_})
        commit()
