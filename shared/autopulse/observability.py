"""Logs and metrics, the same in every function.

Logs are one JSON object a line and never hold a body, secret, phone number or transcript. Metrics are CloudWatch EMF
lines in the namespace `AutoPulse`; the dimension `service` is the stack's name, so two stacks in an account keep apart.
"""

import json
import logging
import re
from collections.abc import Iterable, Mapping
from enum import Enum
from functools import cache
from typing import Final, TextIO, cast

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

NAMESPACE: Final = "AutoPulse"
MAX_VALUES: Final = 100
"""Of one metric in one EMF line."""
Dimensions = tuple[tuple[str, str], ...]


class Metric(str, Enum):
    """Every metric that the code emits: past-tense facts, with their dimensions besides `service`."""

    WEBHOOK_ACCEPTED = "WebhookAccepted"
    """Count by `kind`: in the queue."""
    WEBHOOK_REFUSED = "WebhookRefused"
    """Count by `reason`: answered 4xx or 503."""
    WEBHOOK_IGNORED = "WebhookIgnored"
    """Count by `type`: a message that nobody here reads."""
    ANSWER_REQUESTED = "AnswerRequested"
    """Count by `type`: a message that waits for an answer we do not give."""
    CREDENTIAL_UNUSABLE = "CredentialUnusable"
    """Count: entries of the webhook secret that cannot be used."""
    CALL_TOKEN_REFUSED = "CallTokenRefused"  # noqa: S105 - a metric
    """Count: a call id of ours that did not count, since its token was missing or wrong."""
    RECORD_APPLIED = "RecordApplied"
    """Count by `kind`: committed."""
    RECORD_DUPLICATE = "RecordDuplicate"
    """Count by `kind`: seen before, or twice in one batch."""
    RECORD_IGNORED = "RecordIgnored"
    """Count by `kind`: acknowledged without effect: a word we do not know, a call that is not ours."""
    RECORD_FAILED = "RecordFailed"
    """Count by `kind`, `reason`: returned to the queue, or put into the dead-letter queue."""
    RECORD_POSTPONED = "RecordPostponed"
    """Count by `kind`: back in the queue, since the world was in the way: database, AWS service, time."""
    PAYLOAD_LEFT = "PayloadLeft"
    """Count by `kind`: objects of records that have ended which could not be deleted; they expire."""
    STATUS_UNKNOWN = "StatusUnknown"
    """Count: a status word that we do not know."""
    ENDED_REASON_UNKNOWN = "EndedReasonUnknown"
    """Count: a message with an ended reason of no family; the log has the reason."""
    TURN_SKIPPED = "TurnSkipped"
    """Count: an item of a transcript without text or with a role that we do not store."""
    CALL_STALLED = "CallStalled"
    """Count: the assistant failed to answer in time."""
    CALL_COMPLETED = "CallCompleted"
    """Count by `outcome`: the first report of a call, committed."""
    SCORE_GIVEN = "ScoreGiven"
    """Count by `group`: the NPS answer of a first report: promoter, passive or detractor."""
    NOTICE_PUBLISHED = "NoticePublished"
    """Count: on the event bus."""
    NOTICE_LOST = "NoticeLost"
    """Count: the bus did not take it; a page shows it at its next read."""
    TICKET_ISSUED = "TicketIssued"
    """Count: tickets for a WebSocket connection."""
    CONNECTION_OPENED = "ConnectionOpened"
    """Count: WebSocket connections whose ticket was good."""
    CONNECTION_REFUSED = "ConnectionRefused"
    """Count: WebSocket connections without a good ticket."""
    CONNECTION_GONE = "ConnectionGone"
    """Count: found closed when a notice was posted to them."""
    CONNECTION_EXPIRED = "ConnectionExpired"
    """Count: closed by us, since their token had expired."""
    NOTICE_PUSHED = "NoticePushed"
    """Count: posted to a connection; one for each."""
    NOTICE_UNDELIVERED = "NoticeUndelivered"
    """Count: not posted to a connection that was open; the page shows it at its next read."""
    AGE_PUSHED_FROM_RECEIPT = "AgePushedFromReceipt"
    """Milliseconds, when a notice has been posted to all its connections, from the verifier's receipt."""
    AGE_PUSHED_FROM_COMMIT = "AgePushedFromCommit"
    """Milliseconds, when a notice has been posted to all its connections, from the commit."""
    TOKEN_REFUSED = "TokenRefused"  # noqa: S105 - a metric
    """Count by `reason`: a request for the read API without a token that lets its sender in."""
    API_ANSWERED = "ApiAnswered"
    """Count by `route`, `status`: answers of the read API."""
    API_DURATION = "ApiDuration"
    """Milliseconds by `route`, in the handler."""
    BATCH_SIZE = "BatchSize"
    """Count by `kind`: records of one invocation."""
    AGE_FROM_SENDER = "AgeFromSender"
    """Milliseconds by `kind`, at commit, from the sender's time."""
    AGE_FROM_RECEIPT = "AgeFromReceipt"
    """Milliseconds by `kind`, at commit, from the verifier's receipt."""
    EVENT_PRUNED = "EventPruned"
    """Count: `webhook_event` rows deleted for their age."""


_MADE_ID: Final = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-f]{64}")
"""A UUID, as Vapi's ids are, and an event id of ours: nobody's name or number."""
_NOT_OF_AN_ID: Final = re.compile(r"[^\w.:-]+", re.ASCII)
_MAX_ID_CHARACTERS: Final = 100
_TELEPHONE_DIGITS: Final = 7
"""A shorter number calls nobody."""


def loggable_id(id_: str | None) -> str | None:
    """An id that a sender chose, as the log takes it.

    Only letters and digits of ASCII and `_.:-` are left; digits are not, if they might be a telephone number.
    """
    if id_ is None or _MADE_ID.fullmatch(id_):
        return id_
    harmless = _NOT_OF_AN_ID.sub("?", id_[:_MAX_ID_CHARACTERS])
    digits = sum(map(str.isdigit, harmless))
    return re.sub("[0-9]", "#", harmless) if digits >= _TELEPHONE_DIGITS else harmless


@cache
def logger() -> Logger:
    """The structured logger; its service name and level come from POWERTOOLS_SERVICE_NAME and POWERTOOLS_LOG_LEVEL."""
    return Logger()


def log_each(message: str, rows: Iterable[Mapping[str, object]]) -> None:
    """Write one INFO line for each row, as `logger().info(message, extra=row)` would.

    What all lines share is formatted once: 4 us a line instead of 21, which counts in a batch of a hundred records.
    """
    log = logger()
    if log.log_level > logging.INFO:
        return
    record = logging.makeLogRecord({"name": log.name, "levelno": logging.INFO, "levelname": "INFO", "msg": message})
    shared = json.loads(log.registered_formatter.format(record))
    shared.pop("location", None)
    begin = json.dumps(shared).removesuffix("}")
    handler = cast("logging.StreamHandler[TextIO]", log.registered_handler)
    handler.stream.write("".join([f"{begin}, {json.dumps(row)[1:]}\n" for row in rows]))
    handler.flush()


class Measurements:
    """Collects one invocation's metrics and writes them as EMF lines, one for each set of dimensions.

    The values go to Powertools all at once: its `add_metric` formats all earlier values again for each new one.
    """

    def __init__(self) -> None:
        self._sets: dict[Dimensions, dict[Metric, tuple[MetricUnit, list[float]]]] = {}

    def count(self, metric: Metric, amount: int = 1, **dimensions: str) -> None:
        """Add to a count; amounts of one flush are summed."""
        values = self._values(metric, MetricUnit.Count, dimensions)
        values[:] = [sum(values) + amount]

    def record(self, metric: Metric, *values: float, unit: MetricUnit = MetricUnit.Count, **dimensions: str) -> None:
        """Add values to a distribution."""
        self._values(metric, unit, dimensions).extend(values)

    def flush(self) -> None:
        """Write and forget everything collected."""
        for dimensions, metrics in self._sets.items():
            for start in range(0, max(len(values) for _, values in metrics.values()), MAX_VALUES):
                _write(dimensions, metrics, slice(start, start + MAX_VALUES))
        self._sets.clear()

    def _values(self, metric: Metric, unit: MetricUnit, dimensions: dict[str, str]) -> list[float]:
        metrics = self._sets.setdefault(tuple(sorted(dimensions.items())), {})
        return metrics.setdefault(metric, (unit, []))[1]


def _write(dimensions: Dimensions, metrics: dict[Metric, tuple[MetricUnit, list[float]]], part: slice) -> None:
    values = {
        metric.value: {"Unit": unit.value, "StorageResolution": 60, "Value": values[part]}
        for metric, (unit, values) in metrics.items()
        if values[part]
    }
    emf = EphemeralMetrics(namespace=NAMESPACE)
    # The line goes to standard output as it is: CloudWatch reads metrics from log lines that are nothing but JSON.
    line = emf.serialize_metric_set(values, {**dict(dimensions), "service": emf.service})
    print(json.dumps(line, separators=(",", ":")))  # noqa: T201
