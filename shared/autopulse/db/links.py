"""The calls at Vapi that are linked to a row of `call`, the origin of each link, and the removal of a wrong link."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from autopulse.db.engine import Transaction


@dataclass(frozen=True, slots=True)
class Link:
    """A link from a row to a Vapi call, with the first message that made it, if its receipt is still stored."""

    vapi_call_id: str
    made_call: bool
    """Whether we created the row for it."""
    is_shown: bool
    has_attempt: bool
    """Whether any message about it has arrived; otherwise only the application has written its id."""
    call_type: str | None
    created_at: datetime | None
    status: str | None
    reported_at: datetime | None
    receipts: int
    first_type: str | None
    """The type of the first message."""
    first_occurred_at: datetime | None
    first_received_at: datetime | None
    last_received_at: datetime | None


@dataclass(frozen=True, slots=True)
class Removed:
    """The numbers of rows that a link had."""

    attempts: int
    turns: int
    incidents: int
    receipts: int


# An attempt of messages that give only our id is not a link.
_FIND = text("""
    SELECT
        link.vapi_call_id, coalesce(attempt.made_call, false), link.vapi_call_id = call.vapi_call_id IS TRUE,
        attempt.call_id IS NOT NULL, attempt.call_type, attempt.created_at, attempt.status, attempt.reported_at,
        (SELECT count(*) FROM webhook_event WHERE call_id = call.id AND vapi_call_id = link.vapi_call_id),
        first.type, first.occurred_at, first.received_at,
        (SELECT max(received_at) FROM webhook_event WHERE call_id = call.id AND vapi_call_id = link.vapi_call_id)
    FROM call
    CROSS JOIN LATERAL (
        SELECT vapi_call_id FROM vapi_call WHERE vapi_call.call_id = call.id AND vapi_call_id <> ''
        UNION
        SELECT call.vapi_call_id WHERE call.vapi_call_id IS NOT NULL
    ) AS link
    LEFT JOIN vapi_call AS attempt ON attempt.call_id = call.id AND attempt.vapi_call_id = link.vapi_call_id
    LEFT JOIN LATERAL (
        SELECT type, occurred_at, received_at FROM webhook_event
        WHERE webhook_event.call_id = call.id AND webhook_event.vapi_call_id = link.vapi_call_id
        ORDER BY received_at, event_id LIMIT 1
    ) AS first ON true
    WHERE call.id = :call_id
    ORDER BY link.vapi_call_id
""")

# An incident does not have its attempt. Its receipt does, as long as that is stored; if there is no other attempt, all
# incidents are this one's.
_REMOVE = text("""
    WITH hang AS MATERIALIZED (
        SELECT coalesce(occurred_at, received_at) AS at, vapi_call_id IS NOT DISTINCT FROM :vapi_call_id AS goes
        FROM webhook_event WHERE call_id = :call_id AND kind = 'hang'
    ), attempt AS (
        DELETE FROM vapi_call WHERE call_id = :call_id AND vapi_call_id = :vapi_call_id RETURNING 1
    ), turn AS (
        DELETE FROM transcript WHERE call_id = :call_id AND vapi_call_id = :vapi_call_id RETURNING 1
    ), incident AS (
        DELETE FROM call_incident
        WHERE call_id = :call_id
            AND occurred_at NOT IN (SELECT at FROM hang WHERE NOT goes)
            AND (:alone OR occurred_at IN (SELECT at FROM hang WHERE goes))
        RETURNING 1
    ), receipt AS (
        UPDATE webhook_event SET call_id = NULL WHERE call_id = :call_id AND vapi_call_id = :vapi_call_id RETURNING 1
    ), original AS (
        DELETE FROM call_original WHERE call_id = :call_id AND :alone
    ), refused AS (
        INSERT INTO refused_link (vapi_call_id, call_id) VALUES (:vapi_call_id, :call_id)
        ON CONFLICT (vapi_call_id, call_id) DO NOTHING
    )
    SELECT (SELECT count(*) FROM attempt), (SELECT count(*) FROM turn), (SELECT count(*) FROM incident),
        (SELECT count(*) FROM receipt)
""")


def find_links(transaction: Transaction, call_id: int) -> list[Link]:
    """All links of a row, in the order of Vapi's ids."""
    return [Link(*row) for row in transaction.execute(_FIND, {"call_id": call_id})]


def remove_link(transaction: Transaction, call_id: int, vapi_call_id: str, *, alone: bool) -> Removed:
    """Delete the data of a linked Vapi call, and refuse the link from now on; the row has to be locked.

    `alone` says that the row has no other attempt, and then the row gets the values of attempt 0.
    """
    values = {"call_id": call_id, "vapi_call_id": vapi_call_id, "alone": alone}
    return Removed(*transaction.execute(_REMOVE, values).one())
