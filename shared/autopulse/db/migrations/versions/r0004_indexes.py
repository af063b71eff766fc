"""Indexes for every foreign key and every upsert.

Built CONCURRENTLY, outside transactions: the application goes on writing meanwhile. An interrupted build leaves an
invalid index of that name behind, which is dropped and built again; so is the application's own index of that name, if
it is not unique as ours has to be.
"""

from collections.abc import Mapping

from alembic import op
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from autopulse.db.engine import sqlstate
from autopulse.db.migrations.versions.r0003_feedback_duplicates import move_duplicates

revision = "0004"
down_revision = "0003"

UNIQUE_VIOLATION = "23505"
TRIES = 5
INDEXES = {
    "ix_call_vapi_call_id": "UNIQUE INDEX {name} ON call (vapi_call_id)",
    "ix_call_service_record_id": "INDEX {name} ON call (service_record_id)",
    "ix_call_campaign_id": "INDEX {name} ON call (campaign_id)",
    "ix_call_agent_id": "INDEX {name} ON call (agent_id)",
    "ix_call_feedback_call_id": "UNIQUE INDEX {name} ON call_feedback (call_id)",
    "ix_transcript_call_id_source_sequence": "UNIQUE INDEX {name} ON transcript (call_id, source, sequence)",
    "ix_transcript_fragment": (
        "UNIQUE INDEX {name} ON transcript (call_id, \"timestamp\", role, md5(content)) WHERE source = 'fragment'"
    ),
    "ix_service_record_organization_id": "INDEX {name} ON service_record (organization_id)",
    "ix_service_record_campaign_id": "INDEX {name} ON service_record (campaign_id)",
    "ix_service_record_service_advisor_id": "INDEX {name} ON service_record (service_advisor_id)",
    "ix_user_organization_id": 'INDEX {name} ON "user" (organization_id)',
    "ix_campaign_organization_id": "INDEX {name} ON campaign (organization_id)",
    "ix_webhook_event_call_id": "INDEX {name} ON webhook_event (call_id)",
    "ix_webhook_event_received_at": "INDEX {name} ON webhook_event (received_at)",
    "ix_vapi_number_organization_id": "INDEX {name} ON vapi_number (organization_id)",
}


def upgrade() -> None:
    build(INDEXES)


def build(indexes: Mapping[str, str]) -> None:
    """Build indexes, name -> definition, that are not there yet."""
    with op.get_context().autocommit_block():
        # SQLAlchemy asks pg8000 for the isolation level that it changes here, which leaves a transaction open.
        op.execute("COMMIT")
        # Waiting for older transactions blocks nobody here, so it may take as long as it takes.
        op.execute("SET lock_timeout = 0")
        for name, definition in indexes.items():
            _build_without_duplicates(name, definition)


def _build_without_duplicates(name: str, definition: str) -> None:
    """The application may have written another feedback row of a call since they were moved."""
    for attempt in range(1, TRIES + 1):
        try:
            _build(name, definition)
        except DBAPIError as error:
            if sqlstate(error.orig) != UNIQUE_VIOLATION or attempt == TRIES:
                raise
            move_duplicates()
        else:
            return


def _build(name: str, definition: str) -> None:
    kind, rest = definition.split("INDEX {name}")
    useless = text(
        "SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(:name) AND NOT (indisvalid AND indisunique >= :unique)"
    )
    if op.get_bind().execute(useless, {"name": name, "unique": kind == "UNIQUE "}).first():
        op.execute(f"DROP INDEX CONCURRENTLY {name}")
    op.execute(f"CREATE {kind}INDEX CONCURRENTLY IF NOT EXISTS {name}{rest}")
