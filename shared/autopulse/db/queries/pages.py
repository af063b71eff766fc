"""Pages of calls in the order in which they began. Keyset pagination makes page 1,000 as fast as page 1."""

from dataclasses import dataclass
from functools import cache
from typing import Final

from sqlalchemy import TextClause, text

from autopulse.db.engine import Transaction
from autopulse.db.queries.attempts import ATTEMPTS, IS_OF_THE_ROW
from autopulse.db.queries.bounds import (
    MAX_GIST_CHARACTERS,
    MAX_LISTED_CHARACTERS,
    MAX_READ_BYTES,
    as_many_as_fit,
    first_line,
    one_line,
    shown,
    shown_recording,
)
from autopulse.db.queries.filters import (
    BEGAN,
    COUNTS,
    DIRECTION,
    NPS_CATEGORY,
    SERVICE_RECORDS,
    Filters,
    conditions,
    of_service_records,
    where,
)
from autopulse.db.queries.next_calls import JOIN_RECORD, NextCalls
from autopulse.db.queries.search import found_by_search, is_search, match_of
from autopulse.db.scope import narrowed, values_of
from autopulse.domain.scope import Scope

_CUSTOMER: Final = f"""
    {shown("record.customer_name")} AS customer_name, {shown("call.customer_number")} AS phone,
    {shown("record.vehicle_info")} AS vehicle, {shown("record.service_type")} AS service,
    call.campaign_id, {shown("campaign.name")} AS campaign_name, record.service_advisor_id AS advisor_id,
    {shown("coalesce(advisor.name, record.service_advisor_name)")} AS advisor_name
"""
CALL_COLUMNS: Final = f"""
    call.id, {shown("call.vapi_call_id")} AS vapi_call_id, {shown("call.status")} AS status,
    {shown("call.outcome")} AS outcome, {shown("call.ended_reason")} AS ended_reason,
    {shown(DIRECTION)} AS direction, call.is_demo AS demo, {_CUSTOMER},
    call.start_time, call.end_time, call.duration_sec AS duration_seconds, call.nps_score, call.reason_key AS reason,
    {shown_recording("call.recording_url", "call.vapi_call_id")} AS has_recording, dialled.attempt_count,
    CASE WHEN dialled.attempt_count = 1 AND NOT EXISTS (SELECT FROM call_original WHERE call_id = call.id) THEN 1
        WHEN dialled.attempt_count > 0 THEN (SELECT number FROM ({ATTEMPTS}) AS attempt WHERE shown)
    END AS attempt_number,
    {shown("dialled.reported_by")} AS reported_by, {shown("dialled.reconciliation")} AS reconciliation,
    {shown("said.complaint", MAX_GIST_CHARACTERS)} AS complaint, {shown("said.gist", MAX_GIST_CHARACTERS)} AS gist,
    call.updated_at
"""  # noqa: S608 - made of constants
CALL_TABLES: Final = f"""
    LEFT JOIN LATERAL (SELECT * FROM service_record
        WHERE id = call.service_record_id AND organization_id = call.organization_id OFFSET 0) AS record ON true
    LEFT JOIN LATERAL (SELECT name FROM campaign
        WHERE id = call.campaign_id AND organization_id = call.organization_id OFFSET 0) AS campaign ON true
    LEFT JOIN LATERAL (SELECT name FROM "user"
        WHERE id = record.service_advisor_id AND organization_id = call.organization_id OFFSET 0) AS advisor ON true
    CROSS JOIN LATERAL (
        SELECT count(*) AS attempt_count,
            max(coalesce(report_origin, 'webhook')) FILTER (WHERE reported_at IS NOT NULL AND {IS_OF_THE_ROW})
                AS reported_by,
            max(reconciliation) FILTER (WHERE reported_at IS NULL AND {IS_OF_THE_ROW}) AS reconciliation
        FROM vapi_call WHERE call_id = call.id) AS dialled
"""  # noqa: S608 - made of constants
"""The columns of a shown call. `OFFSET 0` makes the planner look them up by key for each row of a page."""
SAID: Final = f"""
    LEFT JOIN LATERAL (
        SELECT {first_line("feedback.detractors")} AS complaint,
            {one_line("coalesce(call.feedback_summary, feedback.content)")} AS gist
        FROM (SELECT) AS one LEFT JOIN call_feedback AS feedback ON feedback.call_id = call.id OFFSET 0
    ) AS said ON true
"""  # noqa: S608 - made of constants
"""The text of a row in the list of calls, from one more lookup by key; only the shown part of a text is read."""
_SAID: Final = ", ".join(
    f"{shown(f'feedback.{name}', MAX_LISTED_CHARACTERS)} AS {name}"
    for name in ("content", "positives", "detractors", "action_items")
)
FEEDBACK_COLUMNS: Final = f"""
    call.id AS call_id, call.start_time, call.end_time, call.duration_sec AS duration_seconds,
    {shown("call.outcome")} AS outcome, {shown(DIRECTION)} AS direction, call.is_demo AS demo, {_CUSTOMER},
    call.nps_score,
    CASE WHEN {COUNTS} THEN (ARRAY['detractor', 'passive', 'promoter'])[{NPS_CATEGORY} + 1] END AS nps_category,
    call.reason_key AS reason, {_SAID}, call.updated_at
"""
FEEDBACK: Final = "JOIN LATERAL (SELECT * FROM call_feedback WHERE call_id = call.id OFFSET 0) AS feedback ON true"
SEARCHED_FEEDBACK: Final = "JOIN call_feedback AS feedback ON feedback.call_id = call.id"
"""In a text search the planner chooses: an index lookup for a rare word, a walk through the calls for a common one."""
NEXT: Final = 2500
"""The number of calls that a search for visits reads first; this suffices if one in fifty matches."""
NEXT_NAMES: Final = 1500
"""The same for a name; no index has the visits in this order, so each visit is read from a page of its own."""
OF_THE_FEEDBACK: Final = frozenset({"words", "telling"})
"""Conditions on the customer's feedback."""


@dataclass(frozen=True, slots=True)
class Position:
    """A position in a list: that of the last call of the previous page."""

    began: str
    """ISO 8601, or `-infinity` for a call of which no time is known."""
    call_id: int


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Identifies one page of one list."""

    scope: Scope
    filters: Filters
    """The filters of the request."""
    rows: int
    newest_first: bool = True
    after: Position | None = None

    @property
    def bounded(self) -> Filters:
        """The filters together with the restriction of the principal."""
        return narrowed(self.scope, self.filters)


@dataclass(frozen=True, slots=True)
class Found:
    """The rows that were found for a page."""

    document: str
    """A JSON list of the first rows, as many as fit into MAX_READ_BYTES."""
    rows: int
    """The number of rows that were found; the document may have fewer."""


def read_calls(transaction: Transaction, wanted: PageRequest) -> Found:
    """A page of calls."""
    return _read(transaction, wanted, CALL_COLUMNS, "")


def read_feedback(transaction: Transaction, wanted: PageRequest) -> Found:
    """A page of calls that have feedback, with it."""
    return _read(transaction, wanted, FEEDBACK_COLUMNS, SEARCHED_FEEDBACK if "words" in wanted.filters else FEEDBACK)


def count_calls(transaction: Transaction, wanted: PageRequest) -> int:
    """The number of matching calls, at most `wanted.rows`; it reads the keys of one page, and takes as long as that."""
    values = values_of(wanted.scope) | {"rows": wanted.rows, **wanted.bounded}
    return int(transaction.execute(_count(tuple(sorted(wanted.bounded))), values).scalar_one())


@cache
def _count(names: tuple[str, ...]) -> TextClause:
    return text(f"SELECT count(*) FROM ({_found_calls('', names, 'DESC', '')}) AS found")  # noqa: S608 - made of constants


def _read(transaction: Transaction, wanted: PageRequest, columns: str, feedback: str) -> Found:
    statement = _statement(
        columns, feedback, tuple(sorted(wanted.bounded)), wanted.newest_first, wanted.after is not None
    )
    values = values_of(wanted.scope) | {"rows": wanted.rows, **wanted.bounded}
    if wanted.after:
        values |= {"after_began": wanted.after.began, "after_id": wanted.after.call_id}
    return Found(*transaction.execute(statement, values).one())


@cache
def _statement(columns: str, feedback: str, names: tuple[str, ...], newest_first: bool, after: bool) -> TextClause:
    """The page's ids come first, from indexes as far as possible; then the shown columns are looked up by key."""
    direction = "DESC" if newest_first else "ASC"
    beyond = f"AND ({BEGAN}, call.id) {'<' if newest_first else '>'} (CAST(:after_began AS timestamptz), :after_id)"
    order = f"ORDER BY {BEGAN} {direction}, call.id {direction}"
    page = f"""
        SELECT {columns}{_match(columns, names)}
        FROM ({_found_calls(feedback, names, direction, beyond if after else "")}) AS found
        JOIN LATERAL (SELECT * FROM call WHERE id = found.id OFFSET 0) AS call ON true
        {CALL_TABLES} {FEEDBACK if feedback else SAID}
        {order}
    """  # noqa: S608 - made of constants
    fitting = as_many_as_fit(page, "", MAX_READ_BYTES)
    return text(f"SELECT items, found FROM ({fitting}) AS page")  # noqa: S608 - made of constants


def _match(columns: str, names: tuple[str, ...]) -> str:
    return f", {match_of(names)} AS match" if columns is CALL_COLUMNS else ""


def _found_calls(feedback: str, names: tuple[str, ...], direction: str, beyond: str) -> str:
    if is_search(names):
        return found_by_search(names, direction, beyond)
    found = _found_by_service_records if of_service_records(names) else _found
    return found(feedback, names, direction, beyond)


def _found(feedback: str, names: tuple[str, ...], direction: str, beyond: str) -> str:
    return f"""
        SELECT call.id FROM call {feedback} WHERE {where(names)} {beyond} {_order(names, direction)} LIMIT :rows
    """  # noqa: S608 - made of constants


def _found_by_service_records(feedback: str, names: tuple[str, ...], direction: str, beyond: str) -> str:
    service_records = of_service_records(names)
    calls = tuple(name for name in names if name not in {*service_records, *OF_THE_FEEDBACK})
    rest = tuple(name for name in names if name not in service_records)
    shown = FEEDBACK if feedback else ""
    next_calls = NextCalls(
        NEXT_NAMES if "name" in service_records else NEXT,
        f"{where(calls)} {beyond}",
        "call.id, call.service_record_id, call.nps_score, call.outcome",
        f"{JOIN_RECORD} {shown} WHERE {conditions(name for name in names if name not in calls)}",
        direction,
    )
    found = next_calls.or_of_visits(
        " AND ".join(SERVICE_RECORDS[name] for name in service_records),
        f"{shown} WHERE {where(rest)} {beyond}",
        f"{JOIN_RECORD} {feedback} WHERE {where(names)} {beyond}",
        _order(names, direction),
    )
    return f"SELECT id FROM ({found}) AS found ORDER BY began {direction}, id {direction} LIMIT :rows"  # noqa: S608 - made of constants


def _order(names: tuple[str, ...], direction: str) -> str:
    # A number is rarer than the planner estimates: walking through all calls to find a page of them takes 300 ms.
    order = f"{BEGAN} + interval '0'" if {"digits", "ids"} & {*names} else BEGAN
    return f"ORDER BY {order} {direction}, call.id {direction}"
