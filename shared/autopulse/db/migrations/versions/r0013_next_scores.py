"""The index that finds the next score of the same number, and the one that counts what is unanswered now."""

from autopulse.db.migrations.online import build

revision = "0013"
down_revision = "0012"

INDEXES = {
    "ix_call_organization_id_scored": (
        "INDEX {name} ON call (organization_id, reverse(regexp_replace(customer_number, '[^0-9]', '', 'g')),"
        " coalesce(start_time, end_time, updated_at, '-infinity'::timestamptz))"
        " INCLUDE (nps_score) WHERE nps_score BETWEEN 0 AND 10 AND outcome IN ('reached', 'transferred')"
    ),
    "ix_follow_up_unanswered": "INDEX {name} ON follow_up (state, due_at) WHERE state IN ('open', 'acknowledged')",
}


def upgrade() -> None:
    build(INDEXES)
