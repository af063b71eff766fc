"""`follow_up_alert`: the claims of alerts, when each has to be sent, and the result.

Each function runs one statement in a transaction of the caller.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import text

from autopulse.db.engine import Transaction
from autopulse.db.follow_ups import hours_of, working_at
from autopulse.db.statement_parameters import as_rows

WAITING, SENDING, DELIVERED, UNDELIVERED, DROPPED = "waiting", "sending", "delivered", "undelivered", "dropped"
TAKEN_AT_ONCE: Final = 50
"""The maximum number of alerts that one transaction takes."""
MAX_AGE: Final = timedelta(days=7)
"""Follow-ups that were opened or due longer ago are not alerted: reports of that age come from a backfill."""
Row = dict[str, Any]


class Plan(NamedTuple):
    """How this stack sends alerts."""

    channels: tuple[str, ...]
    at_night: bool
    """Whether alerts are also sent outside of business hours."""
    full_channels: tuple[str, ...]
    """The channels whose alerts may contain the customer's data."""
    lease: timedelta
    """The time after which an attempt without a result counts as failed."""
    tries: int
    """The maximum number of attempts to send one alert."""


class Settled(NamedTuple):
    """The result of one attempt to send an alert, and what follows from it."""

    follow_up_id: int
    step: str
    channel: str
    tries: int
    reason: str | None
    """The reason of the failure; None if the alert was delivered."""
    is_over: bool
    """Whether there is no further attempt."""
    wait: int
    """Seconds until the next attempt."""


# An alert that was dropped without an attempt may be claimed again: its follow-up was reopened before the morning, and
# is overdue again.
_CLAIM: Final = text(f"""
    INSERT INTO follow_up_alert (follow_up_id, step, channel, state, claimed_at, send_at)
    SELECT follow_up.id, told.step, channel.name, 'waiting', now(),
        CASE WHEN :at_night THEN now() ELSE {working_at("hours", "now()")} END
    FROM json_to_recordset(CAST(:told AS json)) AS told (follow_up_id integer, step text)
    JOIN LATERAL (
        SELECT id, organization_id, opened_at, due_at FROM follow_up WHERE follow_up.id = told.follow_up_id OFFSET 0
    ) AS follow_up ON CASE told.step WHEN 'opened' THEN opened_at ELSE due_at END > now() - CAST(:max_age AS interval)
    CROSS JOIN LATERAL {hours_of("follow_up.organization_id")} AS hours
    CROSS JOIN json_to_recordset(CAST(:channels AS json)) AS channel (name text)
    ON CONFLICT (follow_up_id, step, channel) DO UPDATE SET
        state = 'waiting', claimed_at = EXCLUDED.claimed_at, send_at = EXCLUDED.send_at, ended_at = NULL, reason = NULL
    WHERE follow_up_alert.state = 'dropped' AND follow_up_alert.tries = 0
""")  # noqa: S608 - made of constants

# An alert in the state `sending` is taken again after the lease, and its attempt counts as failed. The alert that a
# follow-up was opened is dropped if a person has acknowledged it; all alerts are dropped if it is closed or no longer
# overdue. After any delay (an outage, a lost attempt), an alert that would be sent at night waits until the morning.
_TAKE: Final = text(f"""
    WITH due AS MATERIALIZED (
        SELECT follow_up_id, step, channel FROM follow_up_alert
        WHERE state IN ('waiting', 'sending') AND send_at <= now()
        ORDER BY send_at LIMIT :most FOR NO KEY UPDATE SKIP LOCKED
    ), decided AS MATERIALIZED (
        SELECT due.*, follow_up.call_id, CASE due.step WHEN 'opened' THEN follow_up.state = 'open'
            ELSE follow_up.state IN ('open', 'acknowledged') AND follow_up.overdue_at IS NOT NULL END AS is_wanted,
            CASE WHEN :at_night THEN now() ELSE {working_at("hours", "now()")} END AS next_at
        FROM due JOIN LATERAL (
            SELECT call_id, organization_id, state, overdue_at FROM follow_up
            WHERE follow_up.id = due.follow_up_id OFFSET 0
        ) AS follow_up ON true CROSS JOIN LATERAL {hours_of("follow_up.organization_id")} AS hours
    ), taken AS (
        UPDATE follow_up_alert AS alert SET
            state = CASE WHEN NOT is_wanted THEN 'dropped' WHEN tries >= :tries THEN 'undelivered'
                WHEN next_at > now() THEN 'waiting' ELSE 'sending' END,
            reason = CASE WHEN is_wanted AND alert.state = 'sending' THEN 'lost' ELSE reason END,
            ended_at = CASE WHEN NOT is_wanted OR tries >= :tries THEN now() END,
            tries = tries + CASE WHEN is_wanted AND tries < :tries AND next_at <= now() THEN 1 ELSE 0 END,
            send_at = CASE WHEN next_at > now() THEN next_at ELSE now() + CAST(:lease AS interval) END
        FROM decided
        WHERE alert.follow_up_id = decided.follow_up_id AND alert.step = decided.step
            AND alert.channel = decided.channel
        RETURNING alert.follow_up_id, alert.step, alert.channel, alert.state, alert.tries, alert.reason,
            decided.call_id
    )
    SELECT row_to_json(one) FROM (
        SELECT taken.*, CASE WHEN taken.state = 'sending' AND taken.channel IN (
                SELECT jsonb_array_elements_text(CAST(:full AS jsonb))) THEN (
            SELECT row_to_json(customer) FROM (
                SELECT record.customer_name AS name, coalesce(record.customer_phone, call.customer_number) AS phone,
                    record.vehicle_info AS vehicle, call.nps_score AS score,
                    coalesce(nullif(feedback.content, ''), feedback.detractors) AS words
                FROM call LEFT JOIN LATERAL (
                    SELECT customer_name, customer_phone, vehicle_info FROM service_record
                    WHERE service_record.id = call.service_record_id
                        AND service_record.organization_id = call.organization_id OFFSET 0
                ) AS record ON true LEFT JOIN LATERAL (
                    SELECT content, detractors FROM call_feedback WHERE call_feedback.call_id = call.id OFFSET 0
                ) AS feedback ON true WHERE call.id = taken.call_id
            ) AS customer
        ) END AS customer
        FROM taken ORDER BY follow_up_id, step, channel
    ) AS one
""")  # noqa: S608 - made of constants

# A late result of an attempt that counted as failed still counts if the alert was delivered; otherwise the later
# attempt's result counts.
_SETTLE: Final = text(f"""
    WITH settled AS (
        SELECT * FROM json_to_recordset(CAST(:settled AS json)) AS row (
            follow_up_id integer, step text, channel text, tries smallint, reason text, is_over boolean, wait integer)
    ), placed AS MATERIALIZED (
        SELECT settled.*, CASE WHEN :at_night THEN now() + make_interval(secs => wait)
            ELSE {working_at("hours", "(now() + make_interval(secs => wait))")} END AS next_at
        FROM settled JOIN LATERAL (
            SELECT organization_id FROM follow_up WHERE follow_up.id = settled.follow_up_id OFFSET 0
        ) AS follow_up ON true CROSS JOIN LATERAL {hours_of("follow_up.organization_id")} AS hours
    ), written AS (
        UPDATE follow_up_alert AS alert SET
            state = CASE WHEN placed.reason IS NULL THEN 'delivered' WHEN is_over THEN 'undelivered'
                ELSE 'waiting' END,
            reason = placed.reason,
            ended_at = CASE WHEN placed.reason IS NULL OR is_over THEN now() END,
            send_at = next_at
        FROM placed
        WHERE alert.follow_up_id = placed.follow_up_id AND alert.step = placed.step AND alert.channel = placed.channel
            AND alert.state <> 'delivered'
            AND (placed.reason IS NULL OR (alert.state = 'sending' AND alert.tries = placed.tries))
        RETURNING alert.follow_up_id, alert.step, alert.channel, alert.state, alert.reason
    )
    SELECT row_to_json(written) FROM written WHERE state = 'undelivered'
""")  # noqa: S608 - made of constants


def claim(transaction: Transaction, told: Sequence[tuple[int, str]], plan: Plan) -> None:
    """Claim the alerts of follow-ups and steps, once per channel; existing claims are left alone."""
    steps = as_rows({"follow_up_id": id_, "step": step} for id_, step in sorted(set(told)))
    channels = as_rows({"name": name} for name in plan.channels)
    given = {"told": steps, "channels": channels, "at_night": plan.at_night, "max_age": _seconds(MAX_AGE)}
    transaction.execute(_CLAIM, given)


def take_due(transaction: Transaction, plan: Plan) -> list[Row]:
    """Take the due alerts, each in one run only; returns the rows in their new state with customer data."""
    given = {"most": TAKEN_AT_ONCE, "tries": plan.tries, "lease": _seconds(plan.lease), "at_night": plan.at_night}
    return list(transaction.execute(_TAKE, given | {"full": as_rows(plan.full_channels)}).scalars())


def settle(transaction: Transaction, settled: Sequence[Settled], plan: Plan) -> list[Row]:
    """Store the results of attempts; returns the alerts that are finally undelivered."""
    last = {(one.follow_up_id, one.step, one.channel): one for one in sorted(settled, key=_delivered_last)}
    given = {"settled": as_rows(one._asdict() for one in last.values()), "at_night": plan.at_night}
    return list(transaction.execute(_SETTLE, given).scalars())


def _delivered_last(one: Settled) -> tuple[bool, int]:
    return one.reason is None, one.tries


def _seconds(span: timedelta) -> str:
    return f"{span.total_seconds():.0f} seconds"
