"""Queries of one call: all its data, its transcript, its recording."""

from typing import Final

from sqlalchemy import TextClause, text

from autopulse.db.engine import Transaction
from autopulse.db.queries.attempts import ATTEMPTS, ITS_TURNS, ORDER_OF_TURNS
from autopulse.db.queries.bounds import (
    MAX_READ_BYTES,
    as_many_as_fit,
    copy_of,
    shown,
    shown_address,
    shown_data,
    shown_feedback,
    shown_recording,
)
from autopulse.db.queries.filters import BEGAN, DIRECTION
from autopulse.db.queries.pages import CALL_COLUMNS, CALL_TABLES, SAID
from autopulse.db.scope import OF_THE_CALL, values_of
from autopulse.domain.bounds import MAX_ENDED_MESSAGE_CHARACTERS, MAX_TEXT_CHARACTERS, MAX_TURNS
from autopulse.domain.quality import COST_TYPES
from autopulse.domain.scope import Scope

MAX_EVENTS: Final = 1000
"""The maximum number of entries of a timeline; a long call has about a hundred."""
MAX_INCIDENTS: Final = 100
MAX_RELATED: Final = 20
"""The maximum number of other calls of a visit, the latest first."""
MAX_ATTEMPTS: Final = 100
"""The maximum number of attempts, the latest first; few calls are dialled more than three times."""
NO_ATTEMPT: Final = "null"
"""The answer if the call has no such attempt."""

LATENCIES: Final = """
    round(1000 * extract(epoch FROM received_at - occurred_at)) AS delivery_ms,
    round(1000 * extract(epoch FROM processed_at - received_at)) AS processing_ms
"""
_OURS: Final = f"call.id = :call_id AND call.organization_id = CAST(:organization AS uuid) AND {OF_THE_CALL}"

_COSTS: Final = ", ".join(f"'{type_}', cost_{type_}" for type_ in COST_TYPES)
_LISTS: Final = ", ".join(
    f"details -> '{name}' AS {name}"
    for name in ("lost_answers", "skipped_answers", "transfers", "scorecards", "activations")
)
_QUALITY: Final = f"""
    SELECT turn_latency_median_ms, turn_latency_average_ms, model_latency_average_ms, voice_latency_average_ms,
        transcriber_latency_average_ms, endpointing_latency_average_ms, from_transport_latency_average_ms,
        to_transport_latency_average_ms, user_interruptions, assistant_interruptions, turn_latencies,
        json_strip_nulls(json_build_object({_COSTS})) AS cost_dollars_by_type,
        {shown("assistant_id")} AS assistant_id, {shown("assistant_name")} AS assistant_name,
        {shown("assistant_version")} AS assistant_version, {shown("vapi_campaign_id")} AS vapi_campaign_id,
        {shown("success_evaluation")} AS success_evaluation, {shown("consent_type")} AS recording_consent_type,
        consent_granted_at AS recording_consent_granted_at,
        {shown("ended_message", MAX_ENDED_MESSAGE_CHARACTERS)} AS ended_message,
        outputs_expected AS answers_expected, {_LISTS}
    FROM call_quality WHERE call_quality.call_id = call.id AND call_quality.vapi_call_id = attempt.key
"""  # noqa: S608 - made of constants
_ATTEMPTS: Final = f"""
    SELECT number, {shown("vapi_call_id")} AS vapi_call_id, shown,
        CASE WHEN shown THEN {shown("call.status")} ELSE {shown("status")} END AS status,
        began_at, start_time, end_time, duration_sec AS duration_seconds, outcome,
        {shown("ended_reason")} AS ended_reason, nps_score,
        {shown_recording("recording_url", "attempt.key")} AS has_recording,
        {shown_recording("recording_url", "attempt.key")} AS recording_elsewhere,
        {copy_of("attempt.key")} AS recording_copy, cost AS cost_dollars,
        {shown("call_reason")} AS call_reason, {shown("feedback_summary", MAX_TEXT_CHARACTERS)} AS summary,
        {shown_feedback("feedback")} AS feedback, {shown("customer_name")} AS customer_name,
        {shown("customer_number")} AS phone, {shown("customer_sip_uri")} AS customer_sip_uri,
        {shown("reported_by")} AS reported_by, {shown("reconciliation")} AS reconciliation,
        (SELECT row_to_json(row) FROM ({_QUALITY}) AS row) AS quality
    FROM ({ATTEMPTS}) AS attempt ORDER BY number DESC LIMIT {MAX_ATTEMPTS}
"""  # noqa: S608 - made of constants
# A principal who may read one call of a visit may read all: principals are restricted by the visit's advisor.
_RELATED: Final = f"""
    SELECT call.id, {shown(DIRECTION)} AS direction, {shown("call.status")} AS status,
        {shown("call.outcome")} AS outcome, call.nps_score, call.start_time, call.end_time,
        call.duration_sec AS duration_seconds
    FROM call
    WHERE call.service_record_id = subject.service_record_id AND call.organization_id = subject.organization_id
        AND call.id <> subject.id
    ORDER BY {BEGAN} DESC, call.id DESC LIMIT {MAX_RELATED}
"""  # noqa: S608 - made of constants
_SAID: Final = ", ".join(
    f"{shown(name, MAX_TEXT_CHARACTERS)} AS {name}" for name in ("content", "positives", "detractors", "action_items")
)
_CALL = text(f"""
    SELECT row_to_json(whole)::text FROM (
        -- How it ran is in the list of its attempts.
        SELECT {CALL_COLUMNS}, call.cost AS cost_dollars, NULL AS quality, {shown("call.call_reason")} AS call_reason,
            {shown("call.feedback_summary", MAX_TEXT_CHARACTERS)} AS summary,
            {shown_recording("call.recording_url", "call.vapi_call_id")} AS recording_elsewhere,
            {copy_of("call.vapi_call_id")} AS recording_copy,
            (SELECT items::json FROM (
                {as_many_as_fit(_ATTEMPTS, "ORDER BY one.shown DESC, one.number DESC", MAX_READ_BYTES)}
            ) AS attempts) AS attempts,
            (SELECT row_to_json(row) FROM (
                SELECT {_SAID}, {shown_data("structured_data")} AS structured_data, created_at, updated_at
                FROM call_feedback WHERE call_id = call.id) AS row) AS feedback,
            (SELECT row_to_json(row) FROM (
                SELECT record.id, {shown("record.customer_name")} AS customer_name,
                    {shown("record.customer_phone")} AS phone, {shown("record.vehicle_info")} AS vehicle,
                    {shown("record.service_type")} AS service, {shown("record.status")} AS status,
                    record.appointment_date AS appointment, {shown("record.feedback", MAX_TEXT_CHARACTERS)} AS feedback,
                    record.rating
                WHERE record.id IS NOT NULL) AS row) AS service_record,
            (SELECT coalesce(json_agg(row), '[]') FROM (
                SELECT related.* FROM (SELECT call.id, call.organization_id, record.id AS service_record_id) AS subject
                CROSS JOIN LATERAL ({_RELATED}) AS related) AS row) AS related_calls,
            (SELECT coalesce(json_agg(row), '[]') FROM (
                SELECT {shown("kind")} AS kind, occurred_at FROM call_incident
                WHERE call_id = call.id ORDER BY occurred_at LIMIT {MAX_INCIDENTS}) AS row) AS incidents,
            (SELECT coalesce(json_agg(row), '[]') FROM (
                SELECT {shown("event_id")} AS event_id, kind, type, {shown("vapi_call_id")} AS vapi_call_id,
                    occurred_at, received_at, processed_at, {LATENCIES}, status, outcome,
                    {shown("origin")} AS origin, repeats
                FROM webhook_event
                WHERE call_id = call.id ORDER BY received_at, event_id LIMIT {MAX_EVENTS}) AS row) AS timeline
        FROM call {CALL_TABLES} {SAID} WHERE {_OURS}
    ) AS whole
""")  # noqa: S608 - made of constants

# The requested attempt, else the one that the row shows. A call without messages of Vapi has no attempt, and the row
# itself is used.
_CHOSEN: Final = f"""
    SELECT call.id AS call_id, call.start_time AS row_start, call.recording_url AS row_url, attempt.*
    FROM call LEFT JOIN LATERAL (
        SELECT * FROM ({ATTEMPTS}) AS attempt
        WHERE CAST(:attempt AS text) IS NULL OR number::text = :attempt OR vapi_call_id = :attempt
        ORDER BY number::text = :attempt DESC, shown DESC, number DESC LIMIT 1
    ) AS attempt ON true
    WHERE {_OURS}
"""  # noqa: S608 - made of constants
_IS_KNOWN: Final = "CAST(:attempt AS text) IS NULL OR chosen.number IS NOT NULL"

_TURNS: Final = f"""
    SELECT {shown("role")} AS speaker, {shown("content", MAX_TEXT_CHARACTERS)} AS text, "timestamp" AS at,
        round(extract(epoch FROM "timestamp" - timed.start_time), 3) AS seconds
    FROM transcript AS turn WHERE {ITS_TURNS}
    ORDER BY {ORDER_OF_TURNS} LIMIT {MAX_TURNS}
"""  # noqa: S608 - made of constants

# If the turns have several sources, the best source is named.
_TRANSCRIPT = text(f"""
    SELECT CASE WHEN {_IS_KNOWN} THEN (SELECT row_to_json(whole) FROM (
        SELECT chosen.call_id, chosen.number AS attempt, {shown("chosen.vapi_call_id")} AS vapi_call_id,
            timed.start_time,
            (SELECT source FROM transcript AS turn WHERE {ITS_TURNS}
            ORDER BY array_position(ARRAY['report', 'conversation', 'fragment'], source::text) LIMIT 1) AS source,
            (SELECT items::json FROM ({as_many_as_fit(_TURNS, "", MAX_READ_BYTES)}) AS turns) AS turns
        FROM (
            SELECT CASE WHEN chosen.shown IS FALSE THEN chosen.start_time ELSE chosen.row_start END AS start_time
        ) AS timed
    ) AS whole)::text ELSE '{NO_ATTEMPT}' END
    FROM ({_CHOSEN}) AS chosen
""")  # noqa: S608 - made of constants

# The application may have written another recording's URL to the row since.
_IS_ITS_OWN: Final = "(chosen.shown IS FALSE OR chosen.recording_url IS NOT DISTINCT FROM chosen.row_url)"
_RECORDING = text(f"""
    SELECT CASE WHEN {_IS_KNOWN} THEN (SELECT row_to_json(whole) FROM (
        SELECT {shown_address("CASE WHEN chosen.shown IS FALSE THEN chosen.recording_url ELSE chosen.row_url END")}
                AS url,
            CASE WHEN {_IS_ITS_OWN} THEN chosen.recording_expires_at END AS expires_at,
            copy.state, {shown_address("copy.object_key")} AS object_key, {shown("copy.content_type")} AS content_type,
            copy.stored_at
    ) AS whole)::text ELSE '{NO_ATTEMPT}' END
    FROM ({_CHOSEN}) AS chosen
    LEFT JOIN call_recording AS copy
        ON copy.call_id = chosen.call_id AND copy.vapi_call_id = chosen.key AND {_IS_ITS_OWN}
""")  # noqa: S608 - made of constants


def read_call(transaction: Transaction, scope: Scope, call_id: int) -> str | None:
    """A call with all its data, as a JSON object; None if there is no such call."""
    values = values_of(scope) | {"call_id": call_id}
    return transaction.execute(_CALL, values).scalar_one_or_none()


def read_transcript(transaction: Transaction, scope: Scope, call_id: int, attempt: str | None) -> str | None:
    """The turns in order and their source, as a JSON object, or NO_ATTEMPT; None if there is no such call.

    `attempt` is a number or Vapi's id; None stands for the attempt that the row shows.
    """
    return _of_an_attempt(transaction, _TRANSCRIPT, scope, call_id, attempt)


def read_recording(transaction: Transaction, scope: Scope, call_id: int, attempt: str | None) -> str | None:
    """A recording's URL, its expiry time and our copy, each null if not known; otherwise as for the transcript."""
    return _of_an_attempt(transaction, _RECORDING, scope, call_id, attempt)


def _of_an_attempt(
    transaction: Transaction, statement: TextClause, scope: Scope, call_id: int, attempt: str | None
) -> str | None:
    values = values_of(scope) | {"call_id": call_id, "attempt": attempt}
    return transaction.execute(statement, values).scalar_one_or_none()
