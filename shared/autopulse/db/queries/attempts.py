"""SQL for the attempts of one call, which are numbered."""

from typing import Final

from autopulse.db.queries.filters import OVER

FINISHED_BEFORE: Final = f"(status IN {OVER} OR nps_score IS NOT NULL)"
"""The condition on `call_original` that the application had finished the call before Vapi's first message."""
_COLUMNS: Final = """
    start_time, end_time, duration_sec, ended_reason, outcome, nps_score, call_reason, feedback_summary, recording_url,
    cost, feedback
"""
# The row has the shown attempt's id. If an attempt without an id exists beside a call that the application had
# finished, the row shows the one whose outcome it has.
IS_OF_THE_ROW: Final = """
    vapi_call_id = coalesce(call.vapi_call_id, '')
        AND (call.vapi_call_id IS NOT NULL OR outcome IS NOT DISTINCT FROM call.outcome)
"""
ATTEMPTS: Final = f"""
    SELECT *, number = coalesce(max(number) FILTER (WHERE is_of_the_row) OVER (), 0) AS shown FROM (
        SELECT row_number() OVER (
                ORDER BY coalesce(created_at, first_at) NULLS FIRST, vapi_call_id COLLATE "C") AS number,
            vapi_call_id AS key, nullif(vapi_call_id, '') AS vapi_call_id, {IS_OF_THE_ROW} AS is_of_the_row,
            CASE WHEN reported_at IS NULL THEN status ELSE 'Completed' END AS status, {_COLUMNS},
            coalesce(created_at, first_at) AS began_at, recording_expires_at, customer_number, customer_sip_uri,
            customer_name, CASE WHEN reported_at IS NOT NULL THEN coalesce(report_origin, 'webhook') END AS reported_by,
            CASE WHEN reported_at IS NULL THEN reconciliation END AS reconciliation
        FROM vapi_call WHERE call_id = call.id
        UNION ALL
        SELECT 0, NULL, NULL, false, status, {_COLUMNS}, NULL, NULL, NULL, NULL, NULL, NULL, NULL
        FROM call_original WHERE call_id = call.id AND {FINISHED_BEFORE}
    ) AS numbered
"""  # noqa: S608 - made of constants
"""For the row `call`: its attempts, numbered from 1 in the order in which they began; `shown` marks the row's attempt.

The call that the application had finished before Vapi's first message has the number 0 and no `key`.
"""

SHOWN_ATTEMPT: Final = f"""
    SELECT * FROM ({ATTEMPTS}) AS attempt ORDER BY shown DESC, number DESC LIMIT 1
"""  # noqa: S608 - made of constants
"""For the row `call`: the attempt that it shows. A call without messages of Vapi has none."""
# The application's turns of a call that it had not finished are shown until an attempt has turns of its own.
ITS_TURNS: Final = f"""
    turn.call_id = chosen.call_id AND (turn.vapi_call_id = chosen.key OR turn.vapi_call_id IS NULL AND (
        chosen.key IS NULL OR chosen.shown AND NOT EXISTS (
            SELECT FROM call_original WHERE call_id = chosen.call_id AND {FINISHED_BEFORE})))
"""
"""The condition on `transcript AS turn` that it belongs to the attempt `chosen`."""
ORDER_OF_TURNS: Final = 'sequence IS NOT NULL, sequence, "timestamp", id'
"""Fragments come before the lists that are shown with them."""
