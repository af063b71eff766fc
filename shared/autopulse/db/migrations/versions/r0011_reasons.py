"""What went wrong: the reason of a call beside it, the words that an analysis says it with, and own categories.

The index has the calls that have a reason, in the order of all lists, with what they can be narrowed by: so the reasons
of a time are counted from it alone.
"""

from autopulse.db.migrations.online import build, execute_each

revision = "0011"
down_revision = "0010"

BEGAN = "coalesce(start_time, end_time, updated_at, '-infinity'::timestamptz), id"
STATEMENTS = (
    "ALTER TABLE call ADD COLUMN IF NOT EXISTS reason_key varchar(40)",
    "ALTER TABLE call_feedback ADD COLUMN IF NOT EXISTS reason_category text",
    "ALTER TABLE call_feedback_duplicate ADD COLUMN IF NOT EXISTS reason_category text",
    """
    CREATE TABLE IF NOT EXISTS reason_category (
        organization_id uuid NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
        key varchar(40) NOT NULL CHECK (key ~ '^[a-z0-9_]+$' AND key NOT IN ('other', 'any')),
        label varchar(100) NOT NULL CHECK (label ~ '[^ ]'),
        keywords text[] NOT NULL DEFAULT '{}',
        position integer NOT NULL,
        PRIMARY KEY (organization_id, key)
    )
    """,
)
INDEXES = {
    "ix_call_organization_id_reason": (
        f"INDEX {{name}} ON call (organization_id, {BEGAN}) INCLUDE (reason_key, start_time, end_time, updated_at,"
        " status, outcome, direction, is_web, nps_score, campaign_id, service_record_id, is_demo)"
        " WHERE reason_key IS NOT NULL"
    ),
}


def upgrade() -> None:
    execute_each(STATEMENTS)
    build(INDEXES)
