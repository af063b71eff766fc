"""Statistics of the calls in a time span: in all, per period, and per campaign or advisor."""

from dataclasses import dataclass
from functools import cache
from typing import Final

from sqlalchemy import TextClause, text

from autopulse.db.engine import Transaction
from autopulse.db.queries.bounds import shown
from autopulse.db.queries.filters import BEGAN, OVER, REACHED, Filters, conditions, of_service_records, where
from autopulse.db.scope import narrowed, values_of
from autopulse.domain.scope import Scope

PERIODS: Final = ("day", "week", "month")
_KEYS: Final = {
    None: "NULL::integer AS id, NULL::text AS called",
    "campaign": "campaign_id AS id, NULL::text AS called",
    "advisor": (
        "service_advisor_id AS id, CASE WHEN service_advisor_id IS NULL THEN service_advisor_name END AS called"
    ),
}
_COUNTED: Final = """
    call.outcome, call.nps_score AS score, call.duration_sec AS seconds, call.campaign_id, call.service_record_id,
    call.end_time, call.status
"""
HAS_BEGUN: Final = (
    f"(call.start_time IS NOT NULL OR call.end_time IS NOT NULL OR call.outcome IS NOT NULL OR call.status IN {OVER})"
)
"""A call that is still to come is in the lists, but not in the statistics."""
_HAS_ENDED: Final = f"(called.outcome IS NOT NULL OR called.end_time IS NOT NULL OR called.status IN {OVER})"
"""Also true without a reason or a report, which may be late or missing."""
_COUNTS: Final = f"outcome IN {REACHED} AND score BETWEEN 0 AND 10"
"""`filters.COUNTS` for the rows of `called`."""
_SERVICE_RECORDS: Final = """
    LEFT JOIN service_record AS followed ON followed.id = called.service_record_id
        AND followed.organization_id = CAST(:organization AS uuid)
        AND followed.id = ANY (ARRAY(SELECT service_record_id FROM called))
"""
"""The visits of a period's calls, from one index scan; single lookups take three times as long."""
_NAMES: Final = {
    None: "NULL::text",
    "campaign": "(SELECT name FROM campaign WHERE id = key::integer AND organization_id = CAST(:organization AS uuid))",
    "advisor": (
        "coalesce((SELECT name FROM \"user\" WHERE id = CASE WHEN key ~ '^[0-9]{1,9}$' THEN key::integer END"
        " AND organization_id = CAST(:organization AS uuid)), key)"
    ),
}


@dataclass(frozen=True, slots=True)
class Span:
    """The time span of the statistics."""

    since: str
    """ISO 8601, as is `until`, which is exclusive."""
    until: str
    period: str | None
    """One of PERIODS, in `time_zone`; None for the whole time span."""
    time_zone: str


def read_summary(transaction: Transaction, scope: Scope, span: Span, group: str | None, filters: Filters) -> str:
    """Counts as a JSON list; `set` says what a row counts: total, period, group, outcome, score, reason."""
    filters = narrowed(scope, filters)
    statement = _statement(tuple(sorted(filters)), group)
    values = {
        **values_of(scope),
        "since": span.since,
        "until": span.until,
        "period": span.period or "day",
        "step": f"1 {span.period}" if span.period else "1000 years",
        "zone": span.time_zone,
        **filters,
    }
    return str(transaction.execute(statement, values).scalar_one())


@cache
def _statement(names: tuple[str, ...], group: str | None) -> TextClause:
    """The calls are read once, from an index, and counted in groups of all columns; the counts are then added up."""
    tally = _of_service_records if of_service_records(names) else _per_period
    return text(f"""
        WITH period AS (
            SELECT *, row_number() OVER (ORDER BY starts) AS place FROM (
                SELECT greatest(starts AT TIME ZONE :zone, CAST(:since AS timestamptz)) AS starts,
                    least((starts + CAST(:step AS interval)) AT TIME ZONE :zone, CAST(:until AS timestamptz)) AS ends
                FROM generate_series(
                    date_trunc(:period, CAST(:since AS timestamptz) AT TIME ZONE :zone),
                    CAST(:until AS timestamptz) AT TIME ZONE :zone, CAST(:step AS interval)) AS starts
            ) AS cut WHERE starts < ends
        ), counted AS (
            SELECT starts, ends, coalesce(id::text, called) AS key, outcome,
                CASE WHEN {_COUNTS} THEN score END AS score, calls, ended, seconds, timed
            FROM period LEFT JOIN {tally(names, group)}
        ), added AS (
            SELECT CASE grouping(starts, key, outcome, score) WHEN 15 THEN 'total' WHEN 7 THEN 'period'
                    WHEN 11 THEN 'group' WHEN 13 THEN 'outcome' ELSE 'score' END AS set,
                starts, max(ends) AS ends, key, outcome, score,
                coalesce(sum(calls), 0) AS calls,
                coalesce(sum(ended) FILTER (WHERE outcome IS DISTINCT FROM 'cancelled'), 0) AS tried,
                coalesce(sum(calls) FILTER (WHERE outcome IN {REACHED}), 0) AS reached,
                coalesce(sum(calls) FILTER (WHERE score BETWEEN 9 AND 10), 0) AS promoters,
                coalesce(sum(calls) FILTER (WHERE score BETWEEN 7 AND 8), 0) AS passives,
                coalesce(sum(calls) FILTER (WHERE score BETWEEN 0 AND 6), 0) AS detractors,
                coalesce(sum(seconds) FILTER (WHERE outcome IN {REACHED}), 0) AS seconds,
                coalesce(sum(timed) FILTER (WHERE outcome IN {REACHED}), 0) AS timed
            FROM counted
            GROUP BY GROUPING SETS ((), (starts), (key), (outcome), (score))
        )
        SELECT coalesce(json_agg(row), '[]')::text FROM (
            SELECT set, starts, ends, {shown("key")} AS key, outcome, score, calls, tried, reached, promoters, passives,
                detractors, seconds, timed, {shown("name")} AS name
            FROM (SELECT added.*, {_NAMES[group]} AS name FROM added UNION ALL {_reasons(names)}) AS named
            ORDER BY starts, calls DESC, key) AS row
    """)  # noqa: S608 - made of constants


def _reasons(names: tuple[str, ...]) -> str:
    """The calls of the whole time span by reason, from the index of calls that have a reason.

    These are the calls of the lists: calls that have not begun are not excluded.
    """
    service_records = of_service_records(names)
    calls = tuple(name for name in names if name not in service_records)
    followed = (
        f"JOIN service_record AS record ON record.id = call.service_record_id AND {conditions(service_records)}"
        if service_records
        else ""
    )
    return f"""
        SELECT 'reason', NULL, NULL, reason_key, NULL, NULL, calls, 0, 0, 0, 0, 0, 0, 0, (
            SELECT label FROM reason_category
            WHERE organization_id = CAST(:organization AS uuid) AND reason_category.key = reason_key)
        FROM (
            SELECT call.reason_key, count(*) AS calls FROM (
                SELECT call.reason_key, call.service_record_id FROM call
                WHERE {where(calls)} AND call.reason_key IS NOT NULL
                    AND {BEGAN} >= CAST(:since AS timestamptz) AND {BEGAN} < CAST(:until AS timestamptz) OFFSET 0
            ) AS call {followed} GROUP BY 1
        ) AS counted
    """  # noqa: S608 - made of constants


def _per_period(names: tuple[str, ...], group: str | None) -> str:
    """The calls of each period from one range of an index, without computations per call."""
    return f"""LATERAL (
        WITH called AS {"MATERIALIZED" if group == "advisor" else "NOT MATERIALIZED"} (
            SELECT {_COUNTED} FROM call
            WHERE {where(names)} AND {BEGAN} >= starts AND {BEGAN} < ends AND {HAS_BEGUN}
        )
        SELECT {_tally(group)} FROM called {_SERVICE_RECORDS if group == "advisor" else ""} GROUP BY 1, 2, 3, 4
    ) AS tally ON true"""  # noqa: S608 - made of constants


def _of_service_records(names: tuple[str, ...], group: str | None) -> str:
    """The calls of some visits; the visits' ids are kept in memory while all calls of the time span are read."""
    service_records = of_service_records(names)
    calls = tuple(name for name in names if name not in service_records)
    return f"""(
        WITH called AS (
            SELECT call.* FROM (
                SELECT {BEGAN} AS began, {_COUNTED} FROM call
                WHERE {where(calls)} AND {BEGAN} >= CAST(:since AS timestamptz)
                    AND {BEGAN} < CAST(:until AS timestamptz) AND {HAS_BEGUN} OFFSET 0
            ) AS call
            JOIN service_record AS record ON record.id = call.service_record_id AND {conditions(service_records)}
        )
        SELECT {_tally(group)}, width_bucket(began, (SELECT array_agg(starts ORDER BY starts) FROM period)) AS place
        FROM called {_SERVICE_RECORDS if group == "advisor" else ""} GROUP BY 1, 2, 3, 4, place
    ) AS tally USING (place)"""  # noqa: S608 - made of constants


def _tally(group: str | None) -> str:
    counts = f"count(*) AS calls, count(*) FILTER (WHERE {_HAS_ENDED}) AS ended"
    return f"{_KEYS[group]}, outcome, score, {counts}, sum(seconds) AS seconds, count(seconds) AS timed"
