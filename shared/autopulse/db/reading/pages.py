"""Pages of calls in the order in which they began: keyset pagination, so that page 1,000 costs what page 1 does."""

from dataclasses import dataclass
from functools import cache
from typing import Final

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from autopulse.db.reading.filters import BAND, BEGAN, RECORD, Filters, record_if_needed, where

CALL_COLUMNS: Final = """
    call.id, call.vapi_call_id, call.status, call.outcome, call.ended_reason, call.direction, call.is_demo AS demo,
    record.customer_name, call.customer_number AS phone, record.vehicle_info AS vehicle,
    record.service_type AS service, call.campaign_id, campaign.name AS campaign_name,
    record.service_advisor_id AS advisor_id, coalesce(advisor.name, record.service_advisor_name) AS advisor_name,
    call.start_time, call.end_time, call.duration_sec AS duration_seconds, call.nps_score,
    call.recording_url IS NOT NULL AS has_recording, call.updated_at
"""
CALL_TABLES: Final = f"""
    LEFT JOIN {RECORD}
    LEFT JOIN campaign ON campaign.id = call.campaign_id AND campaign.organization_id = call.organization_id
    LEFT JOIN "user" AS advisor
        ON advisor.id = record.service_advisor_id AND advisor.organization_id = call.organization_id
"""
FEEDBACK_COLUMNS: Final = """
    call.id AS call_id, call.start_time, call.end_time, call.duration_sec AS duration_seconds, call.outcome,
    call.is_demo AS demo, record.customer_name, call.customer_number AS phone, record.vehicle_info AS vehicle,
    record.service_type AS service, call.campaign_id, campaign.name AS campaign_name,
    record.service_advisor_id AS advisor_id, coalesce(advisor.name, record.service_advisor_name) AS advisor_name,
    call.nps_score,
    (ARRAY['detractor', 'passive', 'promoter'])[call.band + 1] AS band,
    feedback.content, feedback.positives, feedback.detractors, feedback.action_items
"""
FEEDBACK: Final = "call_feedback AS feedback ON feedback.call_id = call.id"


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a list: that of the last call that somebody has seen."""

    began: str
    """ISO 8601, or `infinity` for a call that is still to come."""
    call_id: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which page of which list."""

    organization_id: str
    filters: Filters
    rows: int
    newest_first: bool = True
    after: Position | None = None


def read_calls(session: Session, wanted: Wanted) -> str:
    """A page of calls: a JSON list."""
    return _read(session, wanted, CALL_COLUMNS, "")


def read_feedback(session: Session, wanted: Wanted) -> str:
    """A page of calls that have feedback, with it: a JSON list."""
    return _read(session, wanted, FEEDBACK_COLUMNS, f"JOIN {FEEDBACK}")


def _read(session: Session, wanted: Wanted, columns: str, feedback: str) -> str:
    statement = _statement(
        columns, feedback, tuple(sorted(wanted.filters)), wanted.newest_first, wanted.after is not None
    )
    values = {"organization": wanted.organization_id, "rows": wanted.rows, **wanted.filters}
    if wanted.after:
        values |= {"after_began": wanted.after.began, "after_id": wanted.after.call_id}
    return str(session.execute(statement, values).scalar_one())


@cache
def _statement(columns: str, feedback: str, names: tuple[str, ...], newest_first: bool, after: bool) -> TextClause:
    """The calls of the page first, then what is shown of them: only a page's rows are looked up in other tables."""
    direction = "DESC" if newest_first else "ASC"
    beyond = f"AND ({BEGAN}, call.id) {'<' if newest_first else '>'} (CAST(:after_began AS timestamptz), :after_id)"
    return text(f"""
        SELECT coalesce(json_agg(page), '[]')::text FROM (
            SELECT {columns} FROM (
                SELECT call.*, {BAND} AS band FROM call {record_if_needed(names)} {feedback}
                WHERE {where(names)} {beyond if after else ""}
                ORDER BY {BEGAN} {direction}, call.id {direction} LIMIT :rows
            ) AS call {CALL_TABLES} {f"LEFT {feedback}" if feedback else ""}
            ORDER BY {BEGAN} {direction}, call.id {direction}
        ) AS page
    """)  # noqa: S608 - made of constants
