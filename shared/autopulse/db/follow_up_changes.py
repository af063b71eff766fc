"""Changes of follow-ups by people, and the marking of overdue ones; the caller owns the transaction."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import text

from autopulse.db.engine import Transaction
from autopulse.db.follow_ups import due_at, hours_of
from autopulse.db.scope import ME, OF_THE_CALL, OF_THE_FOLLOW_UP, values_of, values_of_user
from autopulse.domain.follow_ups import UNANSWERED
from autopulse.domain.scope import Scope, UserKey

OVERDUE_AT_ONCE: Final = 500
"""The maximum number of follow-ups that one transaction marks."""
Row = dict[str, Any]
_UNANSWERED: Final = f"({', '.join(repr(state.value) for state in UNANSWERED)})"
_COLUMNS: Final = f"""
    follow_up.id, follow_up.call_id, follow_up.state, follow_up.trigger, follow_up.assignee_id, follow_up.assignee_name,
    follow_up.cause, follow_up.note, follow_up.opened_at, follow_up.due_at, follow_up.acknowledged_at,
    follow_up.resolved_at, follow_up.state IN {_UNANSWERED} AND follow_up.due_at < now() AS overdue, follow_up.version,
    (SELECT vapi_call_id FROM call WHERE call.id = follow_up.call_id) AS vapi_call_id,
    (SELECT (SELECT visit.service_advisor_id FROM service_record AS visit
        WHERE visit.id = call.service_record_id AND visit.organization_id = follow_up.organization_id)
    FROM call WHERE call.id = follow_up.call_id) AS advisor_id
"""  # noqa: S608 - made of constants

_LOCK: Final = text(f"""
    SELECT row_to_json(one) FROM (
        SELECT {_COLUMNS}, (SELECT row_to_json(own) FROM (
            SELECT id, name FROM "user" WHERE id = {ME}) AS own) AS me
        FROM follow_up WHERE id = :id AND organization_id = CAST(:organization AS uuid) AND {OF_THE_FOLLOW_UP}
        FOR NO KEY UPDATE
    ) AS one
""")  # noqa: S608 - made of constants
_FIND: Final = text(f"""
    SELECT row_to_json(one) FROM (
        SELECT {_COLUMNS} FROM follow_up
        WHERE call_id = :call_id AND organization_id = CAST(:organization AS uuid) AND {OF_THE_FOLLOW_UP}
    ) AS one
""")  # noqa: S608 - made of constants
_USER: Final = text("""
    SELECT coalesce(name, '') FROM "user" WHERE id = :id AND organization_id = CAST(:organization AS uuid)
""")
_HAS_CALL: Final = text(f"""
    SELECT EXISTS (
        SELECT FROM call WHERE id = :id AND organization_id = CAST(:organization AS uuid) AND {OF_THE_CALL})
""")  # noqa: S608 - made of constants

_OPEN: Final = text(f"""
    WITH made AS (
        INSERT INTO follow_up (
            call_id, organization_id, trigger, opened_at, due_at, assignee_id, assignee_name, note)
        SELECT call.id, call.organization_id, 'manual', now(), {due_at("hours", "now()")}, advisor.id,
            coalesce(advisor.name, record.service_advisor_name), CAST(:note AS text)
        FROM call LEFT JOIN LATERAL (
            SELECT service_advisor_id, service_advisor_name FROM service_record
            WHERE service_record.id = call.service_record_id
                AND service_record.organization_id = call.organization_id OFFSET 0
        ) AS record ON true LEFT JOIN LATERAL (
            SELECT id, name FROM "user"
            WHERE "user".id = record.service_advisor_id AND "user".organization_id = call.organization_id OFFSET 0
        ) AS advisor ON true CROSS JOIN LATERAL {hours_of("call.organization_id")} AS hours
        WHERE call.id = :call_id AND call.organization_id = CAST(:organization AS uuid) AND {OF_THE_CALL}
        ON CONFLICT (call_id) DO NOTHING
        RETURNING *
    ), entered AS (
        INSERT INTO follow_up_entry (follow_up_id, at, actor_subject, actor_name, action, to_state, note)
        SELECT id, now(), :subject, :name, 'opened', 'open', CAST(:note AS text) FROM made
    )
    SELECT row_to_json(one) FROM (SELECT {_COLUMNS} FROM made AS follow_up) AS one
""")  # noqa: S608 - made of constants
_CHANGE: Final = text(f"""
    WITH changed AS (
        UPDATE follow_up SET
            state = :state, assignee_id = CAST(:assignee_id AS integer), assignee_name = CAST(:assignee_name AS text),
            cause = CAST(:cause AS text), note = CAST(:note AS text), version = version + 1,
            acknowledged_at = CASE WHEN :is_acknowledged THEN now() WHEN :is_opened THEN NULL ELSE acknowledged_at END,
            resolved_at = CASE WHEN :is_closed THEN now() WHEN :is_opened THEN NULL ELSE resolved_at END,
            due_at = CASE WHEN :is_reopened THEN (
                SELECT {due_at("hours", "now()")} FROM {hours_of("follow_up.organization_id")} AS hours
            ) ELSE due_at END,
            overdue_at = CASE WHEN :is_reopened THEN NULL ELSE overdue_at END
        WHERE id = :id
        RETURNING *
    ), entered AS (
        INSERT INTO follow_up_entry (
            follow_up_id, at, actor_subject, actor_name, action, from_state, to_state, changes, note)
        SELECT id, now(), :subject, :name, 'changed', :from_state, :state, CAST(:changes AS jsonb), CAST(:said AS text)
        FROM changed
    )
    SELECT row_to_json(one) FROM (
        SELECT {_COLUMNS}, CASE WHEN :is_answered
            THEN CASE WHEN now() <= follow_up.due_at THEN 'in_time' ELSE 'late' END END AS answered
        FROM changed AS follow_up
    ) AS one
""")  # noqa: S608 - made of constants
_UNANSWERED_NOW: Final = text(f"""
    SELECT row_to_json(one) FROM (
        SELECT count(*) FILTER (WHERE state = 'open') AS open, count(*) FILTER (WHERE due_at < now()) AS overdue
        FROM follow_up WHERE state IN {_UNANSWERED}
    ) AS one
""")  # noqa: S608 - made of constants
# Simultaneous runs mark different follow-ups: each follow-up is marked by one run.
_MARK: Final = text(f"""
    WITH late AS MATERIALIZED (
        SELECT id FROM follow_up
        WHERE overdue_at IS NULL AND state IN {_UNANSWERED} AND due_at < now()
        ORDER BY due_at LIMIT :most FOR NO KEY UPDATE SKIP LOCKED
    ), marked AS (
        UPDATE follow_up SET overdue_at = now() WHERE id = ANY (ARRAY(SELECT id FROM late)) RETURNING *
    )
    SELECT row_to_json(one) FROM (
        SELECT {_COLUMNS}, follow_up.organization_id FROM marked AS follow_up ORDER BY due_at, id
    ) AS one
""")  # noqa: S608 - made of constants


def count_unanswered(transaction: Transaction) -> Row:
    """The numbers of `open` follow-ups of all organizations, and of `overdue` ones without an answer."""
    row: Row = transaction.execute(_UNANSWERED_NOW).scalar_one()
    return row


def lock_follow_up(transaction: Transaction, scope: Scope, user: UserKey, id_: int) -> Row | None:
    """Lock a follow-up; it has the id and name of the principal's user as `me`. None if it is not in the scope."""
    values = values_of(scope) | values_of_user(user) | {"id": id_}
    return transaction.execute(_LOCK, values).scalar_one_or_none()


def find_follow_up_of(transaction: Transaction, scope: Scope, call_id: int) -> Row | None:
    """The follow-up of a call; None if it has none."""
    return transaction.execute(_FIND, values_of(scope) | {"call_id": call_id}).scalar_one_or_none()


def has_call(transaction: Transaction, scope: Scope, call_id: int) -> bool:
    """Whether there is a call of that id in the scope."""
    return bool(transaction.execute(_HAS_CALL, values_of(scope) | {"id": call_id}).scalar_one())


def find_user_name(transaction: Transaction, organization_id: str, id_: int) -> str | None:
    """The name of a user of the organization, empty if there is none; None without such a user."""
    return transaction.execute(_USER, {"organization": organization_id, "id": id_}).scalar_one_or_none()


def open_follow_up(transaction: Transaction, scope: Scope, values: Mapping[str, Any]) -> Row | None:
    """Open a follow-up of `call_id` by `subject` and `name`, with a `note`; None if one exists or no such call."""
    return transaction.execute(_OPEN, values_of(scope) | dict(values)).scalar_one_or_none()


def change_follow_up(transaction: Transaction, values: Mapping[str, Any]) -> Row:
    """Write a follow-up, which is locked, and an entry with the change.

    The returned row has `answered`: `in_time` or `late` if this change was the answer, otherwise null.
    """
    row: Row = transaction.execute(_CHANGE, dict(values)).scalar_one()
    return row


def mark_overdue(transaction: Transaction) -> list[Row]:
    """Mark unanswered follow-ups whose time is over, each once; returns them."""
    return list(transaction.execute(_MARK, {"most": OVERDUE_AT_ONCE}).scalars())
