"""Fewer indexes for an update of a call to write: those of rare values leave the common ones out.

Every update of a call writes each index that its row is in. What has the common value is found by walking the calls in
their order; `ix_call_organization_id_listing` has all that they can be narrowed by, so that where the value that we
take for common is the rare one (calls of which most come in), an organization's index is walked and not its calls.

New indexes have new names, and the old ones go when the new ones are there: at no time is a question without one.
"""

from collections.abc import Iterable

from alembic import op
from sqlalchemy import text

from autopulse.db.migrations.versions.r0004_indexes import build

revision = "0006"
down_revision = "0005"

BEGAN = "coalesce(start_time, end_time, 'infinity'::timestamptz), id"
INDEXES = {
    "ix_call_organization_id_listing": (
        f"INDEX {{name}} ON call (organization_id, {BEGAN}) INCLUDE (start_time, end_time, status, outcome, direction,"
        " nps_score, duration_sec, campaign_id, service_record_id, is_demo)"
    ),
    "ix_call_organization_id_inbound": (
        f"INDEX {{name}} ON call (organization_id, {BEGAN}) INCLUDE (start_time, end_time) WHERE direction = 'inbound'"
    ),
    "ix_call_organization_id_demo": (
        f"INDEX {{name}} ON call (organization_id, {BEGAN}) INCLUDE (start_time, end_time) WHERE is_demo"
    ),
    # For the foreign key and for the list, whatever else that is narrowed by.
    "ix_call_campaign_id_listing": (
        f"INDEX {{name}} ON call (campaign_id, organization_id, {BEGAN})"
        " INCLUDE (start_time, end_time, status, outcome, direction, is_demo) WHERE campaign_id IS NOT NULL"
    ),
    "ix_call_agent_id_given": "INDEX {name} ON call (agent_id) WHERE agent_id IS NOT NULL",
}
REPLACED = (
    "ix_call_organization_id_began",
    "ix_call_organization_id_direction_began",
    "ix_call_organization_id_is_demo_began",
    "ix_call_organization_id_campaign_id_began",
    "ix_call_campaign_id",
    "ix_call_agent_id",
)
# The application may have had an index of that name before revision 0004, which then left it alone; so do we.
OURS = "SELECT to_regclass(:name)::oid > to_regclass('ix_call_vapi_call_id')::oid"


def upgrade() -> None:
    build(INDEXES)
    drop(REPLACED)
    op.execute("ANALYZE call")


def drop(names: Iterable[str]) -> None:
    """Drop indexes that other ones took the place of, where we made them."""
    with op.get_context().autocommit_block():
        op.execute("COMMIT")  # as in `build`
        for name in names:
            if op.get_bind().scalar(text(OURS), {"name": name}):
                op.execute(f"DROP INDEX CONCURRENTLY {name}")
