"""One call: everything about it, its words, its recording."""

from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from autopulse.db.reading.pages import CALL_COLUMNS, CALL_TABLES

MAX_EVENTS: Final = 1000
"""Of a timeline; a long call has some hundred."""
MAX_INCIDENTS: Final = 100
MAX_TURNS: Final = 5000
"""Of a transcript; an hour of talk has some 500."""

LATENCIES: Final = """
    round(1000 * extract(epoch FROM received_at - occurred_at)) AS delivery_ms,
    round(1000 * extract(epoch FROM processed_at - received_at)) AS processing_ms
"""
_OURS: Final = "call.id = :call_id AND call.organization_id = CAST(:organization AS uuid)"

_CALL = text(f"""
    SELECT row_to_json(whole)::text FROM (
        SELECT {CALL_COLUMNS}, call.cost AS cost_dollars, call.call_reason, call.feedback_summary AS summary,
            (SELECT row_to_json(row) FROM (
                SELECT content, positives, detractors, action_items, structured_data, created_at, updated_at
                FROM call_feedback WHERE call_id = call.id) AS row) AS feedback,
            (SELECT row_to_json(row) FROM (
                SELECT record.id, record.customer_name, record.customer_phone AS phone, record.vehicle_info AS vehicle,
                    record.service_type AS service, record.status, record.appointment_date AS appointment,
                    record.feedback, record.rating
                WHERE record.id IS NOT NULL) AS row) AS service_record,
            (SELECT coalesce(json_agg(row), '[]') FROM (
                SELECT kind, occurred_at FROM call_incident
                WHERE call_id = call.id ORDER BY occurred_at LIMIT {MAX_INCIDENTS}) AS row) AS incidents,
            (SELECT coalesce(json_agg(row), '[]') FROM (
                SELECT event_id, kind, type, occurred_at, received_at, processed_at, {LATENCIES}, status, outcome,
                    repeats
                FROM webhook_event
                WHERE call_id = call.id ORDER BY received_at, event_id LIMIT {MAX_EVENTS}) AS row) AS timeline
        FROM call {CALL_TABLES} WHERE {_OURS}
    ) AS whole
""")  # noqa: S608 - made of constants

# Of rows of several sources, which nobody should leave, the best source's count.
_TRANSCRIPT = text(f"""
    SELECT row_to_json(whole)::text FROM (
        SELECT call.id AS call_id, call.start_time, best.source,
            (SELECT coalesce(json_agg(row), '[]') FROM (
                SELECT role AS speaker, content AS text, "timestamp" AS at,
                    round(extract(epoch FROM "timestamp" - call.start_time), 3) AS seconds
                FROM transcript
                WHERE call_id = call.id AND source IS NOT DISTINCT FROM best.source
                ORDER BY sequence, "timestamp", id LIMIT {MAX_TURNS}) AS row) AS turns
        FROM call LEFT JOIN LATERAL (
            SELECT source FROM transcript WHERE call_id = call.id
            ORDER BY array_position(ARRAY['report', 'conversation', 'fragment'], source::text) LIMIT 1
        ) AS best ON true
        WHERE {_OURS}
    ) AS whole
""")  # noqa: S608 - made of constants

_RECORDING = text(f"SELECT recording_url FROM call WHERE {_OURS}")  # noqa: S608 - made of constants


def read_call(session: Session, organization_id: str, call_id: int) -> str | None:
    """A call with all that belongs to it: a JSON object; None if the organization has no such call."""
    return session.execute(_CALL, _key(organization_id, call_id)).scalar_one_or_none()


def read_transcript(session: Session, organization_id: str, call_id: int) -> str | None:
    """A call's turns in order, and where they are from: a JSON object; None if the organization has no such call."""
    return session.execute(_TRANSCRIPT, _key(organization_id, call_id)).scalar_one_or_none()


def read_recording(session: Session, organization_id: str, call_id: int) -> str | None:
    """The URL of a call's recording; None if there is none, or no such call in the organization."""
    return session.execute(_RECORDING, _key(organization_id, call_id)).scalar_one_or_none()


def _key(organization_id: str, call_id: int) -> dict[str, object]:
    return {"organization": organization_id, "call_id": call_id}
