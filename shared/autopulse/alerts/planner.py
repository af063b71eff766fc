"""The planner of alerts: claims each alert in the database, and requests the sender to send it.

It is invoked by the bus with events (a follow-up was opened, or is overdue), by the sender with results, and by a
schedule. Each time it then takes the alerts that are due. The claim and the number of the attempt are committed before
the request is sent, so two runs never send the same alert.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from autopulse.alerts.messages import (
    VERSION,
    Alert,
    Customer,
    Outcome,
    Step,
    read_outcome,
)
from autopulse.alerts.services import Services
from autopulse.alerts.wording import MAX_WORDS_CHARACTERS
from autopulse.aws import AWS_ERRORS, name_of
from autopulse.db import alerts as rows
from autopulse.domain.bounds import cut
from autopulse.domain.events import CallEventType
from autopulse.errors import DataRejected, InvalidMessage, Transient
from autopulse.json_coercion import MAX_CALL_ID, Json, read_mapping
from autopulse.json_text import read_json
from autopulse.observability import Measurements, Metric, logger

STEPS: Final[Mapping[str, str]] = {
    CallEventType.FOLLOW_UP_OPENED.value: Step.OPENED,
    CallEventType.FOLLOW_UP_OVERDUE.value: Step.OVERDUE,
}
"""Type of the event -> the step."""
WAITS_SECONDS: Final = (30, 300, 1800, 7200)
"""The delays in seconds after each failed attempt; after the last one the alert is undelivered."""
LEASE: Final = timedelta(minutes=30)
"""The time after which an attempt without a result counts as failed."""
SENT_WITHIN: Final = timedelta(minutes=20)
"""The latest start of an attempt: its message may wait in the queue, and it has to end before the lease does."""
_RUNS: Final = 20
"""The maximum number of transactions in one invocation."""
Answer = dict[str, Any]


def handle(event: Mapping[str, Any], services: Services) -> Answer:
    """Process a batch's messages, or the alerts that are due; a message that failed through an outage is retried."""
    failed: list[str] = []
    records = event.get("Records", ())
    told: list[tuple[int, str]] = []
    outcomes: list[Outcome] = []
    for record in records:
        try:
            _read(record["body"], told, outcomes)
        except InvalidMessage as error:
            logger().error("message not read", extra={"reason": error.reason, "detail": error.detail})
            failed.append(record["messageId"])
    measurements = Measurements()
    try:
        if told:
            services.transact(lambda transaction: rows.claim(transaction, told, _plan(services)))
        if outcomes:
            _settle(outcomes, services, measurements)
        _send_due(services, measurements)
    except (Transient, DataRejected) as error:
        logger().error("alerts not planned", extra={"reason": error.reason, "detail": error.detail})
        if not records:
            raise
        failed = [record["messageId"] for record in records]
    finally:
        measurements.flush()
    return {"batchItemFailures": [{"itemIdentifier": id_} for id_ in failed]}


def _read(body: str, told: list[tuple[int, str]], outcomes: list[Outcome]) -> None:
    try:
        given: Mapping[str, Json] = read_mapping(read_json(body))
    except (ValueError, RecursionError) as error:
        raise InvalidMessage(f"the body is not JSON: {type(error).__name__}") from None
    if "outcome" in given:
        if given.get("version") != VERSION:
            raise InvalidMessage("cannot read the outcome: version")
        outcomes.append(read_outcome(read_mapping(given["outcome"])))
        return
    step = STEPS.get(str(given.get("detail-type")))
    id_ = read_mapping(read_mapping(given.get("detail")).get("changed")).get("follow_up_id")
    if step is None or isinstance(id_, bool) or not isinstance(id_, int) or not 0 < id_ <= MAX_CALL_ID:
        raise InvalidMessage("cannot read the event: detail-type or follow_up_id")
    told.append((id_, step))


def _plan(services: Services) -> rows.Plan:
    settings = services.settings
    return rows.Plan(settings.channels, settings.at_night, settings.full_channels, LEASE, 1 + len(WAITS_SECONDS))


def _settle(outcomes: Sequence[Outcome], services: Services, measurements: Measurements) -> None:
    settled = [_settled(outcome) for outcome in outcomes]
    undelivered = services.transact(lambda transaction: rows.settle(transaction, settled, _plan(services)))
    for outcome in outcomes:
        if outcome.reason is None:
            measurements.count(Metric.ALERT_DELIVERED)
        else:
            measurements.count(Metric.ALERT_FAILED, reason=outcome.reason)
    _count_undelivered(undelivered, measurements)


def _settled(outcome: Outcome) -> rows.Settled:
    waits = len(WAITS_SECONDS)
    is_over = outcome.is_final or outcome.tries > waits
    wait = 0 if outcome.reason is None or is_over else WAITS_SECONDS[max(0, outcome.tries - 1)]
    return rows.Settled(
        outcome.follow_up_id,
        outcome.step,
        outcome.channel,
        outcome.tries,
        outcome.reason,
        is_over,
        max(wait, outcome.retry_after),
    )


def _send_due(services: Services, measurements: Measurements) -> None:
    for _ in range(_RUNS):
        taken = services.transact(lambda transaction: rows.take_due(transaction, _plan(services)))
        _count_undelivered([row for row in taken if row["state"] == rows.UNDELIVERED], measurements)
        now = datetime.now(timezone.utc)
        for row in taken:
            if row["state"] == rows.SENDING:
                _ask(_alert(row, now), services)
        if len(taken) < rows.TAKEN_AT_ONCE:
            return


def _alert(row: rows.Row, now: datetime) -> Alert:
    customer = row["customer"]
    return Alert(
        row["follow_up_id"],
        row["step"],
        row["channel"],
        row["tries"],
        row["call_id"],
        now + SENT_WITHIN,
        None if customer is None else _told(Customer(**customer)),
    )


def _told(customer: Customer) -> Customer:
    """The customer's data, cut to fit: a queue's message is limited, and a customer's words are not."""
    return customer if customer.words is None else replace(customer, words=cut(customer.words, MAX_WORDS_CHARACTERS))


def _ask(alert: Alert, services: Services) -> None:
    """Send the request to the sender. If the queue fails, the attempt is lost, and repeated after the lease."""
    try:
        services.sqs.send_message(
            QueueUrl=services.settings.sender_queue_url,
            MessageBody=alert.to_json(),
            MessageGroupId=str(alert.follow_up_id),
            MessageDeduplicationId=f"{alert.key}-{alert.tries}-{alert.not_after.timestamp():.0f}",
        )
    except AWS_ERRORS as error:
        logger().error("alert not handed over", extra={"key": alert.key, "cause": name_of(error)})


def _count_undelivered(undelivered: Sequence[Mapping[str, Any]], measurements: Measurements) -> None:
    if undelivered:
        measurements.count(Metric.ALERT_UNDELIVERED, len(undelivered))
    for row in undelivered:
        given = {name: row[name] for name in ("follow_up_id", "step", "channel", "reason")}
        logger().error("alert undelivered", extra=given)
