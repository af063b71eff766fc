"""Indexes for every list that people read, in the order in which they read it.

Calls are sorted by when they began; the expressions are those of `db.reading.filters`, or Postgres would not use the
indexes. Built CONCURRENTLY, like those of the revision before.
"""

from alembic import op

from autopulse.db.migrations.versions.r0004_indexes import build

revision = "0005"
down_revision = "0004"

BEGAN = "coalesce(start_time, end_time, 'infinity'::timestamptz), id"
INDEXES = {
    # With all that the summary counts, so that it need not look at the calls themselves.
    "ix_call_organization_id_began": (
        f"INDEX {{name}} ON call (organization_id, {BEGAN}) INCLUDE"
        " (start_time, end_time, outcome, nps_score, duration_sec, campaign_id, service_record_id, is_demo)"
    ),
    "ix_call_organization_id_status_began": f"INDEX {{name}} ON call (organization_id, status, {BEGAN})",
    # Without the calls that have none yet: each index costs every update of a call, and most updates come before.
    "ix_call_organization_id_outcome_began": (
        f"INDEX {{name}} ON call (organization_id, outcome, {BEGAN}) WHERE outcome IS NOT NULL"
    ),
    "ix_call_organization_id_campaign_id_began": (
        f"INDEX {{name}} ON call (organization_id, campaign_id, {BEGAN}) WHERE campaign_id IS NOT NULL"
    ),
    "ix_call_organization_id_direction_began": f"INDEX {{name}} ON call (organization_id, direction, {BEGAN})",
    "ix_call_organization_id_is_demo_began": f"INDEX {{name}} ON call (organization_id, is_demo, {BEGAN})",
    "ix_call_organization_id_band_began": (
        f"INDEX {{name}} ON call (organization_id, width_bucket(nps_score, ARRAY[7, 9]), {BEGAN})"
        " WHERE nps_score IS NOT NULL"
    ),
    "ix_call_organization_id_digits": (
        "INDEX {name} ON call"
        " (organization_id, reverse(regexp_replace(customer_number, '[^0-9]', '', 'g')) text_pattern_ops)"
    ),
    # For the summary by advisor, which looks up the visit of every call.
    "ix_service_record_id_advisor": (
        "INDEX {name} ON service_record (id) INCLUDE (organization_id, service_advisor_id, service_advisor_name)"
    ),
    "ix_service_record_organization_id_advisor_name": (
        "INDEX {name} ON service_record (organization_id, service_advisor_name)"
    ),
    "ix_service_record_name_words": (
        "INDEX {name} ON service_record USING gin (to_tsvector('simple'::regconfig, customer_name))"
    ),
    "ix_call_feedback_words": (
        "INDEX {name} ON call_feedback USING gin (to_tsvector('simple'::regconfig,"
        " coalesce(detractors, ''::text) || ' '::text || coalesce(action_items, ''::text)))"
    ),
}


def upgrade() -> None:
    build(INDEXES)
    # What the expressions hold is unknown to the planner until then.
    op.execute("ANALYZE call, service_record, call_feedback")
