"""The application's tables, where they do not exist yet.

On an existing AutoPulse database all of them are there and this does nothing.
"""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE IF NOT EXISTS organization (
            id uuid PRIMARY KEY,
            name varchar(255) NOT NULL
        );
        CREATE TABLE IF NOT EXISTS "user" (
            id serial PRIMARY KEY,
            name varchar(255),
            email varchar(255),
            organization_id uuid REFERENCES organization (id)
        );
        CREATE TABLE IF NOT EXISTS campaign (
            id serial PRIMARY KEY,
            name varchar(255),
            organization_id uuid REFERENCES organization (id),
            status varchar(20)
        );
        CREATE TABLE IF NOT EXISTS service_record (
            id serial PRIMARY KEY,
            organization_id uuid NOT NULL REFERENCES organization (id),
            campaign_id integer REFERENCES campaign (id),
            customer_name varchar(100) NOT NULL,
            customer_phone varchar(20) NOT NULL,
            vehicle_info varchar(100),
            service_type varchar(50),
            status varchar(20) NOT NULL DEFAULT 'Scheduled',
            appointment_date timestamptz,
            service_advisor_id integer REFERENCES "user" (id),
            service_advisor_name varchar(100),
            feedback text,
            rating smallint,
            is_demo boolean NOT NULL DEFAULT false
        );
        CREATE TABLE IF NOT EXISTS call (
            id serial PRIMARY KEY,
            organization_id uuid NOT NULL REFERENCES organization (id),
            service_record_id integer REFERENCES service_record (id),
            campaign_id integer REFERENCES campaign (id),
            agent_id integer REFERENCES "user" (id),
            customer_number varchar(20) NOT NULL,
            direction varchar(10) NOT NULL DEFAULT 'outbound',
            start_time timestamptz,
            end_time timestamptz,
            duration_sec integer,
            status varchar(20) NOT NULL,
            recording_url text,
            nps_score integer,
            call_reason varchar(100),
            feedback_summary text,
            is_demo boolean NOT NULL DEFAULT false
        );
        CREATE TABLE IF NOT EXISTS call_feedback (
            id serial PRIMARY KEY,
            call_id integer NOT NULL REFERENCES call (id) ON DELETE CASCADE,
            content text NOT NULL,
            detractors text,
            positives text,
            action_items text,
            created_at timestamptz DEFAULT now(),
            updated_at timestamptz
        );
        CREATE TABLE IF NOT EXISTS transcript (
            id serial PRIMARY KEY,
            call_id integer NOT NULL REFERENCES call (id),
            role varchar(20) NOT NULL,
            content text NOT NULL,
            "timestamp" timestamptz NOT NULL
        );
        """
    )
