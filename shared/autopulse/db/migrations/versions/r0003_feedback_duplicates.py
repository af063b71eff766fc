"""One feedback row per call: the newest stays, older ones move to `call_feedback_duplicate`.

Nothing is lost. Our own consumers write one row per call; the unique index of the next revision keeps it so.
"""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("CREATE TABLE call_feedback_duplicate (LIKE call_feedback)")
    move_duplicates()


def move_duplicates() -> None:
    """Leave each call its newest feedback row."""
    op.execute(
        """
        WITH ranked AS (
            SELECT id, row_number() OVER (PARTITION BY call_id ORDER BY created_at DESC NULLS LAST, id DESC) AS place
            FROM call_feedback
        ), moved AS (
            DELETE FROM call_feedback USING ranked
            WHERE call_feedback.id = ranked.id AND ranked.place > 1
            RETURNING call_feedback.*
        )
        INSERT INTO call_feedback_duplicate SELECT * FROM moved;
        """
    )
