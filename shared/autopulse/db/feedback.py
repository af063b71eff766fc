"""`call_feedback`, and the service records that follow from it."""

from collections.abc import Collection

from sqlalchemy import text

from autopulse.db.engine import Transaction, execute
from autopulse.db.facts import feedback_as_json
from autopulse.db.reasons import DEFAULT_CATEGORIES, reasons
from autopulse.db.statement_parameters import as_array, as_rows
from autopulse.domain.feedback import Feedback

# Earlier statements of this transaction have written the call's columns, so the score is the new one.
_REPLACE = text(f"""
    WITH input AS MATERIALIZED (
        SELECT * FROM json_to_recordset(CAST(:rows AS json)) AS row (
            call_id integer, content text, detractors text, positives text, action_items text, structured_data jsonb,
            reason_category text)
    ), said AS MATERIALIZED (
        SELECT input.call_id, input.content, input.detractors, input.reason_category, call.organization_id,
            call.nps_score
        FROM input JOIN LATERAL (SELECT * FROM call WHERE call.id = input.call_id OFFSET 0) AS call ON true
    ), {reasons("said")}, sorted AS (
        UPDATE call SET reason_key = reason.key FROM reason
        WHERE call.id = reason.call_id AND call.reason_key IS DISTINCT FROM reason.key
            AND call.id = ANY (CAST(:call_ids AS integer[]))
    ), gone AS (
        DELETE FROM call_feedback USING input
        WHERE call_feedback.call_id = input.call_id AND input.content IS NULL
            AND call_feedback.call_id = ANY (CAST(:call_ids AS integer[]))
    )
    INSERT INTO call_feedback (
        call_id, content, detractors, positives, action_items, structured_data, reason_category)
    SELECT * FROM input WHERE content IS NOT NULL ORDER BY call_id
    ON CONFLICT (call_id) DO UPDATE SET
        content = EXCLUDED.content, detractors = EXCLUDED.detractors, positives = EXCLUDED.positives,
        action_items = EXCLUDED.action_items, structured_data = EXCLUDED.structured_data,
        reason_category = EXCLUDED.reason_category, updated_at = now()
""")  # noqa: S608 - made of constants

# Of all reported attempts of a visit's calls with an outcome for the visit: first one that reached the customer, then
# the latest report, then the latest call. A call that the application had finished ranks after equally good reports. If
# that one ranks first, or no attempt is left because a later report withdrew an earlier one's answers, the
# application's own values are restored; from then on the application may change them, so their copy is deleted. The
# conditions with ANY are repeated for the planner, which cannot know how few rows it has to join.
_FOLLOW = text("""
    WITH called AS MATERIALIZED (
        SELECT id, service_record_id FROM call WHERE service_record_id = ANY (CAST(:ids AS integer[]))
    ), told AS MATERIALIZED (
        SELECT service_record_id, id, true AS ours, vapi_call_id, outcome, nps_score, feedback ->> 'content' AS content,
            reported_timed, reported_at
        FROM called
        JOIN vapi_call ON vapi_call.call_id = called.id AND vapi_call.call_id = ANY (ARRAY(SELECT id FROM called))
        WHERE reported_at IS NOT NULL AND coalesce(outcome, 'unknown') NOT IN ('cancelled', 'unknown')
        UNION ALL
        SELECT service_record_id, id, false, '', outcome, NULL, NULL, NULL, NULL
        FROM called
        JOIN call_original ON call_original.call_id = called.id
            AND call_original.call_id = ANY (ARRAY(SELECT id FROM called))
        WHERE outcome IN ('reached', 'transferred')
    ), best AS MATERIALIZED (
        SELECT DISTINCT ON (service_record_id) *
        FROM told
        ORDER BY service_record_id, outcome IN ('reached', 'transferred') DESC, ours DESC, reported_timed DESC,
            reported_at DESC, id DESC, vapi_call_id COLLATE "C" DESC
    ), reported AS MATERIALIZED (
        SELECT service_record_id,
            CASE WHEN outcome IN ('reached', 'transferred') THEN 'Completed'
                WHEN outcome = 'failed' THEN 'Failed' ELSE 'Missed' END AS status,
            content AS feedback,
            nps_score AS rating
        FROM best WHERE ours
    ), followed AS MATERIALIZED (
        SELECT asked.id, reported.status, reported.feedback, reported.rating
        FROM unnest(CAST(:ids AS integer[])) AS asked (id) LEFT JOIN reported ON service_record_id = asked.id
    ), kept AS (
        INSERT INTO service_record_original (service_record_id, status, feedback, rating)
        SELECT id, record.status, record.feedback, record.rating
        FROM followed JOIN service_record AS record USING (id)
        WHERE followed.status IS NOT NULL AND record.id = ANY (CAST(:ids AS integer[]))
        ORDER BY id
        ON CONFLICT (service_record_id) DO NOTHING
    ), returned AS (
        DELETE FROM service_record_original AS original USING followed
        WHERE service_record_id = followed.id AND followed.status IS NULL
            AND service_record_id = ANY (CAST(:ids AS integer[]))
        RETURNING original.*
    ), input AS (
        SELECT id, followed.status, followed.feedback, followed.rating FROM followed WHERE followed.status IS NOT NULL
        UNION ALL
        SELECT service_record_id, status, feedback, rating FROM returned
    )
    UPDATE service_record SET status = input.status, feedback = input.feedback, rating = input.rating
    FROM input
    WHERE service_record.id = input.id AND service_record.id = ANY (CAST(:ids AS integer[]))
        AND (service_record.status, service_record.feedback, service_record.rating)
            IS DISTINCT FROM (input.status, input.feedback, input.rating)
""")


def replace_feedback(transaction: Transaction, feedback: Collection[tuple[int, Feedback | None]]) -> None:
    """Replace each call's feedback row by this one (None deletes it), and update the call's reason."""
    rows = [{"call_id": call_id, **(feedback_as_json(row) or {})} for call_id, row in feedback]
    values = {"rows": as_rows(rows), "call_ids": as_array(call_id for call_id, _ in feedback)}
    execute(transaction, _REPLACE, values | {"reason_categories": DEFAULT_CATEGORIES})


def follow_reports(transaction: Transaction, service_record_ids: Collection[int]) -> None:
    """Update service records, which are locked, from the reported attempts of their calls."""
    execute(transaction, _FOLLOW, {"ids": as_array(service_record_ids)})
