"""The words that calls are found by, and the words of visits: customer, vehicle, advisor.

Every migration gives their words to calls that have none (`db.words.give_words`), so those of before have them, too.
"""

from alembic import op

from autopulse.db.migrations.online import build, execute_each

revision = "0010"
down_revision = "0009"

# Words lie apart from the rest of their row, which is read for every hit, and is short then.
STATEMENTS = (
    """
    CREATE TABLE IF NOT EXISTS call_words (
        call_id integer PRIMARY KEY REFERENCES call (id) ON DELETE CASCADE,
        organization_id uuid NOT NULL,
        began timestamptz NOT NULL,
        words tsvector NOT NULL
    ) WITH (
        toast_tuple_target = 128, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02,
        autovacuum_vacuum_insert_scale_factor = 0.02
    )
    """,
    "CREATE INDEX IF NOT EXISTS ix_call_words_words ON call_words USING gin (words)",
)
ACCENTED = "àáâãäåçèéêëìíîïñòóôõöùúûüýÿÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÑÒÓÔÕÖÙÚÛÜÝŸ-/._"
PLAIN = "aaaaaaceeeeiiiinooooouuuuyyaaaaaaceeeeiiiinooooouuuuyy    "
INDEXES = {
    # Each word together with its organization, as in the index of customers' names (revision 0004).
    "ix_service_record_organization_id_visit": (
        "INDEX {name} ON service_record USING gin ((replace(' ' || to_tsvector('simple'::regconfig, translate(lower("
        "left(coalesce(customer_name, '') || ' ' || coalesce(vehicle_info, '') || ' '"
        f" || coalesce(service_advisor_name, ''), 1000)), '{ACCENTED}', '{PLAIN}'))::text, ' ''',"
        " ' ''' || right(organization_id::text, 8))::tsvector))"
    ),
}


def upgrade() -> None:
    execute_each(STATEMENTS)
    build(INDEXES)
    op.execute("ANALYZE service_record")
