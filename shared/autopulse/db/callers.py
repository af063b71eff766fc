"""Find the customer who calls one of our numbers, and the owner of the number."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import text

from autopulse.db.calls import UNKNOWN_NUMBER
from autopulse.db.engine import Transaction, execute
from autopulse.db.queries.filters import OVER, REACHED
from autopulse.db.statement_parameters import as_rows
from autopulse.domain.follow_ups import DEFAULT_HOURS
from autopulse.domain.status import READY

Row = dict[str, Any]
MOST_VISITS: Final = 100
"""The maximum number of a phone number's visits that are read, the newest first."""
MAX_NUMBER_CHARACTERS: Final = 20
"""The maximum length of `call.customer_number`."""

# The expression of the index of migration r0016: ten digits without a plus sign are a number in North America.
PHONE: Final = (
    "(repeat('1', (record.customer_phone NOT LIKE '+%'"
    " AND length(regexp_replace(record.customer_phone, '[^0-9]', '', 'g')) = 10)::integer)"
    " || regexp_replace(record.customer_phone, '[^0-9]', '', 'g'))"
)
"""The digits of a visit's phone number in E.164, without the plus sign (`domain.phone_numbers`)."""
NEWEST_FIRST: Final = (
    "coalesce(visit.appointment_date > now(), false), visit.appointment_date DESC NULLS LAST, visit.id DESC"
)
"""The order of visits: the newest that has begun comes first; calls are not about future visits."""
_NAME: Final = r"lower(regexp_replace(btrim(customer_name), '\s+', ' ', 'g'))"

# Sorted here: in the order of ids, the planner might read all visits to find enough with this number.
_VISITS: Final = f"""
    SELECT visit.* FROM owner CROSS JOIN LATERAL (
        SELECT record.id, record.customer_name, record.vehicle_info, record.appointment_date,
            record.service_advisor_id, record.service_advisor_name
        FROM service_record AS record
        WHERE record.organization_id = owner.organization_id AND {PHONE} = CAST(:digits AS text) AND NOT record.is_demo
        ORDER BY record.id + 0 DESC LIMIT {MOST_VISITS}
    ) AS visit
    WHERE CAST(:digits AS text) <> ''
"""  # noqa: S608 - made of constants
_CALLED: Final = f"""
    (SELECT bool_or(direction = 'outbound' AND status IN {OVER})
        AND NOT coalesce(bool_or(nps_score IS NOT NULL OR outcome IN {REACHED}), false)
    FROM call WHERE call.service_record_id = visit.id AND call.organization_id = owner.organization_id)
"""  # noqa: S608 - made of constants

# An existing row is left alone: another request for the same call has created it, or one of the call's webhooks.
_ANSWER_CALLER: Final = text(f"""
    WITH number AS MATERIALIZED (
        SELECT organization_id, ignored, inbound_assistant_id FROM vapi_number
        WHERE id = CAST(:phone_number_id AS text)
    ), owner AS MATERIALIZED (
        SELECT organization_id, coalesce(inbound_assistant_id, CAST(:assistant_id AS text), '') AS assistant_id
        FROM number WHERE NOT ignored
        UNION ALL
        SELECT CAST(:default_organization_id AS uuid), coalesce(CAST(:assistant_id AS text), '')
        WHERE NOT EXISTS (SELECT FROM number)
    ), visits AS MATERIALIZED ({_VISITS}), visit AS MATERIALIZED (
        SELECT * FROM visits AS visit WHERE (SELECT count(DISTINCT {_NAME}) FROM visits) = 1
        ORDER BY {NEWEST_FIRST} LIMIT 1
    ), made AS (
        INSERT INTO call (
            organization_id, service_record_id, vapi_call_id, status, direction, is_web, customer_number, updated_at)
        SELECT organization_id, (SELECT id FROM visit), CAST(:vapi_call_id AS text), '{READY}', 'inbound', false,
            CAST(:customer_number AS text), now()
        FROM owner
        WHERE organization_id IS NOT NULL AND assistant_id <> '' AND CAST(:vapi_call_id AS text) <> '' AND NOT EXISTS (
            SELECT FROM vapi_call
            WHERE vapi_call_id = CAST(:vapi_call_id AS text) AND vapi_call_id <> '')
        ON CONFLICT (vapi_call_id) WHERE vapi_call_id IS NOT NULL DO NOTHING
        RETURNING id, vapi_call_id
    ), attempt AS (
        INSERT INTO vapi_call (call_id, vapi_call_id, made_call) SELECT id, vapi_call_id, true FROM made
    )
    SELECT row_to_json(one) FROM (
        SELECT owner.organization_id, owner.assistant_id, (SELECT id FROM made) AS call_id,
            (SELECT count(*) FROM visits) > 0 AS has_visits, visit.id AS visit_id, visit.customer_name,
            visit.vehicle_info AS vehicle,
            to_char(visit.appointment_date AT TIME ZONE coalesce((
                SELECT time_zone FROM organization_setting AS setting
                WHERE setting.organization_id = owner.organization_id
            ), '{DEFAULT_HOURS.time_zone}'), 'YYYY-MM-DD') AS visit_date,
            coalesce((
                SELECT name FROM "user"
                WHERE "user".id = visit.service_advisor_id AND "user".organization_id = owner.organization_id
            ), visit.service_advisor_name) AS advisor,
            coalesce({_CALLED}, false) AS missed_call
        FROM owner LEFT JOIN visit ON true
    ) AS one
""")  # noqa: S608 - made of constants
# A statement of its own has a new snapshot, which contains rows that were committed after the first one began.
_FIND_CALL: Final = text("""
    SELECT coalesce(
        (SELECT call_id FROM vapi_call WHERE vapi_call_id = CAST(:vapi_call_id AS text) AND vapi_call_id <> ''),
        (SELECT id FROM call WHERE vapi_call_id = CAST(:vapi_call_id AS text))
    )
""")
_OF_ORGANIZATION: Final = text("""
    SELECT id FROM call WHERE id = :id AND organization_id = CAST(:organization_id AS uuid)
""")
_TRANSFER_NUMBER: Final = text("""
    SELECT transfer_number FROM vapi_number WHERE id = CAST(:phone_number_id AS text) AND NOT ignored
""")
_OWNERS: Final = text("""
    SELECT coalesce(json_agg(json_build_array(id, organization_id, ignored)), '[]') FROM vapi_number
    WHERE id = ANY (ARRAY(SELECT json_array_elements_text(CAST(:ids AS json))))
""")


class InboundCall(NamedTuple):
    """A call to one of our numbers, for which Vapi asks for an assistant."""

    phone_number_id: str
    """Vapi's id of the phone number; empty if the request has none."""
    vapi_call_id: str
    """Vapi's id of the call; empty if the request has none, and then the call gets no row."""
    number: str | None
    """The caller's number as E.164; None if it is withheld."""


class Defaults(NamedTuple):
    """The defaults for a phone number for which `vapi_number` has no row or no value."""

    organization_id: str
    """The organization; empty if there is none."""
    assistant_id: str
    """The assistant's id; empty if there is none."""


def answer_caller(transaction: Transaction, call: InboundCall, defaults: Defaults) -> Row | None:
    """Find the caller's visit, and create the call's row if an assistant takes the call; None for an unknown number.

    Returns `organization_id` (null if the number's owner is unknown, and then there is no row), `assistant_id`,
    `call_id` of our row, `has_visits`, and if one customer has this number `visit_id`, `customer_name`, `vehicle`,
    `visit_date`, `advisor`, `missed_call`: null if there is no such customer, or several.
    """
    values = {
        "phone_number_id": call.phone_number_id,
        "vapi_call_id": call.vapi_call_id,
        "digits": call.number.removeprefix("+") if call.number else "",
        "customer_number": (call.number or UNKNOWN_NUMBER)[:MAX_NUMBER_CHARACTERS],
        "default_organization_id": defaults.organization_id or None,
        "assistant_id": defaults.assistant_id or None,
    }
    row: Row | None = execute(transaction, _ANSWER_CALLER, values).scalar_one_or_none()
    if row is not None and row["call_id"] is None and row["organization_id"] and row["assistant_id"]:
        row["call_id"] = _find_call(transaction, call.vapi_call_id, row["organization_id"])
    return row


def _find_call(transaction: Transaction, vapi_call_id: str, organization_id: str) -> int | None:
    """The id of the row that another transaction has created for the call; None if it is another organization's."""
    call_id = execute(transaction, _FIND_CALL, {"vapi_call_id": vapi_call_id}).scalar_one()
    values = {"id": call_id, "organization_id": organization_id}
    return None if call_id is None else execute(transaction, _OF_ORGANIZATION, values).scalar_one_or_none()


def find_transfer_number(transaction: Transaction, phone_number_id: str) -> str | None:
    """The number to which callers of one of our numbers are transferred; None if there is none."""
    found: str | None = execute(
        transaction, _TRANSFER_NUMBER, {"phone_number_id": phone_number_id}
    ).scalar_one_or_none()
    return found


def find_owner(transaction: Transaction, ids: Sequence[str], default_organization_id: str) -> str | None:
    """The organization of the first known one of these Vapi ids, else the default; None if the owner is ignored."""
    rows = execute(transaction, _OWNERS, {"ids": as_rows(ids)}).scalar_one() if ids else []
    owners = {id_: (organization_id, ignored) for id_, organization_id, ignored in rows}
    known = next((owners[id_] for id_ in ids if id_ in owners), None)
    if known is None:
        return default_organization_id or None
    organization_id, ignored = known
    return None if ignored else organization_id
