"""What Vapi reports: columns beside the application's, and tables of our own.

Every added column is nullable or has a default, so the application's inserts go on working before, during and after.
Each statement is a transaction of its own, with a lock on one of the application's tables, and can be run again.

The application may have columns of these names: they are widened to what is written. For longer text nothing is
rewritten; for more decimals, and for larger integers, Postgres writes the table anew and lets nobody in meanwhile.
"""

from autopulse.db.migrations.online import execute_each, widen_columns

revision = "0002"
down_revision = "0001"

STATEMENTS = (
    # A call is updated with each webhook that tells something of it. Where its page has room for the new version, no
    # index is written; and without waiting for a fifth of a big table to be dead, the room is given back soon.
    """
    ALTER TABLE call
        ADD COLUMN IF NOT EXISTS vapi_call_id text,
        ADD COLUMN IF NOT EXISTS ended_reason text,
        ADD COLUMN IF NOT EXISTS outcome varchar(20),
        ADD COLUMN IF NOT EXISTS cost numeric(12, 6),
        ADD COLUMN IF NOT EXISTS is_web boolean NOT NULL DEFAULT false,
        ADD COLUMN IF NOT EXISTS updated_at timestamptz,
        ALTER COLUMN updated_at SET DEFAULT now(),
        ALTER COLUMN direction SET DEFAULT 'outbound',
        ALTER COLUMN is_demo SET DEFAULT false,
        SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02)
    """,
    # By this a call without times has its place among the others; what is long over stays the oldest.
    """
    UPDATE call SET updated_at = now()
    WHERE updated_at IS NULL AND start_time IS NULL AND end_time IS NULL
        AND status NOT IN ('Completed', 'Ended', 'Missed', 'Failed')
    """,
    """
    ALTER TABLE service_record
        ALTER COLUMN status SET DEFAULT 'Scheduled',
        ALTER COLUMN is_demo SET DEFAULT false
    """,
    """
    ALTER TABLE transcript
        ADD COLUMN IF NOT EXISTS vapi_call_id text,
        ADD COLUMN IF NOT EXISTS source varchar(20),
        ADD COLUMN IF NOT EXISTS segment bigint,
        ADD COLUMN IF NOT EXISTS sequence integer,
        SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02)
    """,
    """
    ALTER TABLE call_feedback
        ADD COLUMN IF NOT EXISTS structured_data jsonb,
        ALTER COLUMN created_at SET DEFAULT now()
    """,
    # Where rows go that are one too many for a call (revision 0004).
    "CREATE TABLE IF NOT EXISTS call_feedback_duplicate (LIKE call_feedback)",
    """
    CREATE TABLE IF NOT EXISTS vapi_call (
        call_id integer NOT NULL REFERENCES call (id) ON DELETE CASCADE,
        vapi_call_id text NOT NULL,
        made_call boolean NOT NULL DEFAULT false,
        call_type text,
        phone_number_id text,
        assistant_id text,
        squad_id text,
        workflow_id text,
        customer_number text,
        customer_sip_uri text,
        customer_name text,
        created_at timestamptz,
        first_at timestamptz,
        status varchar(20),
        status_at timestamptz,
        in_progress_at timestamptz,
        ended_at timestamptz,
        ended_reason_at timestamptz,
        ended_status_reason text,
        reported_at timestamptz,
        reported_timed boolean,
        report_has_answers boolean,
        report_has_turns boolean,
        report_event_id text,
        report_start_time timestamptz,
        report_end_time timestamptz,
        report_duration_sec integer,
        report_ended_reason text,
        human_turn boolean,
        segments jsonb,
        reported_columns text[],
        start_time timestamptz,
        end_time timestamptz,
        duration_sec integer,
        ended_reason text,
        outcome varchar(20),
        nps_score integer,
        call_reason varchar(100),
        feedback_summary text,
        recording_url text,
        recording_expires_at timestamptz,
        cost numeric(12, 6),
        feedback jsonb,
        PRIMARY KEY (call_id, vapi_call_id)
    ) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02)
    """,
    """
    CREATE TABLE IF NOT EXISTS call_original (
        call_id integer PRIMARY KEY REFERENCES call (id) ON DELETE CASCADE,
        status varchar(20) NOT NULL,
        start_time timestamptz,
        end_time timestamptz,
        duration_sec integer,
        ended_reason text,
        outcome varchar(20),
        nps_score integer,
        call_reason varchar(100),
        feedback_summary text,
        recording_url text,
        cost numeric(12, 6),
        feedback jsonb
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS webhook_event (
        event_id text PRIMARY KEY,
        kind varchar(20) NOT NULL,
        type varchar(100) NOT NULL,
        call_id integer REFERENCES call (id) ON DELETE SET NULL,
        vapi_call_id text,
        occurred_at timestamptz,
        received_at timestamptz NOT NULL,
        processed_at timestamptz NOT NULL,
        status varchar(20),
        outcome varchar(20) NOT NULL,
        repeats integer NOT NULL DEFAULT 0
    ) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02)
    """,
    """
    CREATE TABLE IF NOT EXISTS vapi_number (
        id text PRIMARY KEY,
        organization_id uuid REFERENCES organization (id),
        ignored boolean NOT NULL DEFAULT false,
        CHECK (ignored OR organization_id IS NOT NULL)
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS service_record_original (
        service_record_id integer PRIMARY KEY REFERENCES service_record (id) ON DELETE CASCADE,
        status varchar(20) NOT NULL,
        feedback text,
        rating smallint
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS call_incident (
        id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
        call_id integer NOT NULL REFERENCES call (id) ON DELETE CASCADE,
        kind varchar(20) NOT NULL,
        occurred_at timestamptz NOT NULL,
        UNIQUE (call_id, kind, occurred_at)
    )
    """,
)
COLUMNS = {
    "call": {
        "vapi_call_id": "text",
        "ended_reason": "text",
        "outcome": "varchar(20)",
        "cost": "numeric(12, 6)",
        "is_web": "boolean",
        "updated_at": "timestamp with time zone",
    },
    "transcript": {"vapi_call_id": "text", "source": "varchar(20)", "segment": "bigint", "sequence": "integer"},
}


def upgrade() -> None:
    execute_each(STATEMENTS)
    widen_columns(COLUMNS)
