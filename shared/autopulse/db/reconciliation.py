"""Find suspicious calls, and record the requests to Vapi about them.

The statement that finds a suspicious call also claims it: if two sweeps run at the same time, one waits for the other's
claim, and then skips the call. Each reason has a schedule of requests; after its end the call is not requested again.

Vapi keeps a call for 14 days, so calls that began more than thirteen and a half days ago are not searched.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import TextClause, text

from autopulse.db.engine import Transaction
from autopulse.db.statement_parameters import as_rows
from autopulse.domain.reconciliation import WINDOW
from autopulse.domain.status import ENDED, IN_PROGRESS, OVER

NO_CALL: Final = 0
"""The call id of a claim about a call without a row."""
NO_ID: Final = ""
"""The Vapi id of a claim about a call without one."""

_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
AS_UNKNOWN_CALLS_ARE: Final = (_HOUR, _DAY - _HOUR)
"""The pauses between requests for a call that Vapi does not have: after three requests it counts as missing."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A claimed call: no other sweep requests it for this reason before its next scheduled time."""

    call_id: int
    vapi_call_id: str
    tries: int
    """The number of requests, this one included."""
    is_last: bool
    ends_by: datetime | None = None
    """The time at which a call in progress must have ended; None if that is not known."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """The time of a search, and its limits."""

    now: datetime
    rows: int
    """The maximum number of calls per reason; the next sweep finds the rest."""
    longest_call: timedelta
    """The maximum duration of a call."""


# The calls that may be requested: those that were not requested yet, or whose next time has come. A subquery for a
# value, because the planner might implement a join by reading all claims.
_DUE: Final = """
    coalesce((
        SELECT coalesce(next_at <= CAST(:now AS timestamptz), false) FROM reconciliation_request
        WHERE reconciliation_request.call_id = {call_id} AND reconciliation_request.vapi_call_id = {vapi_call_id}
            AND reconciliation_request.reason = :reason), true)
"""
_CLAIM: Final = """
    WITH suspicious AS MATERIALIZED ({suspicious}), claimed AS (
        INSERT INTO reconciliation_request AS claim (call_id, vapi_call_id, reason, tries, asked_at, next_at)
        SELECT call_id, vapi_call_id, :reason, 1, CAST(:now AS timestamptz),
            CAST(:now AS timestamptz) + (CAST(:pace AS interval[]))[1]
        FROM suspicious ORDER BY call_id, vapi_call_id
        ON CONFLICT (call_id, vapi_call_id, reason) DO UPDATE SET
            tries = claim.tries + 1, asked_at = EXCLUDED.asked_at,
            next_at = EXCLUDED.asked_at + (CAST(:pace AS interval[]))[claim.tries + 1]  -- null beyond its end
        WHERE claim.next_at <= EXCLUDED.asked_at
        RETURNING call_id, vapi_call_id, tries, next_at
    )
    SELECT call_id, vapi_call_id, tries, next_at IS NULL, ends_by
    FROM claimed JOIN suspicious USING (call_id, vapi_call_id) ORDER BY call_id, vapi_call_id
"""

BEGAN: Final = "coalesce(attempt.created_at, attempt.first_at)"
STATUS_AT: Final = "coalesce(attempt.status_at, attempt.first_at, attempt.created_at)"
_ATTEMPT: Final = f"""
    SELECT attempt.call_id, attempt.vapi_call_id, {{ends_by}} AS ends_by FROM vapi_call AS attempt
    WHERE attempt.reported_at IS NULL AND attempt.vapi_call_id <> ''
        AND {BEGAN} > CAST(:now AS timestamptz) - CAST(:window AS interval) AND attempt.reconciliation IS NULL
        AND ({{condition}}) AND {_DUE.format(call_id="attempt.call_id", vapi_call_id="attempt.vapi_call_id")}
    ORDER BY {BEGAN} LIMIT :rows
"""  # noqa: S608 - made of constants, as all statements of this file
_WAITING: Final = "'Queued', 'Ringing', 'Forwarding'"
_OPEN: Final = f"status NOT IN {OVER}"
# The condition of the index is repeated literally; otherwise Postgres does not recognise that it holds.
_LINKED: Final = f"""
    SELECT call.id AS call_id, call.vapi_call_id, CAST(NULL AS timestamptz) AS ends_by FROM call
    WHERE call.vapi_call_id IS NOT NULL AND call.{_OPEN}
        AND call.updated_at > CAST(:now AS timestamptz) - CAST(:window AS interval)
        AND call.updated_at <= CAST(:now AS timestamptz) - interval '10 minutes'
        AND (call.status <> 'Scheduled' OR call.updated_at <= CAST(:now AS timestamptz) - interval '1 hour')
        AND (SELECT count(*) FROM vapi_call AS attempt
            WHERE attempt.call_id = call.id AND attempt.vapi_call_id = call.vapi_call_id) = 0
        AND {_DUE.format(call_id="call.id", vapi_call_id="call.vapi_call_id")}
    ORDER BY call.updated_at LIMIT :rows
"""  # noqa: S608


def _suspicious(condition: str, ends_by: str = "CAST(NULL AS timestamptz)") -> TextClause:
    attempts = _ATTEMPT.format(condition=condition, ends_by=ends_by)
    return text(_CLAIM.format(suspicious=attempts))


_NOW: Final = "CAST(:now AS timestamptz)"
LONGEST: Final = "CAST(:longest AS interval)"
_NO_REPORT = _suspicious(f"attempt.ended_at <= {_NOW} - interval '10 minutes'")
_NO_NEWS = _suspicious(
    f"attempt.ended_at IS NULL AND attempt.status = '{IN_PROGRESS}'"
    f" AND greatest(attempt.status_at, attempt.in_progress_at) <= {_NOW} - {LONGEST} - interval '15 minutes'",
    f"attempt.in_progress_at + {LONGEST}",
)
_NOT_ANSWERED = _suspicious(
    f"attempt.ended_at IS NULL AND attempt.status IN ({_WAITING}) AND {STATUS_AT} <= {_NOW} - interval '15 minutes'",
    f"{STATUS_AT} + {LONGEST}",
)
_NOT_STARTED = _suspicious(
    "attempt.ended_at IS NULL AND (attempt.status IS NULL"
    f" OR attempt.status NOT IN ('{IN_PROGRESS}', '{ENDED}', {_WAITING}))"
    f" AND {STATUS_AT} <= {_NOW} - interval '10 minutes'"
    f" AND (attempt.status IS DISTINCT FROM 'Scheduled' OR {STATUS_AT} <= {_NOW} - interval '1 hour')"
)
_LINKED_ONLY = text(_CLAIM.format(suspicious=_LINKED))
_NO_ANALYSIS = text(
    _CLAIM.format(
        suspicious=f"""
    SELECT attempt.call_id, attempt.vapi_call_id, CAST(NULL AS timestamptz) AS ends_by FROM vapi_call AS attempt
    WHERE attempt.report_has_answers = false AND attempt.vapi_call_id <> ''
        AND attempt.reported_at > {_NOW} - interval '26 hours'
        AND attempt.reported_at <= {_NOW} - interval '2 minutes'
        AND attempt.human_turn AND attempt.outcome = 'reached'
        AND {_DUE.format(call_id="attempt.call_id", vapi_call_id="attempt.vapi_call_id")}
    ORDER BY attempt.reported_at LIMIT :rows
"""  # noqa: S608
    )
)
_NOT_LINKED = text(
    _CLAIM.format(
        suspicious=f"""
    SELECT call.id AS call_id, CAST('' AS text) AS vapi_call_id, call.updated_at AS ends_by FROM call
    WHERE call.vapi_call_id IS NULL AND call.{_OPEN} AND call.direction = 'outbound'
        AND call.updated_at > {_NOW} - interval '24 hours' AND call.updated_at <= {_NOW} - interval '10 minutes'
        AND (SELECT count(*) FROM vapi_call AS attempt WHERE attempt.call_id = call.id) = 0
        AND {_DUE.format(call_id="call.id", vapi_call_id="CAST('' AS text)")}
    ORDER BY call.updated_at LIMIT :rows
"""  # noqa: S608
    )
)
# Suspicious calls that were found elsewhere: by a comparison, or in a dead letter.
_NAMED = text(
    _CLAIM.format(
        suspicious="""
    SELECT DISTINCT ON (call_id, vapi_call_id) call_id, vapi_call_id, CAST(NULL AS timestamptz) AS ends_by
    FROM json_to_recordset(CAST(:calls AS json)) AS row (call_id integer, vapi_call_id text)
"""
    )
)
# One claim for all calls without an id, and without an end: it schedules the walks through Vapi's list for them.
_TURN = text("""
    INSERT INTO reconciliation_request AS claim (call_id, vapi_call_id, reason, tries, asked_at, next_at)
    VALUES (0, '', :reason, 1, CAST(:now AS timestamptz), CAST(:next AS timestamptz))
    ON CONFLICT (call_id, vapi_call_id, reason) DO UPDATE SET
        asked_at = EXCLUDED.asked_at, next_at = EXCLUDED.next_at, tries = 1
    WHERE claim.next_at <= EXCLUDED.asked_at
    RETURNING 1
""")
_KNOWN_TO_VAPI = text("""
    SELECT vapi_call_id FROM webhook_event
    WHERE received_at > CAST(:now AS timestamptz) - CAST(:window AS interval)
        AND kind = 'end_of_call_report' AND vapi_call_id IS NOT NULL
    ORDER BY received_at DESC LIMIT 1
""")
_FORGET = text("""
    DELETE FROM reconciliation_request WHERE asked_at < CAST(:now AS timestamptz) - CAST(:age AS interval)
""")


def claim_calls_without_a_report(transaction: Transaction, reason: str, lookup: Lookup) -> list[Claim]:
    """Claim attempts that ended at least 10 minutes ago and have no report."""
    return _claim(transaction, _NO_REPORT, reason, AS_UNKNOWN_CALLS_ARE, lookup)


def claim_calls_without_news(transaction: Transaction, reason: str, lookup: Lookup) -> list[Claim]:
    """Claim attempts in progress that must have ended at least 15 minutes ago."""
    return _claim(transaction, _NO_NEWS, reason, AS_UNKNOWN_CALLS_ARE, lookup, longest=as_interval(lookup.longest_call))


def claim_calls_not_answered(transaction: Transaction, reason: str, lookup: Lookup) -> list[Claim]:
    """Claim attempts that have been queued, ringing or forwarded for 15 minutes."""
    values = {"longest": as_interval(lookup.longest_call)}
    return _claim(transaction, _NOT_ANSWERED, reason, AS_UNKNOWN_CALLS_ARE, lookup, **values)


def claim_calls_not_started(transaction: Transaction, reason: str, lookup: Lookup) -> list[Claim]:
    """Claim calls with a Vapi id that had no further message for 10 minutes; for an hour, if they are scheduled."""
    told = _claim(transaction, _NOT_STARTED, reason, AS_UNKNOWN_CALLS_ARE, lookup)
    return told + _claim(transaction, _LINKED_ONLY, reason, AS_UNKNOWN_CALLS_ARE, lookup)


def claim_calls_without_answers(transaction: Transaction, reason: str, lookup: Lookup) -> list[Claim]:
    """Claim attempts that reached the customer and whose report has no answers: 2 min, 15 min and 24 h after it."""
    pace = (timedelta(minutes=13), timedelta(hours=23, minutes=45))
    return _claim(transaction, _NO_ANALYSIS, reason, pace, lookup)


@dataclass(frozen=True, slots=True)
class Unlinked:
    """Calls that may have been dialled and have no Vapi id."""

    call_ids: tuple[int, ...]
    since: datetime
    """When the oldest of them was created."""


def claim_calls_not_linked(transaction: Transaction, reason: str, lookup: Lookup) -> Unlinked | None:
    """Find outbound calls of the last day that have not ended and have no Vapi id; each is returned ever more rarely.

    None if there are none, or if this was done within the last hour.
    """
    now = lookup.now
    if not transaction.execute(_TURN, {"reason": reason, "now": as_time(now), "next": as_time(now + _HOUR)}).first():
        return None
    pace = (2 * _HOUR, 4 * _HOUR, 8 * _HOUR)
    found = _claim(transaction, _NOT_LINKED, reason, pace, lookup)
    if not found:
        return None
    return Unlinked(tuple(claim.call_id for claim in found), min(claim.ends_by or now for claim in found))


def claim_named_calls(
    transaction: Transaction,
    reason: str,
    calls: Collection[tuple[int, str]],
    pace: Sequence[timedelta],
    now: datetime,
) -> list[Claim]:
    """Claim those of these calls, given by our id (or NO_CALL) and Vapi's (or NO_ID), that the schedule allows now."""
    if not calls:
        return []
    rows = [{"call_id": call_id, "vapi_call_id": vapi_call_id} for call_id, vapi_call_id in calls]
    values = {"reason": reason, "now": as_time(now), "pace": _intervals(pace), "calls": as_rows(rows)}
    return [Claim(*row) for row in transaction.execute(_NAMED, values)]


def find_call_known_to_vapi(transaction: Transaction, now: datetime) -> str | None:
    """Vapi's id of a call that Vapi has reported recently; None if there is none."""
    values = {"now": as_time(now), "window": as_interval(WINDOW)}
    return transaction.execute(_KNOWN_TO_VAPI, values).scalar_one_or_none()


def forget_old_claims(transaction: Transaction, now: datetime, age: timedelta) -> int:
    """Delete claims older than `age`; returns the number deleted."""
    return transaction.execute(_FORGET, {"now": as_time(now), "age": as_interval(age)}).rowcount


def _claim(
    transaction: Transaction,
    statement: TextClause,
    reason: str,
    pace: Sequence[timedelta],
    lookup: Lookup,
    **values: str,
) -> list[Claim]:
    usual: dict[str, Any] = {
        "reason": reason,
        "now": as_time(lookup.now),
        "pace": _intervals(pace),
        "rows": lookup.rows,
        "window": as_interval(WINDOW),
    }
    names = set(statement.compile().params)
    given = {name: value for name, value in (usual | values).items() if name in names}
    return [Claim(*row) for row in transaction.execute(statement, given)]


def as_time(moment: datetime) -> str:
    """A time as a parameter of a statement."""
    return moment.isoformat()


def as_interval(span: timedelta) -> str:
    """A span as a parameter of a statement: seconds."""
    return f"{span.total_seconds()} seconds"


def _intervals(spans: Sequence[timedelta]) -> str:
    return f"{{{','.join(map(as_interval, spans))}}}"
