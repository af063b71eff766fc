"""The AutoPulse application's database before this project's migrations."""

from typing import Any, Final

import pg8000.native

from local.database import connect

TABLES: Final = """
    CREATE TABLE organization (id uuid PRIMARY KEY, name varchar(255) NOT NULL);
    CREATE TABLE "user" (
        id serial PRIMARY KEY, name varchar(255), email varchar(255),
        organization_id uuid REFERENCES organization (id)
    );
    CREATE TABLE campaign (
        id serial PRIMARY KEY, name varchar(255), organization_id uuid REFERENCES organization (id), status varchar(20)
    );
    CREATE TABLE service_record (
        id serial PRIMARY KEY, organization_id uuid NOT NULL REFERENCES organization (id),
        campaign_id integer REFERENCES campaign (id), customer_name varchar(100) NOT NULL,
        customer_phone varchar(20) NOT NULL, vehicle_info varchar(100), service_type varchar(50),
        status varchar(20) NOT NULL, appointment_date timestamptz,
        service_advisor_id integer REFERENCES "user" (id), service_advisor_name varchar(100),
        feedback text, rating smallint, is_demo boolean NOT NULL
    );
    CREATE TABLE call (
        id serial PRIMARY KEY, organization_id uuid NOT NULL REFERENCES organization (id),
        service_record_id integer REFERENCES service_record (id), campaign_id integer REFERENCES campaign (id),
        agent_id integer REFERENCES "user" (id), customer_number varchar(20) NOT NULL,
        direction varchar(10) NOT NULL, start_time timestamptz, end_time timestamptz, duration_sec integer,
        status varchar(20) NOT NULL, recording_url text, nps_score integer, call_reason varchar(100),
        feedback_summary text, is_demo boolean NOT NULL
    );
    CREATE TABLE call_feedback (
        id serial PRIMARY KEY, call_id integer NOT NULL REFERENCES call (id) ON DELETE CASCADE,
        content text NOT NULL, detractors text, positives text, action_items text,
        created_at timestamptz DEFAULT now(), updated_at timestamptz
    );
    CREATE TABLE transcript (
        id serial PRIMARY KEY, call_id integer NOT NULL REFERENCES call (id), role varchar(20) NOT NULL,
        content text NOT NULL, "timestamp" timestamptz NOT NULL
    );
    CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
    INSERT INTO alembic_version VALUES ('f00dfeed0001');
"""
"""The defaults for `direction`, `status` and `is_demo` are in Python: the columns have none."""

WITHOUT_FEEDBACK: Final = "DROP TABLE call_feedback"
"""The tables of releases without the planned table of feedback."""

RELEASE: Final = """
    ALTER TABLE organization ADD COLUMN email varchar(255) NOT NULL UNIQUE DEFAULT 'office@example.com',
        ADD COLUMN service_types varchar(255)[], ADD UNIQUE (id), ADD UNIQUE (name);
    ALTER TABLE organization ALTER COLUMN email DROP DEFAULT;
    ALTER TABLE "user" ALTER COLUMN name TYPE varchar(100), ALTER COLUMN name SET NOT NULL,
        ALTER COLUMN organization_id SET NOT NULL, ADD COLUMN password_hash text NOT NULL DEFAULT 'x';
    ALTER TABLE "user" ALTER COLUMN password_hash DROP DEFAULT;
    ALTER TABLE campaign ALTER COLUMN name TYPE varchar(150), ALTER COLUMN name SET NOT NULL,
        ADD COLUMN created_by integer NOT NULL REFERENCES "user" (id) DEFAULT 1;
    ALTER TABLE campaign ALTER COLUMN created_by DROP DEFAULT;
    ALTER TABLE service_record ADD COLUMN created_by integer REFERENCES "user" (id);
    ALTER TABLE service_record ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now();
    ALTER TABLE call ADD COLUMN created_at timestamptz NOT NULL DEFAULT now(),
        ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now();
    ALTER TABLE transcript ADD COLUMN created_at timestamptz NOT NULL DEFAULT now(),
        ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now();
    ALTER TABLE call_feedback ALTER COLUMN created_at SET NOT NULL, ALTER COLUMN updated_at SET DEFAULT now();
    UPDATE call_feedback SET updated_at = now();
    ALTER TABLE call_feedback ALTER COLUMN updated_at SET NOT NULL;
    CREATE TABLE audio_file (id serial PRIMARY KEY, call_id integer NOT NULL REFERENCES call (id), path text NOT NULL);
    CREATE INDEX ix_call_campaign_id ON call (campaign_id);
    CREATE INDEX ix_call_feedback_call_id ON call_feedback (call_id);
    CREATE VIEW recent_calls AS SELECT id, status, start_time FROM call;
"""
"""Additions of a release that do not conflict with the migrations."""

NARROW: Final = """
    ALTER TABLE call ADD COLUMN vapi_call_id varchar(100), ADD COLUMN ended_reason varchar(50),
        ADD COLUMN cost numeric(10, 4);
    CREATE UNIQUE INDEX ix_call_vapi_call_id ON call (vapi_call_id);
"""
"""The application's own columns for Vapi's data."""

ROWS: Final = """
    INSERT INTO organization VALUES ('00000000-0000-4000-8000-0000000000a1', 'Example Motors');
    INSERT INTO "user" (name, organization_id) SELECT 'Alex Example', id FROM organization;
    INSERT INTO campaign (name, organization_id, status) SELECT 'Spring', id, 'Active' FROM organization;
"""

_AS_THE_APPLICATION: Final = (
    """
    INSERT INTO service_record (organization_id, campaign_id, customer_name, customer_phone, status, is_demo)
    SELECT id, 1, 'Dana Example', '+12025550115', 'Scheduled', false FROM organization RETURNING id
    """,
    """
    INSERT INTO call (organization_id, service_record_id, agent_id, customer_number, direction, status, is_demo)
    SELECT id, :id, 1, '+12025550115', 'outbound', 'Ready', false FROM organization RETURNING id
    """,
    "INSERT INTO call_feedback (call_id, content) VALUES (:id, 'Written by hand.') RETURNING call_id",
    "INSERT INTO transcript (call_id, role, content, timestamp) VALUES (:id, 'human', 'Hi.', now()) RETURNING call_id",
    "INSERT INTO transcript (call_id, role, content, timestamp) VALUES (:id, 'human', 'Hi.', now()) RETURNING call_id",
    "UPDATE call SET status = 'Missed', end_time = now() WHERE id = :id RETURNING id",
)


def run(url: str, statement: str, **values: object) -> list[list[Any]]:
    with connect(url) as connection:
        return list(connection.run(statement, **values) or [])


def create(url: str) -> None:
    """Create the tables, with an organization, a user and a campaign."""
    run(url, TABLES + ROWS)


def make_call(connection: pg8000.native.Connection) -> int:
    """Insert the application's row of one call, with its own values; returns the call's id."""
    id_ = 0
    for statement in _AS_THE_APPLICATION:
        ((id_,),) = connection.run(statement, id=id_) if ":id" in statement else connection.run(statement)
    return id_
