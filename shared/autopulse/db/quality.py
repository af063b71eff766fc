"""`call_quality`: the quality data of an attempt's call, from the report that counts.

The foreign key to `vapi_call` moves a row in a takeover, and deletes it when its link is removed. The table is not read
while facts are joined: the statement that writes an attempt's new report also writes its row here.
"""

from typing import Any, Final

from autopulse.domain.facts import ReportFacts
from autopulse.domain.quality import COST_TYPES

_COST_COLUMNS: Final = ", ".join(f"cost_{type_} numeric" for type_ in COST_TYPES)
QUALITY_COLUMNS: Final = f"""
    report_event_id text, turn_latency_median_ms integer, turn_latency_average_ms integer,
    model_latency_average_ms integer, voice_latency_average_ms integer, transcriber_latency_average_ms integer,
    endpointing_latency_average_ms integer, from_transport_latency_average_ms integer,
    to_transport_latency_average_ms integer, user_interruptions integer, assistant_interruptions integer, cost numeric,
    {_COST_COLUMNS}, assistant_id text, assistant_name text, assistant_version text, vapi_campaign_id text,
    success_evaluation text, consent_type text, consent_granted_at timestamptz, ended_message text,
    outputs_expected integer, outputs_lost integer, turn_latencies jsonb, details jsonb
"""
QUALITY_NAMES: Final = tuple(column.split()[0] for column in QUALITY_COLUMNS.split(","))
_NAMES: Final = ", ".join(QUALITY_NAMES)
# An attempt without an id becomes part of one with an id; if its report is the one that counts, its row is moved too.
QUALITY_WRITTEN: Final = f"""
    quality AS (
        INSERT INTO call_quality (call_id, vapi_call_id, {_NAMES})
        SELECT call_id, vapi_call_id, {_NAMES} FROM (
            SELECT call_id, vapi_call_id, {_NAMES} FROM json_to_recordset(CAST(:quality AS json))
                AS row (call_id integer, vapi_call_id text, {QUALITY_COLUMNS})
            UNION ALL
            SELECT call_id, attempt.vapi_call_id, {", ".join(f"known.{name}" for name in QUALITY_NAMES)}
            FROM call_quality AS known JOIN attempt USING (call_id, report_event_id)
            WHERE known.vapi_call_id = '' AND attempt.vapi_call_id <> ''
                AND known.call_id = ANY (CAST(:folded AS integer[]))
        ) AS told ORDER BY call_id, vapi_call_id
        ON CONFLICT (call_id, vapi_call_id) DO UPDATE SET
            {", ".join(f"{name} = EXCLUDED.{name}" for name in QUALITY_NAMES)}
    )
"""  # noqa: S608 - made of constants
"""A part of the statement that writes attempts (`db.calls`), in which they are `attempt`."""


def quality_as_json(report: ReportFacts) -> dict[str, Any] | None:
    """A row of `call_quality` without its keys and unknown values; None for a report whose row is already written."""
    quality = report.quality
    if quality is None:
        return None
    averages = quality.averages
    values = {
        "report_event_id": report.precedence.event_id,
        "turn_latency_median_ms": quality.turn_latency_median,
        "turn_latency_average_ms": averages.turn,
        "model_latency_average_ms": averages.model,
        "voice_latency_average_ms": averages.voice,
        "transcriber_latency_average_ms": averages.transcriber,
        "endpointing_latency_average_ms": averages.endpointing,
        "from_transport_latency_average_ms": quality.from_transport_average,
        "to_transport_latency_average_ms": quality.to_transport_average,
        "user_interruptions": quality.user_interruptions,
        "assistant_interruptions": quality.assistant_interruptions,
        "cost": quality.cost,
        **{f"cost_{type_}": cost for type_, cost in quality.costs.items()},
        "assistant_id": quality.assistant_id,
        "assistant_name": quality.assistant_name,
        "assistant_version": quality.assistant_version,
        "vapi_campaign_id": quality.vapi_campaign_id,
        "success_evaluation": quality.success_evaluation,
        "consent_type": quality.consent_type,
        "consent_granted_at": quality.consent_granted_at,
        "ended_message": quality.ended_message,
        "outputs_expected": quality.outputs_expected,
        "outputs_lost": quality.outputs_lost,
        "turn_latencies": quality.turn_latencies or None,
        "details": quality.details or None,
    }
    return {name: value for name, value in values.items() if value is not None}
