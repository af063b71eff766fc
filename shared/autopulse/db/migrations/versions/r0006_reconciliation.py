"""What was asked of Vapi, since no webhook told it: where a message came from, and what is asked for again, and when.

A column with a constant default, or none, is added without writing the table. Rows of before have their default: all of
them were webhooks.
"""

from autopulse.db.migrations.online import build, execute_each

revision = "0006"
down_revision = "0005"

STATEMENTS = (
    "ALTER TABLE webhook_event ADD COLUMN IF NOT EXISTS origin text NOT NULL DEFAULT 'webhook'",
    """
    ALTER TABLE vapi_call
        ADD COLUMN IF NOT EXISTS report_origin varchar(20),
        ADD COLUMN IF NOT EXISTS reconciliation varchar(20)
    """,
    """
    CREATE TABLE IF NOT EXISTS reconciliation_request (
        call_id integer NOT NULL,
        vapi_call_id text NOT NULL,
        reason varchar(20) NOT NULL,
        tries smallint NOT NULL,
        asked_at timestamptz NOT NULL,
        next_at timestamptz,
        PRIMARY KEY (call_id, vapi_call_id, reason)
    )
    """,
    # For the rows that go by their age.
    "CREATE INDEX IF NOT EXISTS ix_reconciliation_request_asked_at ON reconciliation_request (asked_at)",
)
OPEN = "status NOT IN ('Completed', 'Ended', 'Missed', 'Failed')"
ATTEMPT_BEGAN = "coalesce(created_at, first_at)"
INDEXES = {
    # What is suspicious is looked for every few minutes, and is rare: these have what is not over yet, or is over and
    # lacks something, and hardly any update of a call or an attempt writes them.
    "ix_vapi_call_unreported_began": (
        f"INDEX {{name}} ON vapi_call (({ATTEMPT_BEGAN})) WHERE reported_at IS NULL AND vapi_call_id <> ''"
    ),
    # Not by `reported_at`: whoever looks for the reports of an hour would be led here.
    "ix_vapi_call_reported_began": (
        f"INDEX {{name}} ON vapi_call (({ATTEMPT_BEGAN})) WHERE report_event_id IS NOT NULL AND vapi_call_id <> ''"
    ),
    "ix_vapi_call_without_answers": (
        "INDEX {name} ON vapi_call (reported_at) WHERE report_has_answers = false AND vapi_call_id <> ''"
    ),
    "ix_call_linked_open": f"INDEX {{name}} ON call (updated_at) WHERE vapi_call_id IS NOT NULL AND {OPEN}",
    "ix_call_unlinked_open": f"INDEX {{name}} ON call (updated_at) WHERE vapi_call_id IS NULL AND {OPEN}",
}


def upgrade() -> None:
    execute_each(STATEMENTS)
    build(INDEXES)
