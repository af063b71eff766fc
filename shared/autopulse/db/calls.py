"""Find, create, lock and write calls and their attempts, with one statement for a whole batch."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import TextClause, text

from autopulse.db.engine import Transaction, execute
from autopulse.db.facts import (
    ATTEMPT_COLUMNS,
    ATTEMPT_NAMES,
    OF_REPORTS_AND_LISTS,
    attempt_as_json,
    feedback_as_json,
    read_stored_cost,
    read_stored_time,
)
from autopulse.db.quality import QUALITY_WRITTEN, quality_as_json
from autopulse.db.statement_parameters import as_array, as_rows
from autopulse.domain.attempts import NAMES, CallColumns, Original
from autopulse.domain.facts import Facts, Identity
from autopulse.domain.outcome import Outcome
from autopulse.domain.status import READY

ERASED: Final = "erased"
"""Replaces erased values in columns that may not be null."""
UNKNOWN_NUMBER: Final = "unknown"
"""`call.customer_number` of a call that we created before any message gave the number."""

CALL_COLUMNS: Final = """
    status varchar, start_time timestamptz, end_time timestamptz, duration_sec integer, ended_reason text,
    outcome varchar, nps_score integer, call_reason varchar, feedback_summary text, recording_url text, cost numeric
"""
"""The columns of `call` that follow the attempts (`domain.attempts.CallColumns`), for `json_to_recordset`."""
_OUTCOMES: Final = {outcome.value: outcome for outcome in Outcome}


class LinkedAttempt(NamedTuple):
    """An attempt of a call, with the columns that identities need."""

    vapi_call_id: str
    made_call: bool
    """Whether we created the call's row for it."""
    identity: Identity
    """The call's identity; only its type and its constant ids are read."""


@dataclass(slots=True)
class LockedCall:
    """A row of `call` that this transaction has locked."""

    id: int
    vapi_call_id: str | None
    organization_id: str
    service_record_id: int | None
    advisor_id: int | None
    """The service advisor of its visit."""
    customer_number: str
    direction: str
    is_web: bool
    columns: CallColumns
    attempts: Sequence[LinkedAttempt]
    """The attempts as they were before the lock was granted."""

    @property
    def is_erased(self) -> bool:
        """Whether the call was erased, and the application has not set a number since."""
        return self.customer_number == ERASED

    @property
    def made_by_us(self) -> LinkedAttempt | None:
        """The attempt for which we created the row; None if the application created it, or uses it now."""
        return self.attempts[0] if len(self.attempts) == 1 and self.attempts[0].made_call else None


class AttemptRow(NamedTuple):
    """The columns to write for one attempt."""

    call_id: int
    vapi_call_id: str
    made_call: bool
    facts: Facts
    columns: CallColumns


class CallRow(NamedTuple):
    """The columns to write for one call."""

    id: int
    vapi_call_id: str | None
    organization_id: str
    customer_number: str
    direction: str
    is_web: bool
    columns: CallColumns


class NewCall(NamedTuple):
    """A call to create, which the application did not create."""

    vapi_call_id: str
    organization_id: str
    direction: str
    is_web: bool
    customer_number: str


class NumberOwner(NamedTuple):
    """The owner of the calls of a Vapi phone number, assistant, squad or workflow."""

    organization_id: str | None
    ignored: bool


class Locked(NamedTuple):
    """The rows that are locked for a batch, and the rows that its ids name."""

    calls: Sequence[LockedCall]
    owners: Mapping[str, NumberOwner]
    """The owners, by Vapi's id of a phone number, an assistant, a squad or a workflow."""
    service_records: frozenset[int]
    """The ids of the locked service records."""
    refused_links: frozenset[tuple[int, str]]
    """Pairs of a row's id and the Vapi id of a call that an operator has unlinked from it."""
    tombstones: Mapping[str, datetime]
    """Pseudonym of an id in the batch -> when its call was erased; ids of other calls are not in it."""


# Service records are locked before calls, as the application's ORM writes a visit before its calls; the opposite order
# could deadlock with it. They are needed if a report exists or arrives, if a row of ours with a report may be taken
# over, and if the application had finished a call of which this is the first message. NO KEY allows other transactions
# to insert rows that refer to these.
_LOCK = text(f"""
    WITH named AS MATERIALIZED (
        SELECT id FROM unnest(CAST(:call_ids AS integer[])) AS id
        UNION
        SELECT call_id FROM vapi_call
        WHERE vapi_call_id = ANY (ARRAY(SELECT json_array_elements_text(CAST(:vapi_call_ids AS json))))
            AND vapi_call_id <> ''
        UNION
        -- Those that the application has linked. In this order, or a small table would be read whole.
        (SELECT id FROM call
        WHERE vapi_call_id = ANY (ARRAY(SELECT json_array_elements_text(CAST(:vapi_call_ids AS json))))
        ORDER BY vapi_call_id)
    ), attempts AS MATERIALIZED (
        SELECT * FROM vapi_call WHERE call_id = ANY (ARRAY(SELECT id FROM named))
    ), service_records AS MATERIALIZED (
        SELECT coalesce(json_agg(id), '[]') AS ids FROM (
            SELECT id FROM service_record
            WHERE id = ANY (ARRAY(
                SELECT service_record_id FROM call WHERE id = ANY (ARRAY(SELECT id FROM named)) AND (
                    :reports OR id = ANY (ARRAY(SELECT call_id FROM attempts WHERE reported_at IS NOT NULL))
                    OR EXISTS (SELECT FROM attempts WHERE made_call AND reported_at IS NOT NULL)
                    OR ((nps_score IS NOT NULL OR status = 'Completed')
                        AND id <> ALL (ARRAY(SELECT call_id FROM attempts))))))
            ORDER BY id + 0
            FOR NO KEY UPDATE
        ) AS followed
    )
    SELECT
        (SELECT json_agg(json_build_array(
            id, vapi_call_id, organization_id, service_record_id,
            (SELECT service_advisor_id FROM service_record AS visit
            WHERE visit.id = locked.service_record_id AND visit.organization_id = locked.organization_id),
            customer_number, direction, is_web,
            {", ".join(NAMES)},
            (SELECT json_agg(json_build_array(
                    vapi_call_id, made_call, call_type, phone_number_id, assistant_id, squad_id, workflow_id)
                ORDER BY vapi_call_id)
            FROM attempts WHERE attempts.call_id = locked.id)))
        FROM (
            SELECT * FROM call
            WHERE id = ANY (ARRAY(SELECT id FROM named)) AND (SELECT ids FROM service_records) IS NOT NULL
            ORDER BY id + 0  -- by a sort: in the order of its index, a small table would be read whole
            FOR NO KEY UPDATE
        ) AS locked),
        (SELECT json_agg(json_build_array(id, organization_id, ignored)) FROM vapi_number
        WHERE id = ANY (ARRAY(
            SELECT json_array_elements_text(CAST(:owner_ids AS json))
            UNION SELECT unnest(ARRAY[phone_number_id, assistant_id, squad_id, workflow_id])
            FROM attempts))),
        (SELECT ids FROM service_records),
        (SELECT json_agg(json_build_array(call_id, vapi_call_id)) FROM refused_link
        WHERE vapi_call_id = ANY (ARRAY(SELECT json_array_elements_text(CAST(:vapi_call_ids AS json))))),
        (SELECT json_agg(json_build_array(pseudonym, erased_at)) FROM erased_call
        WHERE pseudonym = ANY (ARRAY(SELECT json_array_elements_text(CAST(:pseudonyms AS json)))))
""")  # noqa: S608 - made of constants

_OWNERS = text("""
    SELECT id, organization_id::text, ignored FROM vapi_number
    WHERE id = ANY (ARRAY(SELECT json_array_elements_text(CAST(:owner_ids AS json))))
""")

_CREATE = text("""
    WITH made AS (
        INSERT INTO call (organization_id, vapi_call_id, status, direction, is_web, customer_number, updated_at)
        SELECT organization_id, vapi_call_id, :status, direction, is_web, customer_number, now()
        FROM json_to_recordset(CAST(:calls AS json))
            AS new (organization_id uuid, vapi_call_id text, direction text, is_web boolean, customer_number text)
        WHERE vapi_call_id <> ALL (ARRAY(
            SELECT vapi_call_id FROM vapi_call
            WHERE vapi_call_id = ANY (ARRAY(SELECT json_array_elements_text(CAST(:vapi_call_ids AS json))))
                AND vapi_call_id <> ''))
        ORDER BY vapi_call_id
        ON CONFLICT (vapi_call_id) WHERE vapi_call_id IS NOT NULL DO NOTHING
        RETURNING id, vapi_call_id
    )
    INSERT INTO vapi_call (call_id, vapi_call_id, made_call) SELECT id, vapi_call_id, true FROM made
""")

# The rows that belong to the call are moved before the call is deleted; foreign keys are checked when the statement
# ends. `made` lets the planner see that it need not read whole tables.
_TAKE_OVER = text("""
    WITH moved AS MATERIALIZED (
        SELECT row.* FROM json_to_recordset(CAST(:takeovers AS json)) AS row (made integer, call_id integer)
        WHERE (SELECT count(*) FROM vapi_call WHERE vapi_call.call_id = made) = 1
    ), attempt AS (
        UPDATE vapi_call SET call_id = moved.call_id, made_call = false FROM moved
        WHERE vapi_call.call_id = made AND vapi_call.call_id = ANY (CAST(:made AS integer[]))
    ), turns AS (
        UPDATE transcript SET call_id = moved.call_id FROM moved
        WHERE transcript.call_id = made AND transcript.call_id = ANY (CAST(:made AS integer[]))
    ), receipts AS (
        UPDATE webhook_event SET call_id = moved.call_id FROM moved
        WHERE webhook_event.call_id = made AND webhook_event.call_id = ANY (CAST(:made AS integer[]))
    ), incidents AS (
        INSERT INTO call_incident (call_id, kind, occurred_at)
        SELECT moved.call_id, kind, occurred_at FROM call_incident JOIN moved ON call_incident.call_id = made
        WHERE call_incident.call_id = ANY (CAST(:made AS integer[]))
        ON CONFLICT (call_id, kind, occurred_at) DO NOTHING
    ), feedback AS (
        DELETE FROM call_feedback USING moved
        WHERE call_feedback.call_id = made AND call_feedback.call_id = ANY (CAST(:made AS integer[]))
    ), gone AS (
        DELETE FROM call USING moved WHERE call.id = made AND call.id = ANY (CAST(:made AS integer[]))
    )
    SELECT made FROM moved
""")

# One statement for all of these tables. In `call` only changed rows are written.
_SAVE: Final = f"""
    WITH attempt AS MATERIALIZED (
        SELECT * FROM json_to_recordset(CAST(:attempts AS json))
            AS row (call_id integer, vapi_call_id text, {{columns}})
    ), facts AS (
        INSERT INTO vapi_call (call_id, vapi_call_id, {{names}})
        SELECT call_id, vapi_call_id, {{names}} FROM attempt ORDER BY call_id, vapi_call_id
        ON CONFLICT (call_id, vapi_call_id) DO UPDATE SET {{new}}
    ), folded AS (
        DELETE FROM vapi_call WHERE vapi_call_id = '' AND call_id = ANY (CAST(:folded AS integer[]))
    ), original AS (
        INSERT INTO call_original (call_id, {", ".join(NAMES)}, feedback)
        SELECT call_id, {", ".join(NAMES)}, feedback FROM json_to_recordset(CAST(:origins AS json))
            AS row (call_id integer, {CALL_COLUMNS}, feedback jsonb)
        ORDER BY call_id
        ON CONFLICT (call_id) DO NOTHING
    ){{more}}
    UPDATE call SET
        vapi_call_id = input.vapi_call_id, organization_id = input.organization_id,
        customer_number = input.customer_number, direction = input.direction, is_web = input.is_web,
        {", ".join(f"{name} = input.{name}" for name in NAMES)}, updated_at = now()
    FROM json_to_recordset(CAST(:calls AS json)) AS input (
        id integer, vapi_call_id text, organization_id uuid, customer_number text, direction text, is_web boolean,
        {CALL_COLUMNS})
    WHERE call.id = input.id
        -- The planner cannot see how few rows there are, and would read the whole table.
        AND call.id = ANY (CAST(:call_ids AS integer[]))
"""  # noqa: S608 - the names that it is built from are the constants above


def _saving(columns: Mapping[str, str], more: str = "") -> TextClause:
    """The statement that writes these columns of attempts: name -> definition."""
    new = ", ".join(f"{name} = EXCLUDED.{name}" for name in columns)
    return text(_SAVE.format(columns=", ".join(columns.values()), names=", ".join(columns), new=new, more=more))


_COLUMNS: Final = dict(zip(ATTEMPT_NAMES, ATTEMPT_COLUMNS.split(","), strict=True))
_SAVE_STATUSES = _saving({name: column for name, column in _COLUMNS.items() if name not in OF_REPORTS_AND_LISTS})
"""A statement with half of the columns, for batches that need no others: each column costs time in each row."""
_SAVE_FACTS = _saving(_COLUMNS)
_SAVE_REPORTS = _saving(_COLUMNS, f",{QUALITY_WRITTEN}")
"""A statement that also writes the quality data of reports; other batches have none."""


def lock_calls(  # noqa: PLR0913 - a batch needs all of it in one statement
    transaction: Transaction,
    call_ids: Collection[int],
    vapi_call_ids: Collection[str],
    owner_ids: Collection[str],
    pseudonyms: Collection[str] = (),
    *,
    reports: bool,
) -> Locked:
    """Lock all calls with one of these ids, in the order of their row ids, which prevents deadlocks.

    The service records that these calls' reports change are locked before. The same statement returns the owners of
    `owner_ids` and of the attempts' constant ids, the links of these Vapi calls that an operator has removed, and the
    pseudonyms that belong to erased calls. A call that is erased while this waits for its lock has no tombstone in the
    statement's snapshot; its customer number shows the erasure.
    """
    values = {
        "call_ids": as_array(call_ids),
        "vapi_call_ids": as_rows(vapi_call_ids),
        "owner_ids": as_rows(owner_ids),
        "pseudonyms": as_rows(pseudonyms),
        "reports": reports,
    }
    calls, owners, service_records, refused, tombstones = execute(transaction, _LOCK, values).one()
    return Locked(
        [_read_locked(*call) for call in calls or ()],
        {id_: NumberOwner(*owner) for id_, *owner in owners or ()},
        frozenset(service_records),
        frozenset((call_id, vapi_call_id) for call_id, vapi_call_id in refused or ()),
        {pseudonym: datetime.fromisoformat(erased_at) for pseudonym, erased_at in tombstones or ()},
    )


def _read_locked(  # noqa: PLR0913, PLR0917 - the statement's columns in their order
    id_: int,
    vapi_call_id: str | None,
    organization_id: str,
    service_record_id: int | None,
    advisor_id: int | None,
    customer_number: str,
    direction: str,
    is_web: bool,
    *columns: Any,  # noqa: ANN401 - JSON
) -> LockedCall:
    *values, attempts = columns
    return LockedCall(
        id_,
        vapi_call_id,
        organization_id,
        service_record_id,
        advisor_id,
        customer_number,
        direction,
        is_web,
        _read_columns(*values),
        [LinkedAttempt(vapi_id, made_call, Identity(*identity)) for vapi_id, made_call, *identity in attempts or ()],
    )


def read_columns(stored: Mapping[str, Any]) -> CallColumns:
    """Read the columns that follow the attempts from a row as JSON."""
    return _read_columns(*(stored[name] for name in NAMES))


def _read_columns(  # noqa: PLR0913, PLR0917 - the columns in their order
    status: str,
    start_time: str | None,
    end_time: str | None,
    duration_sec: int | None,
    ended_reason: str | None,
    outcome: str | None,
    nps_score: int | None,
    call_reason: str | None,
    feedback_summary: str | None,
    recording_url: str | None,
    cost: float | None,
) -> CallColumns:
    return CallColumns(
        status,
        read_stored_time(start_time),
        read_stored_time(end_time),
        duration_sec,
        ended_reason,
        _OUTCOMES.get(outcome) if outcome else None,
        nps_score,
        call_reason,
        feedback_summary,
        recording_url,
        read_stored_cost(cost),
    )


def read_owners(transaction: Transaction, owner_ids: Collection[str]) -> Mapping[str, NumberOwner]:
    """The known owners of these Vapi phone numbers, assistants, squads and workflows."""
    rows = transaction.execute(_OWNERS, {"owner_ids": as_rows(owner_ids)})
    return {id_: NumberOwner(organization_id, ignored) for id_, organization_id, ignored in rows}


def create_calls(transaction: Transaction, calls: Iterable[NewCall]) -> None:
    """Create calls; a row that another transaction has created in the meantime is left alone."""
    rows: list[dict[str, Any]] = [
        {
            "organization_id": call.organization_id,
            "vapi_call_id": call.vapi_call_id,
            "direction": call.direction,
            "is_web": call.is_web,
            "customer_number": call.customer_number,
        }
        for call in calls
    ]
    vapi_call_ids = as_rows(row["vapi_call_id"] for row in rows)
    transaction.execute(_CREATE, {"calls": as_rows(rows), "vapi_call_ids": vapi_call_ids, "status": READY})


def take_over(transaction: Transaction, takeovers: Mapping[int, int]) -> frozenset[int]:
    """Move the attempts of rows that we created to the application's rows, and delete our rows.

    `takeovers` has the id of our row -> the id of the application's; both are locked. Returns the ids of the deleted
    rows: a row that the application has dialled in the meantime stays.
    """
    rows = [{"made": made, "call_id": call_id} for made, call_id in takeovers.items()]
    return frozenset(
        transaction.execute(_TAKE_OVER, {"takeovers": as_rows(rows), "made": as_array(takeovers)}).scalars()
    )


def save_calls(
    transaction: Transaction,
    attempts: Sequence[AttemptRow],
    calls: Sequence[CallRow],
    origins: Mapping[int, Original],
    folded: Collection[int],
) -> None:
    """Write attempts, the visible columns of their calls, and the application's values before the first attempt.

    `folded` are the ids of calls whose attempt without an id has become part of an attempt with an id.
    """
    quality = [row for attempt in attempts if (row := _quality_as_json(attempt))]
    values = {
        "attempts": as_rows(map(_attempt_as_json, attempts)),
        "calls": as_rows(map(_call_as_json, calls)),
        "call_ids": as_array(call.id for call in calls),
        "origins": as_rows(
            {"call_id": call_id, **_columns_as_json(original.columns), "feedback": feedback_as_json(original.feedback)}
            for call_id, original in origins.items()
        ),
        "folded": as_array(folded),
    }
    if quality or folded:
        execute(transaction, _SAVE_REPORTS, values | {"quality": as_rows(quality)})
    elif any(attempt.facts.report or attempt.facts.lists for attempt in attempts):
        execute(transaction, _SAVE_FACTS, values)
    else:
        execute(transaction, _SAVE_STATUSES, values)


def _quality_as_json(row: AttemptRow) -> dict[str, Any] | None:
    told = quality_as_json(row.facts.report) if row.facts.report else None
    return told and {"call_id": row.call_id, "vapi_call_id": row.vapi_call_id, **told}


def _attempt_as_json(row: AttemptRow) -> dict[str, Any]:
    values = attempt_as_json(row.facts, row.columns)
    values |= {"call_id": row.call_id, "vapi_call_id": row.vapi_call_id, "made_call": row.made_call}
    return values


def _call_as_json(row: CallRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "vapi_call_id": row.vapi_call_id,
        "organization_id": row.organization_id,
        "customer_number": row.customer_number,
        "direction": row.direction,
        "is_web": row.is_web,
        **_columns_as_json(row.columns),
    }


def _columns_as_json(columns: CallColumns) -> dict[str, Any]:
    """Only known values; json_to_recordset reads the missing ones as null."""
    return {name: value for name, value in zip(NAMES, columns, strict=True) if value is not None}
