"""Statistics of the quality of calls in a time span: costs, response times, lost answers."""

from functools import cache
from typing import Final

from sqlalchemy import TextClause, text

from autopulse.db.engine import Transaction
from autopulse.db.queries.bounds import shown
from autopulse.db.queries.filters import BEGAN, COUNTS, REACHED, Filters, conditions, of_service_records, where
from autopulse.db.queries.summary import HAS_BEGUN, Span
from autopulse.db.scope import narrowed, values_of
from autopulse.domain.scope import Scope

MAX_VERSIONS: Final = 1_000
"""The maximum number of assistant versions of all weeks together, those with the most calls."""
_COLUMNS: Final = f"call.id, {BEGAN} AS began, call.outcome, call.nps_score"
_TIME: Final = f"""
    {BEGAN} >= CAST(:since AS timestamptz) AND {BEGAN} < CAST(:until AS timestamptz) AND {HAS_BEGUN}
"""


def read_quality_summary(transaction: Transaction, scope: Scope, span: Span, filters: Filters) -> str:
    """Statistics as a JSON object: `counts` of calls, what their attempts `told`, and `versions`, a list by week."""
    filters = narrowed(scope, filters)
    values = {
        **values_of(scope),
        "since": span.since,
        "until": span.until,
        "zone": span.time_zone,
        **filters,
    }
    return str(transaction.execute(_statement(tuple(sorted(filters))), values).scalar_one())


@cache
def _statement(names: tuple[str, ...]) -> TextClause:
    """The calls of the time span come from one index, and their attempts' data from another, by one scan of each."""
    called = _of_service_records(names) if of_service_records(names) else _called(names)
    return text(f"""
        WITH week AS (
            SELECT greatest(starts AT TIME ZONE :zone, CAST(:since AS timestamptz)) AS starts,
                least((starts + interval '1 week') AT TIME ZONE :zone, CAST(:until AS timestamptz)) AS ends
            FROM generate_series(
                date_trunc('week', CAST(:since AS timestamptz) AT TIME ZONE :zone),
                CAST(:until AS timestamptz) AT TIME ZONE :zone, interval '1 week') AS starts
        ), placed AS (
            SELECT *, row_number() OVER (ORDER BY starts) AS place FROM week WHERE starts < ends
        ), called AS MATERIALIZED ({called}
        ), told AS MATERIALIZED (
            SELECT call_id, cost, turn_latency_median_ms AS latency, assistant_id, assistant_version, outputs_expected,
                outputs_lost
            FROM call_quality WHERE call_id = ANY (ARRAY(SELECT id FROM called))
        ), version AS (
            SELECT width_bucket(began, (SELECT array_agg(starts ORDER BY starts) FROM placed)) AS place,
                assistant_id, assistant_version, count(*) AS calls, max(call_id) AS last,
                percentile_cont(0.5) WITHIN GROUP (ORDER BY latency) AS latency
            FROM told JOIN called ON called.id = told.call_id WHERE latency IS NOT NULL
            GROUP BY place, assistant_id, assistant_version
        )
        SELECT json_build_object(
            'counts', (SELECT row_to_json(row) FROM (
                SELECT count(*) AS calls, count(*) FILTER (WHERE outcome IN {REACHED}) AS reached,
                    count(*) FILTER (WHERE {COUNTS}) AS responses
                FROM called AS call) AS row),
            'told', (SELECT row_to_json(row) FROM (
                SELECT coalesce(sum(cost), 0) AS dollars, count(*) - count(cost) AS unpriced,
                    coalesce(sum(outputs_expected), 0) AS expected, coalesce(sum(outputs_lost), 0) AS lost,
                    count(latency) AS measured, percentile_cont(0.5) WITHIN GROUP (ORDER BY latency) AS latency
                FROM told) AS row),
            'versions', (SELECT coalesce(json_agg(row), '[]') FROM (
                SELECT starts, ends, {shown("assistant_id")} AS assistant_id,
                    {shown("assistant_version")} AS assistant_version, calls, latency,
                    (SELECT {shown("known.assistant_name")} FROM call_quality AS known
                    WHERE known.call_id = last AND known.assistant_id IS NOT DISTINCT FROM version.assistant_id
                    LIMIT 1) AS assistant_name
                FROM (SELECT * FROM version ORDER BY calls DESC LIMIT {MAX_VERSIONS}) AS version
                JOIN placed USING (place)
                ORDER BY starts, calls DESC, assistant_id, assistant_version) AS row)
        )::text
    """)  # noqa: S608 - made of constants


def _called(names: tuple[str, ...]) -> str:
    return f"SELECT {_COLUMNS} FROM call WHERE {where(names)} AND {_TIME}"  # noqa: S608 - made of constants


def _of_service_records(names: tuple[str, ...]) -> str:
    """The calls of some visits; the visits' ids are kept in memory while all calls of the time span are read."""
    service_records = of_service_records(names)
    calls = tuple(name for name in names if name not in service_records)
    return f"""
        SELECT call.id, call.began, call.outcome, call.nps_score FROM (
            SELECT {_COLUMNS}, call.service_record_id FROM call WHERE {where(calls)} AND {_TIME} OFFSET 0
        ) AS call
        JOIN service_record AS record ON record.id = call.service_record_id AND {conditions(service_records)}
    """  # noqa: S608 - made of constants
