"""Erasures, what they are made of, tombstones of erased calls, how far retention is; visits by their number's digits.

A tombstone has no foreign key: it stays when the row of the call is deleted.
"""

from alembic import op

from autopulse.db.migrations.online import build, execute_each

revision = "0015"
down_revision = "0014"

STATEMENTS = (
    """
    CREATE TABLE IF NOT EXISTS erased_call (
        pseudonym varchar(64) PRIMARY KEY,
        call_id integer,
        erased_at timestamptz NOT NULL
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS erasure (
        id uuid PRIMARY KEY,
        organization_id uuid REFERENCES organization (id) ON DELETE CASCADE,
        scope varchar(20) NOT NULL CHECK (scope IN ('call_id', 'vapi_call_id', 'phone')),
        requested_by text NOT NULL,
        requested_at timestamptz NOT NULL,
        state varchar(20) NOT NULL CHECK (state IN ('requested', 'running', 'done', 'failed')),
        is_dry_run boolean NOT NULL DEFAULT false,
        finished_at timestamptz
    )
    """,
    "CREATE INDEX IF NOT EXISTS ix_erasure_organization_id ON erasure (organization_id)",
    """
    CREATE TABLE IF NOT EXISTS erasure_item (
        erasure_id uuid NOT NULL REFERENCES erasure (id) ON DELETE CASCADE,
        kind varchar(20) NOT NULL CHECK (kind IN ('call', 'visit', 'vapi_call')),
        item text NOT NULL,
        state varchar(20) NOT NULL CHECK (state IN ('waiting', 'asked', 'done', 'failed')),
        counts jsonb,
        PRIMARY KEY (erasure_id, kind, item)
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS retention (
        organization_id uuid NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
        kind varchar(20) NOT NULL CHECK (kind IN ('words', 'person')),
        began timestamptz NOT NULL,
        call_id integer NOT NULL,
        PRIMARY KEY (organization_id, kind)
    )
    """,
    "CREATE INDEX IF NOT EXISTS ix_erasure_item_item ON erasure_item (item)",  # what Vapi says of a call
)
INDEXES = {
    "ix_call_feedback_duplicate_call_id": "INDEX {name} ON call_feedback_duplicate (call_id)",
    # Who asks for an erasure, or calls back, has a number and no id.
    "ix_service_record_organization_id_digits": (
        "INDEX {name} ON service_record"
        " (organization_id, reverse(regexp_replace(customer_phone, '[^0-9]', '', 'g')) text_pattern_ops)"
    ),
}


def upgrade() -> None:
    execute_each(STATEMENTS)
    build(INDEXES)
    op.execute("ANALYZE service_record")
