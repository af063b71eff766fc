"""Copies of recordings in a bucket of ours: one row for each attempt that one was asked for.

A row goes, and moves, with its attempt: a call that is deleted, a link that is taken back, a row that hands over.
"""

from autopulse.db.migrations.online import execute_each

revision = "0007"
down_revision = "0006"

STATEMENTS = (
    """
    CREATE TABLE IF NOT EXISTS call_recording (
        call_id integer NOT NULL,
        vapi_call_id text NOT NULL,
        state varchar(20) NOT NULL,
        object_key text,
        bytes bigint,
        content_type text,
        sha256 text,
        stored_at timestamptz,
        PRIMARY KEY (call_id, vapi_call_id),
        FOREIGN KEY (call_id, vapi_call_id) REFERENCES vapi_call (call_id, vapi_call_id)
            ON DELETE CASCADE ON UPDATE CASCADE
    )
    """,
)


def upgrade() -> None:
    execute_each(STATEMENTS)
