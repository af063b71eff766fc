"""Find, create, lock and write calls and their facts, a whole batch in each statement."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from autopulse.db.facts import FACT_COLUMNS, FACT_NAMES, facts_as_json
from autopulse.db.parameters import as_array, as_rows
from autopulse.domain.facts import NOTHING, CallState, Facts, owned_columns
from autopulse.domain.status import READY

UNKNOWN_NUMBER: Final = "unknown"
"""`call.customer_number` of a call that we created before anything told the number."""


@dataclass(frozen=True, slots=True)
class LockedCall:
    """A call's row under our lock."""

    id: int
    vapi_call_id: str | None
    organization_id: str
    service_record_id: int | None
    status: str
    customer_number: str


@dataclass(frozen=True, slots=True)
class ReportedValues:
    """Columns of `call` that only reports write: the winning report's, nulls included."""

    nps_score: int | None
    feedback_summary: str | None
    recording_url: str | None
    cost: Decimal | None
    call_reason: str | None


@dataclass(frozen=True, slots=True)
class CallRow:
    """What to write of one call."""

    call_id: int
    vapi_call_id: str | None
    """A link to record, if the row has none."""
    customer_number: str | None
    """Fills in a number that was unknown."""
    facts: Facts
    state: CallState
    reported: ReportedValues | None
    """None leaves those columns as they are."""
    reason_known: bool
    """Whether `call_reason` is the winning report's from now on, null included."""


@dataclass(frozen=True, slots=True)
class NewCall:
    """A call that the application did not create."""

    vapi_call_id: str
    organization_id: str
    direction: str
    customer_number: str


@dataclass(frozen=True, slots=True)
class NumberOwner:
    """Whose calls a Vapi phone number or assistant takes."""

    organization_id: str | None
    ignored: bool


@dataclass(frozen=True, slots=True)
class Locked:
    """What a batch's ids lead to."""

    calls: Sequence[LockedCall]
    owners: Mapping[str, NumberOwner]
    """By Vapi's phone number id or assistant id."""


_LOCK = text("""
    SELECT
        (SELECT json_agg(json_build_array(
            id, vapi_call_id, organization_id, service_record_id, status, customer_number))
        FROM (
            SELECT * FROM call
            WHERE id = ANY (CAST(:call_ids AS integer[]))
                OR vapi_call_id = ANY (ARRAY(SELECT json_array_elements_text(CAST(:vapi_call_ids AS json))))
            ORDER BY id + 0  -- by a sort: in the order of its index, a small table would be read whole
            FOR UPDATE
        ) AS locked),
        (SELECT json_agg(json_build_array(id, organization_id, ignored)) FROM vapi_number
        WHERE id = ANY (ARRAY(SELECT json_array_elements_text(CAST(:owner_ids AS json)))))
""")

_CREATE = text("""
    INSERT INTO call (organization_id, vapi_call_id, status, direction, customer_number, updated_at)
    SELECT organization_id, vapi_call_id, :status, direction, customer_number, now()
    FROM json_to_recordset(CAST(:calls AS json))
        AS new (organization_id uuid, vapi_call_id text, direction text, customer_number text)
    ORDER BY vapi_call_id
    ON CONFLICT (vapi_call_id) DO NOTHING
""")

# One statement for both tables; columns of the application's that no message has given yet keep their values.
_SAVE = text(f"""
    WITH news AS MATERIALIZED (
        SELECT * FROM json_to_recordset(CAST(:rows AS json)) AS row (
            call_id integer, {FACT_COLUMNS},
            vapi_call_id text, customer_number text, owned text[], call_status text, start_time timestamptz,
            end_time timestamptz, duration_sec integer, ended_reason text, outcome text, reported boolean,
            nps_score integer, feedback_summary text, recording_url text, cost numeric, call_reason text,
            has_facts boolean, reason_known boolean
        )
    ), facts AS (
        INSERT INTO vapi_call (call_id, {", ".join(FACT_NAMES)})
        SELECT call_id, {", ".join(FACT_NAMES)} FROM news WHERE has_facts ORDER BY call_id
        ON CONFLICT (call_id) DO UPDATE SET {", ".join(f"{name} = EXCLUDED.{name}" for name in FACT_NAMES)}
    )
    UPDATE call SET
        vapi_call_id = coalesce(call.vapi_call_id, news.vapi_call_id),
        customer_number = CASE WHEN call.customer_number = :unknown_number
            THEN coalesce(news.customer_number, call.customer_number) ELSE call.customer_number END,
        status = coalesce(news.call_status, call.status),
        start_time = CASE WHEN 'start_time' = ANY (owned) THEN news.start_time ELSE call.start_time END,
        end_time = CASE WHEN 'end_time' = ANY (owned) THEN news.end_time ELSE call.end_time END,
        duration_sec = CASE WHEN 'duration_sec' = ANY (owned) THEN news.duration_sec ELSE call.duration_sec END,
        ended_reason = CASE WHEN 'ended_reason' = ANY (owned) THEN news.ended_reason ELSE call.ended_reason END,
        outcome = news.outcome,
        nps_score = CASE WHEN reported THEN news.nps_score ELSE call.nps_score END,
        feedback_summary = CASE WHEN reported THEN news.feedback_summary ELSE call.feedback_summary END,
        recording_url = CASE WHEN reported THEN news.recording_url ELSE call.recording_url END,
        cost = CASE WHEN reported THEN news.cost ELSE call.cost END,
        call_reason = CASE WHEN reason_known THEN news.call_reason ELSE call.call_reason END,
        updated_at = now()
    FROM news
    WHERE call.id = news.call_id
        -- The planner cannot see how few rows there are, and would read the whole table.
        AND call.id = ANY (CAST(:call_ids AS integer[]))
""")  # noqa: S608 - the names that it is built from are the constants above


def lock_calls(
    session: Session, call_ids: Collection[int], vapi_call_ids: Collection[str], owner_ids: Collection[str]
) -> Locked:
    """Lock every call of either id, in the order of the ids: one order for all, so that none waits in a circle.

    In the same round trip, whose the Vapi phone numbers and assistants of `owner_ids` are.
    """
    values = {
        "call_ids": as_array(call_ids),
        "vapi_call_ids": as_rows(vapi_call_ids),
        "owner_ids": as_rows(owner_ids),
    }
    calls, owners = session.execute(_LOCK, values).one()
    return Locked(
        [LockedCall(*call) for call in calls or ()], {id_: NumberOwner(*owner) for id_, *owner in owners or ()}
    )


def create_calls(session: Session, calls: Iterable[NewCall]) -> None:
    """Create calls that the application did not; one that somebody else created meanwhile is left as it is."""
    rows = [
        {
            "organization_id": call.organization_id,
            "vapi_call_id": call.vapi_call_id,
            "direction": call.direction,
            "customer_number": call.customer_number,
        }
        for call in calls
    ]
    session.execute(_CREATE, {"calls": as_rows(rows), "status": READY})


def save_calls(session: Session, rows: Sequence[CallRow]) -> None:
    """Write facts, and what people see."""
    values = {"rows": as_rows(map(_as_json, rows)), "call_ids": as_array(row.call_id for row in rows)}
    session.execute(_SAVE, {**values, "unknown_number": UNKNOWN_NUMBER})


def _as_json(row: CallRow) -> dict[str, Any]:
    return {
        "call_id": row.call_id,
        "has_facts": row.facts != NOTHING,
        **facts_as_json(row.facts),
        **_state_as_json(row),
    }


def _state_as_json(row: CallRow) -> dict[str, Any]:
    state, reported = row.state, row.reported
    values: dict[str, Any] = {
        "vapi_call_id": row.vapi_call_id,
        "customer_number": row.customer_number,
        "owned": list(owned_columns(row.facts)),
        "call_status": state.status,
        "start_time": state.start_time,
        "end_time": state.end_time,
        "duration_sec": state.duration_sec,
        "ended_reason": state.ended_reason,
        "outcome": state.outcome.value if state.outcome else None,
        "reported": reported is not None,
        "reason_known": row.reason_known,
    }
    if reported is not None:
        values |= {
            "nps_score": reported.nps_score,
            "feedback_summary": reported.feedback_summary,
            "recording_url": reported.recording_url,
            "cost": reported.cost,
            "call_reason": reported.call_reason,
        }
    return values
