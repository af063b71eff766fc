"""Views of the console that people keep by names of their own."""

from autopulse.db.migrations.online import execute_each

revision = "0014"
down_revision = "0013"

STATEMENTS = (
    """
    CREATE TABLE IF NOT EXISTS saved_view (
        organization_id uuid NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
        subject varchar(255) NOT NULL CHECK (subject <> ''),
        name varchar(60) NOT NULL CHECK (name <> ''),
        address varchar(1000) NOT NULL CHECK (address LIKE '?%'),
        created_at timestamp with time zone NOT NULL DEFAULT now(),
        updated_at timestamp with time zone NOT NULL DEFAULT now(),
        PRIMARY KEY (organization_id, subject, name)
    )
    """,
)


def upgrade() -> None:
    execute_each(STATEMENTS)
