"""Links between Vapi's calls and rows that somebody has taken back (`make unlink`): no webhook makes them again."""

from autopulse.db.migrations.online import execute_each

revision = "0005"
down_revision = "0004"

STATEMENTS = (
    """
    CREATE TABLE IF NOT EXISTS refused_link (
        vapi_call_id text NOT NULL,
        call_id integer NOT NULL REFERENCES call (id) ON DELETE CASCADE,
        refused_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (vapi_call_id, call_id)
    )
    """,
    # For the rows that go with their call.
    "CREATE INDEX IF NOT EXISTS ix_refused_link_call_id ON refused_link (call_id)",
)


def upgrade() -> None:
    execute_each(STATEMENTS)
