"""What is stored of the calls that Vapi lists, and which stored calls a list of Vapi's lacks."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import text

from autopulse.db.calls import NumberOwner
from autopulse.db.engine import Transaction
from autopulse.db.reconciliation import BEGAN, LONGEST, STATUS_AT, as_interval, as_time
from autopulse.db.statement_parameters import as_array, as_rows

MOST_LISTED: Final = 1000
"""The maximum number of calls per comparison that we have and Vapi's list lacks."""


@dataclass(frozen=True, slots=True)
class StoredCall:
    """What is stored of one call at Vapi."""

    call_id: int | None
    """The id of the row that it is linked to; None if there is none."""
    expected_by: int | None
    """The id of the row that Vapi's record names, if the row exists and the link was not removed by an operator."""
    expects_inbound: bool
    """Whether that row waits for an inbound call."""
    status: str | None
    """The value of the attempt, else of the row."""
    has_attempt: bool
    ended: bool
    reported: bool
    has_turns: bool
    has_answers: bool
    ended_reason: str | None
    nps_score: int | None


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored of the calls of a page, and the owners of the calls."""

    calls: Mapping[str, StoredCall]
    owners: Mapping[str, NumberOwner]


@dataclass(frozen=True, slots=True)
class UnlistedCall:
    """A call that we have and that is not in Vapi's list."""

    call_id: int
    vapi_call_id: str
    status: str | None


# Lookups by key for each row of the page: for joins, the planner might read whole tables.
_STORED = text("""
    SELECT
        (SELECT json_agg(json_build_array(
            page.vapi_call_id, coalesce(attempt.call_id, linked.id), named.id,
            coalesce(named.direction = 'inbound', false),
            CASE WHEN attempt.reported_at IS NOT NULL THEN 'Completed' ELSE coalesce(attempt.status, linked.status) END,
            attempt.call_id IS NOT NULL, attempt.ended_at IS NOT NULL, attempt.reported_at IS NOT NULL,
            coalesce(attempt.report_has_turns, false), coalesce(attempt.report_has_answers, false),
            attempt.ended_reason, attempt.nps_score))
        FROM json_to_recordset(CAST(:calls AS json)) AS page (vapi_call_id text, call_id integer)
        LEFT JOIN LATERAL (
            SELECT * FROM vapi_call WHERE vapi_call_id = page.vapi_call_id AND vapi_call_id <> '' OFFSET 0
        ) AS attempt ON true
        LEFT JOIN LATERAL (SELECT * FROM call WHERE vapi_call_id = page.vapi_call_id OFFSET 0) AS linked ON true
        LEFT JOIN LATERAL (
            SELECT * FROM call WHERE id = page.call_id AND (
                SELECT count(*) FROM refused_link
                WHERE refused_link.vapi_call_id = page.vapi_call_id AND refused_link.call_id = page.call_id) = 0
            OFFSET 0
        ) AS named ON true),
        (SELECT json_agg(json_build_array(id, organization_id, ignored)) FROM vapi_number
        WHERE id = ANY (ARRAY(SELECT json_array_elements_text(CAST(:owner_ids AS json)))))
""")
_UNLISTED: Final = f"""
    (SELECT call_id, vapi_call_id, CASE WHEN reported_at IS NULL THEN status ELSE 'Completed' END AS status
    FROM vapi_call AS attempt
    WHERE attempt.{{report}} AND attempt.vapi_call_id <> '' AND attempt.created_at IS NOT NULL
        AND {BEGAN} > CAST(:since AS timestamptz) AND {BEGAN} <= CAST(:until AS timestamptz)
        AND attempt.vapi_call_id <> ALL (ARRAY(SELECT json_array_elements_text(CAST(:listed AS json))))
    ORDER BY {BEGAN} DESC LIMIT :rows)
"""  # noqa: S608
_NOT_LISTED = text(f"""
    {_UNLISTED.format(report="reported_at IS NULL")} UNION ALL {_UNLISTED.format(report="report_event_id IS NOT NULL")}
    ORDER BY call_id LIMIT :rows
""")
_VAPI_IDS = text(f"""
    SELECT link.call_id, link.vapi_call_id, CASE WHEN attempt.ended_at IS NULL AND attempt.reported_at IS NULL
        THEN coalesce(attempt.in_progress_at, {STATUS_AT}) + {LONGEST} END
    FROM (
        SELECT call_id, vapi_call_id FROM vapi_call
        WHERE call_id = ANY (CAST(:call_ids AS integer[])) AND vapi_call_id <> ''
        UNION
        SELECT id, vapi_call_id FROM call
        WHERE id = ANY (CAST(:call_ids AS integer[])) AND vapi_call_id IS NOT NULL
        UNION
        SELECT call_id, vapi_call_id FROM vapi_call
        WHERE vapi_call_id = ANY (ARRAY(SELECT json_array_elements_text(CAST(:vapi_call_ids AS json))))
            AND vapi_call_id <> ''
        UNION
        -- In this order, or a small table would be read whole.
        (SELECT id, vapi_call_id FROM call
        WHERE vapi_call_id = ANY (ARRAY(SELECT json_array_elements_text(CAST(:vapi_call_ids AS json))))
        ORDER BY vapi_call_id)
    ) AS link
    LEFT JOIN LATERAL (
        SELECT * FROM vapi_call
        WHERE vapi_call.call_id = link.call_id AND vapi_call.vapi_call_id = link.vapi_call_id OFFSET 0
    ) AS attempt ON true
    ORDER BY link.call_id, link.vapi_call_id
""")  # noqa: S608 - made of constants
_ROWS = text("SELECT id FROM call WHERE id = ANY (CAST(:call_ids AS integer[]))")


@dataclass(frozen=True, slots=True)
class VapiId:
    """A Vapi call that is linked to a row."""

    call_id: int
    vapi_call_id: str
    ends_by: datetime | None
    """The time at which it must have ended; None if it has ended, or nothing is known of it."""


def read_stored(
    transaction: Transaction, calls: Collection[tuple[str, int | None]], owner_ids: Collection[str]
) -> Stored:
    """What is stored of these calls, each given by Vapi's id and the call id that its record contains."""
    rows = [{"vapi_call_id": vapi_call_id, "call_id": call_id} for vapi_call_id, call_id in calls]
    found, owners = transaction.execute(_STORED, {"calls": as_rows(rows), "owner_ids": as_rows(owner_ids)}).one()
    return Stored(
        {vapi_call_id: StoredCall(*stored) for vapi_call_id, *stored in found or ()},
        {id_: NumberOwner(*owner) for id_, *owner in owners or ()},
    )


def find_unlisted(
    transaction: Transaction, listed: Collection[str], since: datetime, until: datetime
) -> list[UnlistedCall]:
    """Calls that began after `since` and not after `until`, and that Vapi has not listed."""
    values = {"since": as_time(since), "until": as_time(until), "listed": as_rows(listed), "rows": MOST_LISTED}
    return [UnlistedCall(*row) for row in transaction.execute(_NOT_LISTED, values)]


def find_vapi_ids(
    transaction: Transaction, call_ids: Collection[int], vapi_call_ids: Collection[str], longest_call: timedelta
) -> list[VapiId]:
    """All Vapi calls that are linked to these rows, or to the rows of these Vapi calls."""
    values = {
        "call_ids": as_array(call_ids),
        "vapi_call_ids": as_rows(vapi_call_ids),
        "longest": as_interval(longest_call),
    }
    return [VapiId(*row) for row in transaction.execute(_VAPI_IDS, values)]


def find_rows(transaction: Transaction, call_ids: Collection[int]) -> frozenset[int]:
    """The given ids that have a row."""
    return frozenset(transaction.execute(_ROWS, {"call_ids": as_array(call_ids)}).scalars())
