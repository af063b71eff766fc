"""How calls ran and what they cost, in a table beside their attempts, which are read and written with each message.

Of reports that came before there is the cost, and nothing else.
"""

from alembic import op
from sqlalchemy import text

from autopulse.db.migrations.online import execute_each, without_transaction

revision = "0008"
down_revision = "0007"

STATEMENTS = (
    # By the reference a row goes and moves with its attempt. Figures are read from the index alone, which needs pages
    # that vacuum has seen.
    """
    CREATE TABLE IF NOT EXISTS call_quality (
        call_id integer NOT NULL,
        vapi_call_id text NOT NULL,
        report_event_id text NOT NULL,
        turn_latency_median_ms integer,
        turn_latency_average_ms integer,
        model_latency_average_ms integer,
        voice_latency_average_ms integer,
        transcriber_latency_average_ms integer,
        endpointing_latency_average_ms integer,
        from_transport_latency_average_ms integer,
        to_transport_latency_average_ms integer,
        user_interruptions integer,
        assistant_interruptions integer,
        cost numeric(12, 6),
        cost_transport numeric(12, 6),
        cost_transcriber numeric(12, 6),
        cost_model numeric(12, 6),
        cost_voice numeric(12, 6),
        cost_vapi numeric(12, 6),
        cost_voicemail_detection numeric(12, 6),
        cost_analysis numeric(12, 6),
        cost_knowledge_base numeric(12, 6),
        cost_other numeric(12, 6),
        assistant_id text,
        assistant_name text,
        assistant_version text,
        vapi_campaign_id text,
        success_evaluation text,
        consent_type text,
        consent_granted_at timestamptz,
        ended_message text,
        outputs_expected integer NOT NULL,
        outputs_lost integer NOT NULL,
        turn_latencies jsonb,
        details jsonb,
        PRIMARY KEY (call_id, vapi_call_id),
        FOREIGN KEY (call_id, vapi_call_id) REFERENCES vapi_call (call_id, vapi_call_id)
            ON UPDATE CASCADE ON DELETE CASCADE
    ) WITH (
        autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02,
        autovacuum_vacuum_insert_scale_factor = 0.02
    )
    """,
    """
    CREATE INDEX IF NOT EXISTS ix_call_quality_figures ON call_quality (call_id) INCLUDE (
        cost, turn_latency_median_ms, assistant_id, assistant_version, outputs_expected, outputs_lost)
    """,
)
ROWS = 10_000
"""Attempts of one transaction: some 200 ms, for which nobody deletes them."""
_FILL = text("""
    WITH batch AS MATERIALIZED (
        SELECT call_id FROM vapi_call WHERE call_id > :after ORDER BY call_id LIMIT :rows
    ), written AS (
        INSERT INTO call_quality (call_id, vapi_call_id, report_event_id, cost, outputs_expected, outputs_lost)
        SELECT call_id, vapi_call_id, report_event_id, cost, 0, 0 FROM vapi_call
        WHERE call_id > :after AND call_id <= (SELECT max(call_id) FROM batch)
            AND reported_at IS NOT NULL AND report_event_id IS NOT NULL
        ON CONFLICT (call_id, vapi_call_id) DO NOTHING
    )
    SELECT max(call_id) FROM batch
""")


def upgrade() -> None:
    execute_each(STATEMENTS)
    with without_transaction():
        after: int | None = 0
        while after is not None:
            after = op.get_bind().scalar(_FILL, {"after": after, "rows": ROWS})
