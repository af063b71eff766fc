"""Alerts of follow-ups: the claim of each, when it is to be sent, and what became of it."""

from autopulse.db.migrations.online import execute_each

revision = "0012"
down_revision = "0011"

STATEMENTS = (
    """
    CREATE TABLE IF NOT EXISTS follow_up_alert (
        follow_up_id integer NOT NULL REFERENCES follow_up (id) ON DELETE CASCADE,
        step varchar(20) NOT NULL CHECK (step IN ('opened', 'overdue')),
        channel varchar(20) NOT NULL CHECK (channel IN ('email', 'webhook')),
        state varchar(20) NOT NULL CHECK (state IN ('waiting', 'sending', 'delivered', 'undelivered', 'dropped')),
        tries smallint NOT NULL DEFAULT 0,
        claimed_at timestamptz NOT NULL,
        send_at timestamptz NOT NULL,
        ended_at timestamptz,
        reason varchar(40),
        PRIMARY KEY (follow_up_id, step, channel)
    )
    """,
    # Those that the planner looks for.
    """
    CREATE INDEX IF NOT EXISTS ix_follow_up_alert_due ON follow_up_alert (send_at)
        WHERE state IN ('waiting', 'sending')
    """,
)


def upgrade() -> None:
    execute_each(STATEMENTS)
