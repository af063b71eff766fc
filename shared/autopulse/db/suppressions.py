"""`suppression`: numbers that may not be called, and the other obstacles to calling a number."""

from collections.abc import Collection, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import text

from autopulse.db.callers import NEWEST_FIRST, PHONE
from autopulse.db.engine import Transaction, execute
from autopulse.db.queries.filters import BEGAN, DIGITS, OVER, REACHED, TO_COME
from autopulse.db.statement_parameters import as_rows
from autopulse.domain.phone_numbers import ways_of

Row = dict[str, Any]

# The data of each number are looked up by key, whatever the planner's statistics are. `customer_number` is counted
# because no covering index has it; the planner might scan such an index as a whole.
_CHECK: Final = text(f"""
    WITH asked AS MATERIALIZED (
        SELECT * FROM json_to_recordset(CAST(:numbers AS json))
            AS row (place integer, pseudonym text, digits text, keys text[], call_id integer)
    )
    SELECT coalesce(json_agg(json_build_object(
        'reason', suppression.reason, 'source', suppression.source, 'since', suppression.created_at,
        'in_call', called.in_call, 'asked_lately', called.asked_lately, 'answered', coalesce(visit.answered, false)
    ) ORDER BY asked.place), '[]')
    FROM asked LEFT JOIN LATERAL (
        SELECT known.reason, known.source, known.created_at FROM suppression AS known
        WHERE known.organization_id = CAST(:organization_id AS uuid) AND known.pseudonym = asked.pseudonym OFFSET 0
    ) AS suppression ON true CROSS JOIN LATERAL (
        SELECT
            coalesce(bool_or(
                call.direction = 'outbound' AND call.vapi_call_id IS NOT NULL AND call.status NOT IN {OVER}
                AND NOT ({TO_COME}) AND call.updated_at > now() - interval '1 day'
            ), false) AS in_call,
            coalesce(bool_or(
                {BEGAN} > now() - make_interval(days => CAST(:pause_days AS integer))
                AND (call.nps_score IS NOT NULL OR (call.direction = 'outbound' AND call.outcome IN {REACHED}))
            ), false) AS asked_lately
        FROM call
        WHERE call.organization_id = CAST(:organization_id AS uuid) AND {DIGITS} = ANY (asked.keys) AND NOT call.is_demo
    ) AS called LEFT JOIN LATERAL (
        SELECT visit.rating IS NOT NULL OR (
            SELECT count(call.customer_number) FILTER (WHERE call.nps_score IS NOT NULL) > 0
            FROM call WHERE call.service_record_id = visit.id
        ) AS answered
        FROM service_record AS visit
        WHERE visit.organization_id = CAST(:organization_id AS uuid) AND visit.id = coalesce(
            (SELECT service_record_id FROM call
            WHERE call.id = asked.call_id AND call.organization_id = CAST(:organization_id AS uuid)),
            (SELECT visit.id FROM service_record AS visit
            WHERE visit.organization_id = CAST(:organization_id AS uuid) AND {PHONE.replace("record.", "visit.")} =
                asked.digits AND NOT visit.is_demo
            ORDER BY {NEWEST_FIRST} LIMIT 1))
        OFFSET 0
    ) AS visit ON true
""")  # noqa: S608 - made of constants
_ADD: Final = text("""
    INSERT INTO suppression (organization_id, pseudonym, reason, source)
    SELECT organization_id, pseudonym, reason, source FROM json_to_recordset(CAST(:rows AS json))
        AS row (organization_id uuid, pseudonym text, reason text, source text)
    ORDER BY organization_id, pseudonym
    ON CONFLICT (organization_id, pseudonym) DO NOTHING
    RETURNING pseudonym
""")
_REMOVE: Final = text("""
    DELETE FROM suppression WHERE organization_id = CAST(:organization_id AS uuid) AND pseudonym = :pseudonym
    RETURNING pseudonym
""")
_ORGANIZATIONS: Final = text("""
    SELECT id::text FROM organization WHERE id BETWEEN CAST(:first AS uuid) AND CAST(:last AS uuid) ORDER BY id LIMIT 2
""")
_FIRST_UUID: Final = str(UUID(int=0))
_LAST_UUID: Final = str(UUID(int=2**128 - 1))


class Suppression(NamedTuple):
    """A number that an organization may not call any more."""

    organization_id: str
    pseudonym: str
    reason: str
    source: str


class Checked(NamedTuple):
    """A number to look up."""

    number: str
    """The number as E.164."""
    pseudonym: str
    call_id: int | None = None
    """The row that is to be dialled, if the request names it: its visit counts instead of the number's newest one."""


def check_numbers(
    transaction: Transaction, organization_id: str, numbers: Sequence[Checked], pause_days: int
) -> list[Row]:
    """The obstacles to calling each number: `reason`, `source` and `since` of its suppression, and three booleans.

    These are `in_call`, `asked_lately` and `answered`. If `pause_days` is 0, `asked_lately` is never true.
    """
    rows = [_as_row(place, one) for place, one in enumerate(numbers)]
    values = {"numbers": as_rows(rows), "organization_id": organization_id, "pause_days": pause_days}
    found: list[Row] = execute(transaction, _CHECK, values).scalar_one()
    return found


def _as_row(place: int, one: Checked) -> Row:
    digits = one.number.removeprefix("+")
    # A row of the application's has the number as somebody wrote it, which may be without the country's 1.
    keys = [way[::-1] for way in ways_of(digits)]
    row: Row = {"place": place, "pseudonym": one.pseudonym, "digits": digits, "keys": keys}
    return row if one.call_id is None else row | {"call_id": one.call_id}


def add_suppressions(transaction: Transaction, suppressions: Collection[Suppression]) -> int:
    """Add the new ones; returns their number. An existing one keeps its reason."""
    rows = as_rows(one._asdict() for one in suppressions)
    return len(execute(transaction, _ADD, {"rows": rows}).all())


def remove_suppression(transaction: Transaction, organization_id: str, pseudonym: str) -> bool:
    """Delete a suppression; returns whether it existed."""
    values = {"organization_id": organization_id, "pseudonym": pseudonym}
    return execute(transaction, _REMOVE, values).scalar_one_or_none() is not None


def find_organizations(transaction: Transaction, given: UUID | None) -> list[str]:
    """The organization with this id; if no id is given, at most two of all organizations."""
    values = {"first": str(given or _FIRST_UUID), "last": str(given or _LAST_UUID)}
    return list(execute(transaction, _ORGANIZATIONS, values).scalars())
