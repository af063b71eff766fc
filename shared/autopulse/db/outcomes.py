"""The outcome of calls of which Vapi has told nothing, from what the application wrote: docs/call-state.md, section 4.

Those are the calls of before, and calls that the application's own receiver of webhooks brings to an end while Vapi
still speaks to it. Figures count by outcomes, so each migration gives one to those that have none.
"""

from collections.abc import Callable
from typing import Final

from sqlalchemy import Connection, text

ROWS: Final = 1000
"""Changed in one transaction: some 20 ms, for which they are locked."""
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
    """Give each of them its outcome, in transactions that `commit` ends, and that hold few rows for a short time.

    Rows that somebody else has locked are passed by, and waited for at last, one by one.
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
