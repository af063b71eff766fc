"""Who may not be called, which assistant takes the calls of a number, and the index by which callers are found."""

from autopulse.db.migrations.online import build, execute_each

revision = "0016"
down_revision = "0015"

STATEMENTS = (
    """
    CREATE TABLE IF NOT EXISTS suppression (
        organization_id uuid NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
        pseudonym text NOT NULL CHECK (pseudonym ~ '^[0-9a-f]{64}$'),
        reason varchar(200) NOT NULL CHECK (reason ~ '[^ ]'),
        source text NOT NULL CHECK (source IN ('structured_output', 'operator', 'api')),
        created_at timestamp with time zone NOT NULL DEFAULT now(),
        PRIMARY KEY (organization_id, pseudonym)
    )
    """,
    "ALTER TABLE vapi_number ADD COLUMN IF NOT EXISTS inbound_assistant_id text",
    "ALTER TABLE vapi_number ADD COLUMN IF NOT EXISTS transfer_number text",
)
INDEXES = {
    "ix_service_record_organization_id_phone": (
        "INDEX {name} ON service_record (organization_id,"
        " (repeat('1', (customer_phone NOT LIKE '+%'"
        " AND length(regexp_replace(customer_phone, '[^0-9]', '', 'g')) = 10)::integer)"
        " || regexp_replace(customer_phone, '[^0-9]', '', 'g')), id)"
    ),
}


def upgrade() -> None:
    execute_each(STATEMENTS)
    build(INDEXES)
