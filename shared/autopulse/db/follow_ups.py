"""`follow_up`: changes by messages, with one statement for a batch; and the SQL for the due time."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from sqlalchemy import text

from autopulse.db.engine import Transaction, execute
from autopulse.db.statement_parameters import as_array, as_rows
from autopulse.domain.follow_ups import DEFAULT_HOURS, Wish

UNTOUCHED: Final = "follow_up.version = 1 AND follow_up.trigger <> 'manual'"
"""The condition that no person has made or changed the follow-up, so that it follows the call's shown report."""


class Followed(NamedTuple):
    """A change of a call's follow-up by a message."""

    call_id: int
    follow_up_id: int
    change: str
    """`opened`, `changed` or `withdrawn`."""
    trigger: str
    opened_at: str
    due_at: str
    assignee_id: int | None


def hours_of(organization_id: str) -> str:
    """A subquery with an organization's business hours in one row; `organization_id` is an expression."""
    days = ",".join(map(str, DEFAULT_HOURS.days))
    return f"""(
        SELECT coalesce(time_zone, '{DEFAULT_HOURS.time_zone}') AS time_zone,
            coalesce(days, '{{{days}}}') AS days,
            coalesce(opens_at, '{DEFAULT_HOURS.opens_at}') AS opens_at,
            coalesce(closes_at, '{DEFAULT_HOURS.closes_at}') AS closes_at,
            coalesce(hours_to_answer, {DEFAULT_HOURS.hours_to_answer}) AS hours_to_answer
        FROM (SELECT) AS one LEFT JOIN LATERAL (
            SELECT * FROM organization_setting AS known WHERE known.organization_id = {organization_id} OFFSET 0
        ) AS setting ON true
    )"""  # noqa: S608 - made of constants


def due_at(hours: str, opened_at: str) -> str:
    """A scalar subquery: the time when the business hours to answer are over.

    `hours` is the name of a row with the business hours, `opened_at` an expression. A day's hours last from the instant
    of its opening time to that of its closing time. Postgres has the time zones, which the functions' runtime may lack;
    a local time that a clock change skips is moved later, and of a repeated one the second counts.
    """
    spoken = f"({opened_at} AT TIME ZONE {hours}.time_zone)::date"
    # The margin covers days that a clock change makes shorter than an hour; without a change no day is shorter.
    weeks = f"ceil({hours}.hours_to_answer * 3600 / extract(epoch FROM {hours}.closes_at - {hours}.opens_at) * 1.04)"
    return f"""(
        SELECT begins + make_interval(secs => {hours}.hours_to_answer * 3600 - (total - seconds)) FROM (
            SELECT day, begins, seconds, sum(seconds) OVER (ORDER BY day) AS total FROM (
                SELECT day, greatest(begins, {opened_at}) AS begins,
                    extract(epoch FROM ends)::float8 - extract(epoch FROM greatest(begins, {opened_at}))::float8
                        AS seconds
                FROM (
                    SELECT day, ({spoken} + day + {hours}.opens_at) AT TIME ZONE {hours}.time_zone AS begins,
                        ({spoken} + day + {hours}.closes_at) AT TIME ZONE {hours}.time_zone AS ends
                    FROM generate_series(0, 7 * ({weeks}::integer + 3)) AS day
                    WHERE extract(isodow FROM {spoken} + day) = ANY ({hours}.days)
                ) AS worked WHERE ends > begins AND ends > {opened_at}
            ) AS left_of_it
        ) AS summed WHERE total >= {hours}.hours_to_answer * 3600 ORDER BY day LIMIT 1
    )"""  # noqa: S608 - made of constants


def working_at(hours: str, instant: str) -> str:
    """A scalar subquery: the instant if it is within business hours, else the start of the next ones; see `due_at`.

    Two weeks contain at least one day of each weekday that is not empty, whatever a clock change does.
    """
    spoken = f"({instant} AT TIME ZONE {hours}.time_zone)::date"
    return f"""(
        SELECT greatest(begins, {instant}) FROM (
            SELECT day, ({spoken} + day + {hours}.opens_at) AT TIME ZONE {hours}.time_zone AS begins,
                ({spoken} + day + {hours}.closes_at) AT TIME ZONE {hours}.time_zone AS ends
            FROM generate_series(0, 14) AS day
            WHERE extract(isodow FROM {spoken} + day) = ANY ({hours}.days)
        ) AS worked WHERE ends > begins AND ends > {instant} ORDER BY day LIMIT 1
    )"""  # noqa: S608 - made of constants


# The conditions with ANY are repeated for the planner, which cannot know how few rows it has to join. A row that a
# person is changing is waited for, and counts as touched then. The organization always follows the call's.
_FOLLOW: Final = text(f"""
    WITH wish AS MATERIALIZED (
        SELECT * FROM json_to_recordset(CAST(:wishes AS json))
            AS row (call_id integer, trigger text, opened_at timestamptz)
    ), wanted AS MATERIALIZED (
        SELECT wish.call_id, call.organization_id, wish.trigger, wish.opened_at, advisor.id AS assignee_id,
            coalesce(advisor.name, record.service_advisor_name) AS assignee_name,
            {due_at("hours", "wish.opened_at")} AS due_at
        FROM wish JOIN LATERAL (
            SELECT * FROM call WHERE call.id = wish.call_id OFFSET 0
        ) AS call ON true LEFT JOIN LATERAL (
            SELECT * FROM service_record WHERE service_record.id = call.service_record_id
                AND service_record.organization_id = call.organization_id OFFSET 0
        ) AS record ON true LEFT JOIN LATERAL (
            SELECT id, name FROM "user"
            WHERE "user".id = record.service_advisor_id AND "user".organization_id = call.organization_id OFFSET 0
        ) AS advisor ON true CROSS JOIN LATERAL {hours_of("call.organization_id")} AS hours
        WHERE wish.trigger IS NOT NULL
    ), withdrawn AS (
        DELETE FROM follow_up USING wish
        WHERE follow_up.call_id = wish.call_id AND wish.trigger IS NULL AND {UNTOUCHED}
            AND follow_up.call_id = ANY (CAST(:call_ids AS integer[]))
        RETURNING follow_up.id, follow_up.call_id, follow_up.trigger, follow_up.opened_at, follow_up.due_at,
            follow_up.assignee_id, 'withdrawn' AS change
    ), moved AS (
        UPDATE follow_up SET organization_id = call.organization_id FROM call
        WHERE follow_up.call_id = call.id AND follow_up.organization_id <> call.organization_id AND NOT ({UNTOUCHED})
            AND follow_up.call_id = ANY (CAST(:call_ids AS integer[])) AND call.id = ANY (CAST(:call_ids AS integer[]))
    ), written AS (
        INSERT INTO follow_up (
            call_id, organization_id, trigger, opened_at, due_at, assignee_id, assignee_name)
        SELECT call_id, organization_id, trigger, opened_at, due_at, assignee_id, assignee_name
        FROM wanted ORDER BY call_id
        ON CONFLICT (call_id) DO UPDATE SET
            organization_id = EXCLUDED.organization_id, trigger = EXCLUDED.trigger, opened_at = EXCLUDED.opened_at,
            due_at = EXCLUDED.due_at, assignee_id = EXCLUDED.assignee_id, assignee_name = EXCLUDED.assignee_name,
            overdue_at = CASE WHEN EXCLUDED.due_at <= now() THEN follow_up.overdue_at END
        WHERE {UNTOUCHED} AND (
                follow_up.organization_id, follow_up.trigger, follow_up.opened_at, follow_up.due_at,
                follow_up.assignee_id, follow_up.assignee_name)
            IS DISTINCT FROM (
                EXCLUDED.organization_id, EXCLUDED.trigger, EXCLUDED.opened_at, EXCLUDED.due_at,
                EXCLUDED.assignee_id, EXCLUDED.assignee_name)
        RETURNING id, call_id, trigger, opened_at, due_at, assignee_id,
            CASE WHEN xmax = 0 THEN 'opened' ELSE 'changed' END AS change
    ), entered AS (
        INSERT INTO follow_up_entry (follow_up_id, at, action, to_state)
        SELECT id, opened_at, change, 'open' FROM written WHERE change = 'opened' ORDER BY id
    )
    SELECT json_agg(json_build_array(call_id, id, change, trigger, opened_at, due_at, assignee_id) ORDER BY call_id)
    FROM (SELECT * FROM withdrawn UNION ALL SELECT * FROM written) AS followed
""")  # noqa: S608 - made of constants

# This runs before the attempt of our row moves to the application's row: the follow-up moves too, so that people are
# not alerted twice. A touched follow-up has priority over an untouched one; of two of a kind the application's row
# keeps its own, and if one row takes over two rows, the first one's is moved. `version` is selected because no covering
# index has it: otherwise the planner might choose a full scan of such an index while the table is empty, and keep that
# plan when the table has grown.
_HAND_OVER_FREE: Final = text(f"""
    DELETE FROM follow_up USING json_to_recordset(CAST(:takeovers AS json)) AS row (made integer, call_id integer)
    WHERE follow_up.call_id = row.call_id AND {UNTOUCHED} AND follow_up.call_id = ANY (CAST(:call_ids AS integer[]))
        AND EXISTS (
            SELECT FROM follow_up AS other
            WHERE other.call_id = row.made AND NOT ({UNTOUCHED.replace("follow_up.", "other.")}) OFFSET 0)
""")  # noqa: S608 - made of constants
_HAND_OVER: Final = text(f"""
    WITH chosen AS MATERIALIZED (
        SELECT DISTINCT ON (row.call_id) follow_up.id, row.call_id, call.organization_id, follow_up.version
        FROM json_to_recordset(CAST(:takeovers AS json)) AS row (made integer, call_id integer)
        JOIN follow_up ON follow_up.call_id = row.made
        JOIN LATERAL (SELECT id, organization_id FROM call WHERE call.id = row.call_id OFFSET 0) AS call ON true
        WHERE follow_up.call_id = ANY (CAST(:made AS integer[]))
            AND NOT EXISTS (SELECT other.version FROM follow_up AS other WHERE other.call_id = row.call_id OFFSET 0)
        ORDER BY row.call_id, {UNTOUCHED}, row.made
    )
    UPDATE follow_up SET call_id = chosen.call_id, organization_id = chosen.organization_id
    FROM chosen WHERE follow_up.id = chosen.id AND follow_up.id = ANY (ARRAY(SELECT id FROM chosen))
""")  # noqa: S608 - made of constants


def follow_shown(transaction: Transaction, wishes: Sequence[Wish]) -> list[Followed]:
    """Make each call's follow-up match the call's shown report, unless a person has touched it."""
    rows = [
        {"call_id": wish.call_id, "trigger": wish.trigger.value, "opened_at": wish.opened_at}
        if wish.trigger
        else {"call_id": wish.call_id}
        for wish in wishes
    ]
    call_ids = as_array(wish.call_id for wish in wishes)
    found = execute(transaction, _FOLLOW, {"wishes": as_rows(rows), "call_ids": call_ids}).scalar_one()
    return [Followed(call_id, id_, change, *told) for call_id, id_, change, *told in found or ()]


def hand_over_follow_ups(transaction: Transaction, takeovers: Mapping[int, int]) -> None:
    """Move follow-ups from rows that we created to the application's rows: `takeovers` is our id -> the other id."""
    rows = as_rows({"made": made, "call_id": call_id} for made, call_id in takeovers.items())
    transaction.execute(_HAND_OVER_FREE, {"takeovers": rows, "call_ids": as_array(takeovers.values())})
    transaction.execute(_HAND_OVER, {"takeovers": rows, "made": as_array(takeovers)})
