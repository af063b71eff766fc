"""Indexes of visits that begin with what narrows them most, and serve the foreign keys too.

An advisor's calls are found by advisor and organization together, and the visits of a summary's calls by one walk
through those of the organization.

Statistics tell the planner what it cannot know from single columns: which campaigns and advisors are whose, and how
many scores are in a band, without which it sorts all calls of a campaign or a band for one page.
"""

from alembic import op

from autopulse.db.migrations.versions.r0004_indexes import build
from autopulse.db.migrations.versions.r0006_partial_indexes import drop

revision = "0007"
down_revision = "0006"

INDEXES = {
    "ix_service_record_organization_id_listing": (
        "INDEX {name} ON service_record (organization_id, id) INCLUDE (service_advisor_id, service_advisor_name)"
    ),
    "ix_service_record_service_advisor_id_listing": (
        "INDEX {name} ON service_record (service_advisor_id, organization_id) INCLUDE (id)"
        " WHERE service_advisor_id IS NOT NULL"
    ),
    "ix_service_record_advisor_name_listing": (
        "INDEX {name} ON service_record (organization_id, service_advisor_name) INCLUDE (id)"
        " WHERE service_advisor_name IS NOT NULL"
    ),
}
REPLACED = (
    "ix_service_record_id_advisor",
    "ix_service_record_organization_id_advisor_name",
    "ix_service_record_organization_id",
    "ix_service_record_service_advisor_id",
)
STATISTICS = {
    "service_record_advisors": "(mcv) ON organization_id, service_advisor_id, service_advisor_name FROM service_record",
    "call_campaigns": "(dependencies) ON organization_id, campaign_id FROM call",
    "call_bands": "ON (width_bucket(nps_score, ARRAY[7, 9])) FROM call",
}


def upgrade() -> None:
    build(INDEXES)
    drop(REPLACED)
    for name, definition in STATISTICS.items():
        op.execute(f"CREATE STATISTICS IF NOT EXISTS {name} {definition}")
    op.execute("ANALYZE call, service_record")
