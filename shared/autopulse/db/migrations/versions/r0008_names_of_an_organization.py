"""Words of customers' names, each together with its organization.

An index of words alone has a word's visits of all organizations in one list, and all of it is read for the few of one.
The expression takes Postgres's own words of the name, so that it finds the same as the plain condition does.
"""

from alembic import op

from autopulse.db.migrations.versions.r0004_indexes import build
from autopulse.db.migrations.versions.r0006_partial_indexes import drop

revision = "0008"
down_revision = "0007"

INDEXES = {
    "ix_service_record_organization_id_words": (
        "INDEX {name} ON service_record USING gin ((replace(' ' || to_tsvector('simple'::regconfig,"
        " customer_name)::text, ' ''', ' ''' || right(organization_id::text, 8))::tsvector))"
    ),
}
REPLACED = ("ix_service_record_name_words",)


def upgrade() -> None:
    build(INDEXES)
    drop(REPLACED)
    op.execute("ANALYZE service_record")
