"""Two years of calls of forty organizations, made by Postgres itself: for looking at plans, and for measuring."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from sqlalchemy import create_engine, text

from autopulse.db.queries.filters import BEGAN as BEGAN_OF_CALL
from autopulse.db.reasons import give_reasons
from autopulse.db.words import marked, month_of
from autopulse.domain.words import MARK
from local.database import connect

ORGANIZATIONS: Final = 40
LARGEST: Final = "00000000-0000-4000-8000-000000000001"
"""Has a quarter of all calls."""
TYPICAL: Final = "00000000-0000-4000-8000-000000000002"
CAMPAIGNS: Final = 10
"""Of each organization."""
ADVISORS: Final = 20
"""Of each organization."""
NOW: Final = "2026-11-22T12:00:00Z"
BEGAN: Final = "2024-11-22T12:00:00Z"

# Three invented words of 2,000 each, some much more common than others, as in any language.
_WORDS: Final = "".join(
    f" || ' {syllable}' || (2000 * power((id::bigint * {factor} % 4294967296) / 4294967296.0, 3))::int"
    for syllable, factor in (("ba", 2654435761), ("do", 2246822519), ("ke", 3266489917))
)
_WORDS_OF_TURN: Final = _WORDS.replace("id::bigint", "(id::bigint * 10 + turn)")
# `h` is a hash of `i`, spread evenly, and divided by another prime for each question.
_STATEMENTS: Final = {
    "organizations": """
        INSERT INTO organization SELECT
            ('00000000-0000-4000-8000-' || lpad(i::text, 12, '0'))::uuid, 'Example Motors ' || i
        FROM generate_series(1, {organizations}) AS i;
        INSERT INTO "user" (name, organization_id) SELECT 'Advisor ' || i,
            ('00000000-0000-4000-8000-' || lpad((1 + (i - 1) / {advisors})::text, 12, '0'))::uuid
        FROM generate_series(1, {organizations} * {advisors}) AS i;
        INSERT INTO campaign (name, organization_id, status) SELECT 'Campaign ' || i,
            ('00000000-0000-4000-8000-' || lpad((1 + (i - 1) / {campaigns})::text, 12, '0'))::uuid, 'Active'
        FROM generate_series(1, {organizations} * {campaigns}) AS i
        """,
    "visits": """
        INSERT INTO service_record (organization_id, campaign_id, customer_name, customer_phone, vehicle_info,
            service_type, status, appointment_date, service_advisor_id, service_advisor_name, rating)
        SELECT ('00000000-0000-4000-8000-' || lpad(o::text, 12, '0'))::uuid,
            (o - 1) * {campaigns} + 1 + h / 7 % {campaigns},
            (ARRAY['Dana', 'Alex', 'Robin', 'Sam', 'Kim', 'Jo', 'Lee', 'Max', 'Pat', 'Chris'])[1 + h % 10]
                || ' ' || (ARRAY['Example', 'Placeholder', 'Sample', 'Invented', 'Fictional'])[1 + h / 11 % 5]
                || ' ' || chr(97 + (h / 13 % 26)::int) || chr(97 + (h / 17 % 26)::int) || chr(97 + (h / 19 % 26)::int),
            '+1202555' || lpad((h % 10000)::text, 4, '0'), '2021 Sample Sedan', 'Oil change', 'Completed',
            timestamptz '{began}' + i * interval '2 years' / {calls}, (o - 1) * {advisors} + 1 + h / 23 % {advisors},
            'Advisor', (h / 29 % 11)::smallint
        FROM (SELECT i, h, CASE WHEN i % 4 = 0 THEN 1 ELSE 2 + h % ({organizations} - 1) END AS o
            FROM (SELECT i, i::bigint * 2654435761 % 4294967296 AS h FROM generate_series(1, {calls}) AS i) AS n) AS n
        """,
    "calls": """
        INSERT INTO call (organization_id, service_record_id, campaign_id, customer_number, direction, start_time,
            end_time, duration_sec, status, recording_url, nps_score, feedback_summary, is_demo, vapi_call_id,
            ended_reason, outcome, cost, updated_at, is_web)
        SELECT organization_id, i, campaign_id, customer_phone,
            CASE WHEN h % 20 IN (0, 4) THEN 'inbound' ELSE 'outbound' END,
            CASE WHEN outcome IN ('reached', 'transferred', 'voicemail') THEN at END,
            CASE WHEN i <= {calls} - 60 THEN at + interval '1 second' * (20 + h % 400) END,
            CASE WHEN i <= {calls} - 60 THEN 20 + h % 400 END,
            CASE WHEN i <= {calls} - 60 THEN 'Completed'
                ELSE (ARRAY['Ready', 'Queued', 'In Progress'])[1 + i % 3] END,
            CASE WHEN outcome = 'reached' THEN 'https://recordings.example.com/' || i || '.wav' END,
            CASE WHEN outcome = 'reached' AND h / 31 % 5 > 0 THEN h / 37 % 11 END,
            'The customer talked about the visit, and about how long it took; nothing else came up.', h % 50 = 0,
            'call-' || i, CASE WHEN i <= {calls} - 60 THEN 'customer-ended-call' END, outcome, 0.12, at, h % 20 = 4
        FROM (
            SELECT record.id AS i, record.organization_id, record.campaign_id, record.customer_phone,
                record.appointment_date AS at, h, CASE WHEN record.id <= {calls} - 60 THEN (ARRAY['reached', 'reached',
                'reached', 'reached', 'reached', 'voicemail', 'voicemail', 'no_answer', 'busy', 'transferred',
                'failed', 'cancelled'])[1 + h / 41 % 12] END AS outcome
            FROM service_record AS record, LATERAL (SELECT record.id::bigint * 2246822519 % 4294967296 AS h) AS hashed
        ) AS n ORDER BY i
        """,
    "attempts": """
        INSERT INTO vapi_call (call_id, vapi_call_id, created_at, status, reported_at, start_time, end_time, outcome)
        SELECT id, vapi_call_id, updated_at, 'Ended', end_time, start_time, end_time, outcome FROM call
        UNION ALL
        SELECT id, 'first-' || id, updated_at - interval '1 day', 'Ended', end_time, NULL, end_time, 'no_answer'
        FROM call WHERE id % 10 = 0
        """,
    "feedback": """
        INSERT INTO call_feedback (call_id, content, detractors, positives, action_items, structured_data, created_at)
        SELECT id, 'All in all it went as it should.',
            CASE WHEN id % 3 = 0 THEN (ARRAY['long wait for the car', 'price was higher than told',
                'car came back dirty', 'nobody called back', 'rattle is still there'])[1 + id % 5]{words} END,
            'Friendly people', CASE WHEN id % 7 = 0 THEN 'call back about invoice'{words} END,
            '{{"nps_score": "9", "overall_feedback": "All in all it went as it should."}}', start_time
        FROM call WHERE outcome IN ('reached', 'transferred')
        """,
    "turns": """
        INSERT INTO transcript (call_id, vapi_call_id, source, sequence, role, content, "timestamp")
        SELECT id, 'call-' || id, 'report', turn, CASE WHEN turn % 2 = 0 THEN 'assistant' ELSE 'human' END,
            'Something that is said in a call, about as long as what people say'{words_of_turn}
            || CASE WHEN turn = 1 AND id % 50 = 0 THEN ' forty minutes' WHEN turn = 2 AND id % 40 = 0 THEN ' minutes'
                WHEN turn = 1 AND id % 70 = 0 THEN ' coffee' ELSE '' END, at + turn * interval '4 seconds'
        FROM (SELECT id, coalesce(start_time, end_time, '{began}') AS at FROM call) AS call,
            generate_series(0, {turns} - 1) AS turn
        """,
    "webhook events": """
        INSERT INTO webhook_event (event_id, kind, type, call_id, vapi_call_id, occurred_at, received_at, processed_at,
            outcome)
        SELECT md5(id || 'a' || n) || md5(id || 'b' || n), 'status', 'status-update', id, 'call-' || id,
            at + n * interval '9 seconds', at + n * interval '9 seconds' + interval '80 milliseconds',
            at + n * interval '9 seconds' + interval '130 milliseconds', 'applied'
        FROM (SELECT id, coalesce(start_time, end_time, '{began}') AS at FROM call) AS call,
            generate_series(1, {events}) AS n ORDER BY 1
        """,
}
_FIRST: Final = ("organizations", "visits", "calls")
"""What the others are made of."""


def fill(database_url: str, calls: int, turns: int, events: int, say: Callable[[str], None] = lambda _: None) -> None:
    """Make the rows, `turns` and `events` for each call; leaves statistics and visibility as autovacuum would."""
    names = {
        "organizations": ORGANIZATIONS,
        "campaigns": CAMPAIGNS,
        "advisors": ADVISORS,
        "began": BEGAN,
        "calls": calls,
        "turns": turns,
        "events": events,
        "words": _WORDS,
        "words_of_turn": _WORDS_OF_TURN,
    }
    statements = {what: statement.format(**names) for what, statement in _STATEMENTS.items()}
    for what in _FIRST:
        _run(database_url, say, what, statements.pop(what))
    with ThreadPoolExecutor(2) as together:
        for done in [together.submit(_run, database_url, say, *statement) for statement in statements.items()]:
            done.result()
    _run(database_url, say, "vacuum", "VACUUM (ANALYZE)")


_QUALITY: Final = """
    TRUNCATE call_quality;
    INSERT INTO call_quality (call_id, vapi_call_id, report_event_id, turn_latency_median_ms, turn_latency_average_ms,
        cost, cost_vapi, cost_model, assistant_id, assistant_name, assistant_version, outputs_expected, outputs_lost,
        turn_latencies, details)
    SELECT call_id, vapi_call_id, 'event', CASE WHEN outcome = 'reached' THEN 600 + h % 1500 END,
        CASE WHEN outcome = 'reached' THEN 700 + h % 1500 END, 0.02 + h % 100 / 1000.0, 0.01, 0.01 + h % 100 / 1000.0,
        '00000000-0000-4000-8000-' || lpad((h % 3)::text, 12, '0'), 'Piper', (call_id / 90000)::text,
        CASE WHEN outcome = 'reached' THEN 6 ELSE 0 END, CASE WHEN outcome = 'reached' AND h % 40 = 0 THEN 1 ELSE 0 END,
        '[[900, 400, 200, 100, 200], [1100, 500, 300, 100, 200], [800, 400, 200, 100, 100]]',
        '{"transfers": [{"to": "number", "assistant_name": null, "mode": "warm-transfer", "status": "connected"}]}'
    FROM (SELECT *, call_id::bigint * 2654435761 % 4294967296 AS h FROM vapi_call) AS attempt
    ORDER BY call_id, vapi_call_id
"""


def fill_quality(database_url: str, say: Callable[[str], None] = lambda _: None) -> None:
    """How each attempt ran; in a table that there is from revision 0008 on."""
    _run(database_url, say, "quality", _QUALITY)
    _run(database_url, say, "vacuum", "VACUUM (ANALYZE) call_quality")


def fill_reasons(database_url: str, say: Callable[[str], None] = lambda _: None) -> None:
    """What went wrong, as a migration finds it; in a column that there is from revision 0011 on."""
    started = time.perf_counter()
    engine = create_engine(database_url.replace("postgresql:", "postgresql+pg8000:"))
    with engine.connect() as connection:
        connection.execute(text("SET statement_timeout = 0"))
        changed = give_reasons(connection, connection.commit)
    engine.dispose()
    say(f"{changed} reasons: {time.perf_counter() - started:.0f} s")
    _run(database_url, say, "vacuum", "VACUUM (ANALYZE) call")


_FOLLOW_UPS: Final = """
    INSERT INTO follow_up (organization_id, call_id, state, trigger, assignee_id, assignee_name, cause, opened_at,
        due_at, acknowledged_at, resolved_at)
    SELECT call.organization_id, call.id, state, CASE WHEN h % 19 = 0 THEN 'manual' ELSE 'score' END,
        CASE WHEN h % 23 > 0 THEN record.service_advisor_id END, CASE WHEN h % 23 > 0 THEN 'Advisor' END,
        CASE WHEN state = 'resolved' THEN (ARRAY['wait', 'price', 'work', 'staff'])[1 + h % 4] END,
        at, at + interval '1 day',
        CASE WHEN state IN ('acknowledged', 'resolved') THEN at + interval '1 hour' * (1 + h % 29) END,
        CASE WHEN state IN ('resolved', 'dismissed') THEN at + interval '1 hour' * (30 + h % 31) END
    FROM (
        SELECT *, CASE WHEN at < timestamptz '{now}' - interval '7 days'
            THEN (ARRAY['resolved', 'resolved', 'resolved', 'resolved', 'dismissed'])[1 + h / 7 % 5]
            ELSE (ARRAY['open', 'acknowledged', 'open'])[1 + h / 7 % 3] END AS state
        FROM (
            SELECT id, organization_id, service_record_id, coalesce(end_time, updated_at) AS at,
                id::bigint * 2654435761 % 4294967296 / 43 AS h
            FROM call WHERE nps_score BETWEEN 0 AND 6 AND outcome IN ('reached', 'transferred')
        ) AS unhappy WHERE h % 100 < 47
    ) AS call JOIN service_record AS record ON record.id = call.service_record_id
    ORDER BY call.id
"""


def fill_follow_ups(database_url: str, say: Callable[[str], None] = lambda _: None) -> None:
    """Follow-ups of a tenth of the calls, all of detractors; those of before the last week were answered.

    There are such since revision 0009.
    """
    _run(database_url, say, "follow-ups", _FOLLOW_UPS.format(now=NOW))
    _run(database_url, say, "vacuum", "VACUUM (ANALYZE) follow_up")


_CALL_WORDS: Final = f"""
    TRUNCATE call_words;
    DROP INDEX ix_call_words_words;
    INSERT INTO call_words (call_id, organization_id, began, words)
    SELECT id, organization_id, began, array_to_tsvector(string_to_array(
        mark || replace(lower(said.turns), ' ', ' ' || mark), ' '))
    FROM (
        SELECT call.id, organization_id, {BEGAN_OF_CALL} AS began,
            {marked(f"'{MARK}'", "organization_id", month_of(BEGAN_OF_CALL))} AS mark
        FROM call WHERE outcome IS NOT NULL
    ) AS call CROSS JOIN LATERAL (
        SELECT string_agg(content, ' ') AS turns FROM transcript WHERE call_id = call.id
    ) AS said
    ORDER BY id;
    CREATE INDEX ix_call_words_words ON call_words USING gin (words)
"""  # noqa: S608 - made of constants


def fill_words(database_url: str, say: Callable[[str], None] = lambda _: None) -> None:
    """The words of each call, as the consumers write them but for those of its visit; there are such since 0010."""
    _run(database_url, say, "words", _CALL_WORDS)
    _run(database_url, say, "vacuum", "VACUUM (ANALYZE) call_words")


def look_at_statuses(database_url: str) -> None:
    """Take a large sample of statuses: a rare one is in a usual one or is not, and a plan for one row may sort it."""
    _run(database_url, lambda _: None, "statuses", "ALTER TABLE call ALTER status SET STATISTICS 1000")
    _run(database_url, lambda _: None, "vacuum", "VACUUM (ANALYZE) call")


def _run(database_url: str, say: Callable[[str], None], what: str, statement: str) -> None:
    started = time.perf_counter()
    with connect(database_url) as connection:
        connection._usock.settimeout(None)  # noqa: SLF001 - a minute of inserting is no hanging connection
        connection.run("SET statement_timeout = 0")
        connection.run("SET work_mem = '256MB'")
        connection.run(statement)
    say(f"{what}: {time.perf_counter() - started:.0f} s")
