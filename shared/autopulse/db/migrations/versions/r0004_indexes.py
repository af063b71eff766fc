"""Indexes for every foreign key, every upsert, and every list that people read, in the order in which they read it.

Calls are sorted by when they began; the expressions are those of `db.queries.filters`, or Postgres would not use the
indexes.

Every update of a call writes each index that its row is in, so indexes of rare values leave the common ones out. What
has the common value is found by walking the calls in their order; `ix_call_organization_id_listing` has all that they
can be narrowed by, so that where the value that we take for common is the rare one (calls of which most come in), an
organization's index is walked and not its calls.

Statistics tell the planner what it cannot know from single columns: which campaigns and advisors are whose, and how
many scores are in an NPS category, without which it sorts all calls of a campaign or an NPS category for one page.
"""

from alembic import op

from autopulse.db.migrations.online import build, move_duplicates

revision = "0004"
down_revision = "0003"

BEGAN = "coalesce(start_time, end_time, updated_at, '-infinity'::timestamptz), id"
TIMES = "start_time, end_time, updated_at"
INDEXES = {
    # Of a part: to change what a whole unique index has locks a row against those that refer to it, too.
    "ix_call_vapi_call_id": "UNIQUE INDEX {name} ON call (vapi_call_id) WHERE vapi_call_id IS NOT NULL",
    "ix_call_service_record_id": "INDEX {name} ON call (service_record_id)",
    # For the foreign key and for the list, whatever else that is narrowed by.
    "ix_call_campaign_id_listing": (
        f"INDEX {{name}} ON call (campaign_id, organization_id, {BEGAN})"
        f" INCLUDE ({TIMES}, status, outcome, direction, is_web, is_demo) WHERE campaign_id IS NOT NULL"
    ),
    "ix_call_agent_id_given": "INDEX {name} ON call (agent_id) WHERE agent_id IS NOT NULL",
    # With all that the summary counts, so that it need not look at the calls themselves.
    "ix_call_organization_id_listing": (
        f"INDEX {{name}} ON call (organization_id, {BEGAN}) INCLUDE ({TIMES}, status, outcome, direction, is_web,"
        " nps_score, duration_sec, campaign_id, service_record_id, is_demo)"
    ),
    "ix_call_organization_id_status_began": f"INDEX {{name}} ON call (organization_id, status, {BEGAN})",
    # Without the calls that have none yet, since most updates come before.
    "ix_call_organization_id_outcome_began": (
        f"INDEX {{name}} ON call (organization_id, outcome, {BEGAN}) WHERE outcome IS NOT NULL"
    ),
    "ix_call_organization_id_inbound": (
        f"INDEX {{name}} ON call (organization_id, {BEGAN}) INCLUDE ({TIMES})"
        " WHERE direction = 'inbound' AND NOT is_web"
    ),
    "ix_call_organization_id_web": (
        f"INDEX {{name}} ON call (organization_id, {BEGAN}) INCLUDE ({TIMES}) WHERE is_web"
    ),
    "ix_call_organization_id_demo": (
        f"INDEX {{name}} ON call (organization_id, {BEGAN}) INCLUDE ({TIMES}) WHERE is_demo"
    ),
    # Few at any time, and looked for with each list, to be counted.
    "ix_call_organization_id_to_come": (
        f"INDEX {{name}} ON call (organization_id, {BEGAN})"
        " WHERE start_time IS NULL AND end_time IS NULL AND status IN ('Ready', 'Scheduled', 'Queued')"
    ),
    "ix_call_organization_id_nps_category_began": (
        f"INDEX {{name}} ON call (organization_id, width_bucket(nps_score, ARRAY[7, 9]), {BEGAN})"
        " WHERE nps_score BETWEEN 0 AND 10 AND outcome IN ('reached', 'transferred')"
    ),
    "ix_call_organization_id_digits": (
        "INDEX {name} ON call"
        " (organization_id, reverse(regexp_replace(customer_number, '[^0-9]', '', 'g')) text_pattern_ops)"
    ),
    "ix_call_feedback_call_id": "UNIQUE INDEX {name} ON call_feedback (call_id)",
    # Postgres takes 1 MB of distinct words at most; 100,000 characters are less, whatever they are.
    "ix_call_feedback_words": (
        "INDEX {name} ON call_feedback USING gin (to_tsvector('simple'::regconfig,"
        " left(coalesce(detractors, ''::text) || ' '::text || coalesce(action_items, ''::text), 100000)))"
    ),
    "ix_transcript_call_id_vapi_call_id_sequence": (
        "UNIQUE INDEX {name} ON transcript (call_id, vapi_call_id, sequence)"
    ),
    "ix_transcript_fragment": (
        'UNIQUE INDEX {name} ON transcript (call_id, vapi_call_id, "timestamp", role, md5(content))'
        " WHERE source = 'fragment'"
    ),
    "ix_vapi_call_vapi_call_id": "UNIQUE INDEX {name} ON vapi_call (vapi_call_id) WHERE vapi_call_id <> ''",
    "ix_webhook_event_call_id": "INDEX {name} ON webhook_event (call_id)",
    "ix_webhook_event_received_at": "INDEX {name} ON webhook_event (received_at)",
    "ix_vapi_number_organization_id": "INDEX {name} ON vapi_number (organization_id)",
    "ix_user_organization_id": 'INDEX {name} ON "user" (organization_id)',
    "ix_campaign_organization_id": "INDEX {name} ON campaign (organization_id)",
    "ix_service_record_campaign_id": "INDEX {name} ON service_record (campaign_id)",
    # These begin with what narrows them most, and serve the foreign keys too.
    "ix_service_record_organization_id_listing": (
        "INDEX {name} ON service_record (organization_id, id) INCLUDE (service_advisor_id, service_advisor_name)"
    ),
    "ix_service_record_service_advisor_id_listing": (
        "INDEX {name} ON service_record (service_advisor_id, organization_id) INCLUDE (id)"
        " WHERE service_advisor_id IS NOT NULL"
    ),
    "ix_service_record_advisor_name_listing": (
        "INDEX {name} ON service_record (organization_id, service_advisor_name) INCLUDE (id)"
        " WHERE service_advisor_name IS NOT NULL"
    ),
    # Words of customers' names, each together with its organization: an index of words alone has a word's visits of
    # all organizations in one list, and all of it is read for the few of one.
    "ix_service_record_organization_id_words": (
        "INDEX {name} ON service_record USING gin ((replace(' ' || to_tsvector('simple'::regconfig,"
        " left(customer_name, 1000))::text, ' ''', ' ''' || right(organization_id::text, 8))::tsvector))"
    ),
}
STATISTICS = {
    "service_record_advisors": "(mcv) ON organization_id, service_advisor_id, service_advisor_name FROM service_record",
    "call_campaigns": "(dependencies) ON organization_id, campaign_id FROM call",
    "call_nps_categories": "ON (width_bucket(nps_score, ARRAY[7, 9])) FROM call",
}


def upgrade() -> None:
    move_duplicates()
    build(INDEXES)
    for name, definition in STATISTICS.items():
        op.execute(f"CREATE STATISTICS IF NOT EXISTS {name} {definition}")
    # What the expressions hold is unknown to the planner until then.
    op.execute("ANALYZE call, service_record, call_feedback")
