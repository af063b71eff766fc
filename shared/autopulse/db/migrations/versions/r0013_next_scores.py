"""Indexes of the figures of follow-ups: what is unanswered now, whose calls were detractors, and their next scores.

The index of the follow-ups of a time gets the ids of their calls, and another name: an index cannot be changed.
"""

from autopulse.db.migrations.online import build, execute_each

revision = "0013"
down_revision = "0012"

INDEXES = {
    "ix_call_organization_id_scored": (
        "INDEX {name} ON call (organization_id, reverse(regexp_replace(customer_number, '[^0-9]', '', 'g')),"
        " coalesce(start_time, end_time, updated_at, '-infinity'::timestamptz))"
        " INCLUDE (nps_score) WHERE nps_score BETWEEN 0 AND 10 AND outcome IN ('reached', 'transferred')"
    ),
    "ix_follow_up_unanswered": "INDEX {name} ON follow_up (state, due_at) WHERE state IN ('open', 'acknowledged')",
    "ix_call_detractor": (
        "INDEX {name} ON call (id) INCLUDE (organization_id)"
        " WHERE nps_score >= 0 AND nps_score < 7 AND outcome IN ('reached', 'transferred')"
    ),
    "ix_follow_up_organization_id_opened_call": (
        "INDEX {name} ON follow_up (organization_id, opened_at) INCLUDE (call_id, state, due_at, acknowledged_at,"
        " resolved_at, cause, assignee_id, assignee_name)"
    ),
}


def upgrade() -> None:
    build(INDEXES)
    execute_each(("DROP INDEX CONCURRENTLY IF EXISTS ix_follow_up_organization_id_opened",))
