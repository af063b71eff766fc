"""Queries of follow-ups: the inbox in the order of due times, one follow-up with its entries, and statistics."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from sqlalchemy import TextClause, text

from autopulse.db.engine import Transaction
from autopulse.db.queries.bounds import MAX_LISTED_CHARACTERS, MAX_READ_BYTES, as_many_as_fit, shown
from autopulse.db.queries.filters import BEGAN, BOUND_ADVISOR, COUNTS, DIGITS, Filters
from autopulse.db.queries.pages import Found, Position
from autopulse.db.queries.summary import Span
from autopulse.db.scope import ME, OF_THE_CALL, OF_THE_FOLLOW_UP, narrowed, values_of, values_of_user
from autopulse.domain.follow_ups import UNANSWERED
from autopulse.domain.nps import PASSIVES_FROM
from autopulse.domain.scope import Scope, UserKey

MAX_ENTRIES: Final = 500
"""The maximum number of shown entries of one follow-up, the latest first."""
_UNANSWERED: Final = f"({', '.join(repr(state.value) for state in UNANSWERED)})"
IS_OVERDUE: Final = f"(follow_up.state IN {_UNANSWERED} AND follow_up.due_at < now())"
OWN_COLUMNS: Final = f"""
    follow_up.id, follow_up.call_id, follow_up.state, follow_up.trigger, follow_up.assignee_id, follow_up.assignee_name,
    follow_up.cause, follow_up.note, follow_up.opened_at, follow_up.due_at, follow_up.acknowledged_at,
    follow_up.resolved_at, {IS_OVERDUE} AS overdue, follow_up.version
"""
_CALL_COLUMNS: Final = f"""
    call.nps_score, {shown("record.customer_name")} AS customer_name, {shown("call.customer_number")} AS phone,
    {shown("record.vehicle_info")} AS vehicle, call.campaign_id, {shown("campaign.name")} AS campaign_name,
    record.service_advisor_id AS advisor_id,
    {shown("coalesce(advisor.name, record.service_advisor_name)")} AS advisor_name,
    {shown("feedback.content", MAX_LISTED_CHARACTERS)} AS content,
    {shown("feedback.detractors", MAX_LISTED_CHARACTERS)} AS detractors,
    {shown("feedback.action_items", MAX_LISTED_CHARACTERS)} AS action_items, (
        SELECT {shown("actor_name")} FROM follow_up_entry
        WHERE follow_up_id = follow_up.id AND to_state = follow_up.state AND from_state <> to_state
        ORDER BY id DESC LIMIT 1
    ) AS state_set_by
"""  # noqa: S608 - made of constants
_CALL_TABLES: Final = """
    JOIN LATERAL (SELECT * FROM call
        WHERE id = follow_up.call_id AND organization_id = follow_up.organization_id OFFSET 0) AS call ON true
    LEFT JOIN LATERAL (SELECT * FROM service_record
        WHERE id = call.service_record_id AND organization_id = call.organization_id OFFSET 0) AS record ON true
    LEFT JOIN LATERAL (SELECT name FROM campaign
        WHERE id = call.campaign_id AND organization_id = call.organization_id OFFSET 0) AS campaign ON true
    LEFT JOIN LATERAL (SELECT name FROM "user"
        WHERE id = record.service_advisor_id AND organization_id = call.organization_id OFFSET 0) AS advisor ON true
    LEFT JOIN LATERAL (SELECT * FROM call_feedback WHERE call_id = call.id OFFSET 0) AS feedback ON true
"""
# OFFSET 0 makes the planner look up the call of one follow-up after the other until the page is full; otherwise it
# reads all visits of the advisor first. If there are no such visits, no follow-up is read.
_OF_A_VISIT: Final = """EXISTS (
    SELECT FROM service_record AS record WHERE record.organization_id = CAST(:organization AS uuid) AND {condition}
) AND EXISTS (
    SELECT FROM call JOIN service_record AS record ON record.id = call.service_record_id
    WHERE call.id = follow_up.call_id AND call.organization_id = CAST(:organization AS uuid)
        AND record.organization_id = CAST(:organization AS uuid) AND {condition} OFFSET 0)"""
CONDITIONS: Final = {
    "call": "follow_up.call_id = :call",
    "assignee": "follow_up.assignee_id = :assignee",
    "me": f"follow_up.assignee_id = {ME}",
    "nobody": "follow_up.assignee_id IS NULL",
    "overdue": f"{IS_OVERDUE} = :overdue",
    "trigger": "follow_up.trigger = :trigger",
    "campaign": (
        "EXISTS (SELECT FROM campaign WHERE id = :campaign AND organization_id = CAST(:organization AS uuid)) AND "
        "EXISTS (SELECT FROM call WHERE call.id = follow_up.call_id"
        " AND call.organization_id = CAST(:organization AS uuid) AND call.campaign_id = :campaign OFFSET 0)"
    ),
    "advisor_id": _OF_A_VISIT.format(condition="record.service_advisor_id = :advisor_id"),
    BOUND_ADVISOR: _OF_A_VISIT.format(condition=f"record.service_advisor_id = :{BOUND_ADVISOR}"),
    "advisor_name": _OF_A_VISIT.format(condition="record.service_advisor_name = :advisor_name"),
}
"""Name of a filter -> its condition."""


@dataclass(frozen=True, slots=True)
class FollowUpPage:
    """Identifies one page of the inbox."""

    scope: Scope
    user: UserKey
    states: Sequence[str]
    filters: Filters
    rows: int
    after: Position | None = None
    """The due time and the id of the last follow-up of the previous page."""


def read_follow_ups(transaction: Transaction, wanted: FollowUpPage) -> Found:
    """A page of follow-ups, in descending order of due times."""
    filters = narrowed(wanted.scope, wanted.filters)
    values: dict[str, object] = {
        **values_of(wanted.scope),
        **values_of_user(wanted.user),
        "states": f"{{{','.join(wanted.states)}}}",
        "rows": wanted.rows,
        **filters,
    }
    if wanted.after:
        values |= {"after_due": wanted.after.began, "after_id": wanted.after.call_id}
    statement = _page(tuple(sorted(filters)), wanted.after is not None)
    return Found(*transaction.execute(statement, values).one())


@cache
def _page(names: tuple[str, ...], after: bool) -> TextClause:
    """At most a page of each state is read in its order, because open follow-ups are few among all resolved ones."""
    conditions = "".join(f" AND {CONDITIONS[name]}" for name in names)
    beyond = "AND (follow_up.due_at, follow_up.id) < (CAST(:after_due AS timestamptz), :after_id)" if after else ""
    page = f"""
        SELECT {OWN_COLUMNS}, {_CALL_COLUMNS}
        FROM (
            SELECT found.id, found.due_at FROM unnest(CAST(:states AS text[])) AS wanted (state) CROSS JOIN LATERAL (
                SELECT follow_up.id, follow_up.due_at FROM follow_up
                WHERE follow_up.organization_id = CAST(:organization AS uuid) AND follow_up.state = wanted.state
                    {conditions} {beyond}
                ORDER BY follow_up.due_at DESC, follow_up.id DESC LIMIT :rows
            ) AS found ORDER BY found.due_at DESC, found.id DESC LIMIT :rows
        ) AS found JOIN LATERAL (SELECT * FROM follow_up WHERE id = found.id OFFSET 0) AS follow_up ON true
        {_CALL_TABLES}
        ORDER BY found.due_at DESC, found.id DESC
    """  # noqa: S608 - made of constants
    return text(f"SELECT items, found FROM ({as_many_as_fit(page, '', MAX_READ_BYTES)}) AS page")  # noqa: S608 - as above


_ONE: Final = text(f"""
    SELECT row_to_json(one)::text FROM (
        SELECT {OWN_COLUMNS}, {_CALL_COLUMNS}, (
            SELECT coalesce(json_agg(row_to_json(entry) ORDER BY id), '[]') FROM (
                SELECT id, at, {shown("actor_subject")} AS actor_subject, {shown("actor_name")} AS actor_name, action,
                    from_state, to_state, changes, note
                FROM follow_up_entry WHERE follow_up_id = follow_up.id ORDER BY id DESC LIMIT {MAX_ENTRIES}
            ) AS entry) AS entries
        FROM follow_up {_CALL_TABLES}
        WHERE follow_up.id = :id AND follow_up.organization_id = CAST(:organization AS uuid) AND {OF_THE_FOLLOW_UP}
    ) AS one
""")  # noqa: S608 - made of constants


def read_follow_up(transaction: Transaction, scope: Scope, id_: int) -> str | None:
    """One follow-up with its entries, as a JSON object; None if it is not in the scope."""
    return transaction.execute(_ONE, values_of(scope) | {"id": id_}).scalar_one_or_none()


MAX_COMPARED: Final = 1_000
"""The maximum number of resolved follow-ups whose customers' next scores are read, the latest first."""
MIN_NUMBER_DIGITS: Final = 7
"""A number with fewer digits does not identify a customer: it is an extension, or no number."""
# A customer is identified by the number and the organization: the application has visits, but no customers.
_NEXT_SCORE: Final = f"""
    SELECT call.nps_score AS score FROM call
    WHERE call.organization_id = CAST(:organization AS uuid) AND {DIGITS} = solved.digits
        AND length(solved.digits) >= {MIN_NUMBER_DIGITS} AND {COUNTS} AND {BEGAN} > solved.resolved_at AND {OF_THE_CALL}
    ORDER BY {BEGAN} LIMIT 1
"""  # noqa: S608 - made of constants
_MEDIAN: Final = "percentile_cont(0.5) WITHIN GROUP (ORDER BY {hours})"
_FIGURES: Final = "opened, resolved, dismissed, in_time, decided, median_hours_to_acknowledge, median_hours_to_resolve"
# For each period, also one without follow-ups.
_FIGURES_OF_ALL: Final = ", ".join(
    name if name.startswith("median") else f"coalesce({name}, 0) AS {name}" for name in _FIGURES.split(", ")
)
_SUMMARY: Final = text(f"""
    WITH period AS (
        SELECT greatest(starts AT TIME ZONE :zone, CAST(:since AS timestamptz)) AS starts,
            least((starts + CAST(:step AS interval)) AT TIME ZONE :zone, CAST(:until AS timestamptz)) AS ends
        FROM generate_series(
            date_trunc(:period, CAST(:since AS timestamptz) AT TIME ZONE :zone),
            CAST(:until AS timestamptz) AT TIME ZONE :zone, CAST(:step AS interval)) AS starts
    ), placed AS (
        SELECT *, row_number() OVER (ORDER BY starts) AS place FROM period WHERE starts < ends
    ), opened AS MATERIALIZED (
        -- date_part is a float, which is counted with sooner than extract's numeric.
        SELECT call_id, state, resolved_at, cause, assignee_id, assignee_name,
            CASE WHEN assignee_id IS NULL THEN assignee_name END AS called,
            coalesce(acknowledged_at, resolved_at) <= due_at AS in_time, due_at < now() AS is_over,
            date_part('epoch', acknowledged_at - opened_at) / 3600 AS hours_to_acknowledge,
            date_part('epoch', resolved_at - opened_at) / 3600 AS hours_to_resolve,
            width_bucket(opened_at, (SELECT array_agg(starts ORDER BY starts) FROM placed)) AS place
        FROM follow_up
        WHERE organization_id = CAST(:organization AS uuid)
            AND opened_at >= CAST(:since AS timestamptz) AND opened_at < CAST(:until AS timestamptz)
            AND {OF_THE_FOLLOW_UP}
    ), figures AS MATERIALIZED (
        SELECT CASE grouping(cause, assignee_id, place)
                WHEN 7 THEN 'total' WHEN 3 THEN 'cause' WHEN 5 THEN 'assignee' ELSE 'period' END AS set,
            cause, assignee_id, max(assignee_name) AS assignee_name, place,
            count(*) AS opened, count(*) FILTER (WHERE state = 'resolved') AS resolved,
            count(*) FILTER (WHERE state = 'dismissed') AS dismissed,
            count(*) FILTER (WHERE in_time) AS in_time, count(*) FILTER (WHERE in_time OR is_over) AS decided,
            {_MEDIAN.format(hours="hours_to_acknowledge")} AS median_hours_to_acknowledge,
            {_MEDIAN.format(hours="hours_to_resolve")} AS median_hours_to_resolve
        FROM opened GROUP BY GROUPING SETS ((), (cause), (assignee_id, called), (place))
    ), detractor AS (
        -- By all the ids at once, from an index alone: to look each call up takes four times as long.
        SELECT id FROM call
        WHERE id = ANY (ARRAY(SELECT call_id FROM opened)) AND organization_id = CAST(:organization AS uuid)
            AND {COUNTS} AND call.nps_score < {PASSIVES_FROM}
    ), solved AS MATERIALIZED (
        SELECT call.nps_score AS score, latest.resolved_at, {DIGITS} AS digits
        FROM (
            SELECT call_id, resolved_at FROM opened WHERE state = 'resolved' ORDER BY resolved_at DESC OFFSET 0
        ) AS latest JOIN LATERAL (
            SELECT nps_score, customer_number FROM call
            WHERE id = latest.call_id AND organization_id = CAST(:organization AS uuid) AND {COUNTS} OFFSET 0
        ) AS call ON true LIMIT {MAX_COMPARED}
    )
    SELECT json_build_object(
        'answered_in_time', (SELECT row_to_json(row) FROM (
            SELECT count(*) FILTER (WHERE in_time) AS count, count(*) FILTER (WHERE in_time OR is_over) AS of
            FROM opened JOIN detractor ON detractor.id = opened.call_id) AS row),
        'next_score', (SELECT row_to_json(row) FROM (
            SELECT count(*) AS of, count(next.score) AS count,
                count(*) FILTER (WHERE next.score > solved.score) AS improved,
                percentile_cont(0.5) WITHIN GROUP (ORDER BY next.score - solved.score) AS median_change
            FROM solved LEFT JOIN LATERAL ({_NEXT_SCORE}) AS next ON true) AS row),
        'now', (SELECT row_to_json(row) FROM (
            SELECT count(*) FILTER (WHERE state = 'open') AS open,
                count(*) FILTER (WHERE state = 'acknowledged') AS acknowledged,
                count(*) FILTER (WHERE due_at < now()) AS overdue
            FROM follow_up
            WHERE organization_id = CAST(:organization AS uuid) AND state IN {_UNANSWERED}
                AND {OF_THE_FOLLOW_UP}) AS row),
        'total', (SELECT row_to_json(row) FROM (SELECT {_FIGURES} FROM figures WHERE set = 'total') AS row),
        'causes', (SELECT coalesce(json_agg(row ORDER BY opened DESC, cause), '[]') FROM (
            SELECT cause, {_FIGURES} FROM figures WHERE set = 'cause' AND cause IS NOT NULL
            ORDER BY opened DESC, cause LIMIT 100) AS row),
        'assignees', (SELECT coalesce(json_agg(row ORDER BY opened DESC, assignee_name), '[]') FROM (
            SELECT assignee_id, assignee_name, {_FIGURES} FROM figures WHERE set = 'assignee'
            ORDER BY opened DESC LIMIT 100) AS row),
        'periods', (SELECT coalesce(json_agg(row ORDER BY starts), '[]') FROM (
            SELECT starts, ends, {_FIGURES_OF_ALL}
            FROM placed LEFT JOIN (SELECT * FROM figures WHERE set = 'period') AS figures USING (place)) AS row)
    )::text
""")  # noqa: S608 - made of constants


def read_follow_up_summary(transaction: Transaction, scope: Scope, span: Span) -> str:
    """Statistics as a JSON object.

    It has the unanswered follow-ups `now`; `total`, `causes`, `assignees`, `periods` of a time span; and the effect:
    `answered_in_time` of detractors, and the `next_score` of the same customers.
    """
    values = {
        **values_of(scope),
        "since": span.since,
        "until": span.until,
        "period": span.period or "week",
        "step": f"1 {span.period or 'week'}",
        "zone": span.time_zone,
    }
    return str(transaction.execute(_SUMMARY, values).scalar_one())
