"""Logs and metrics of all functions.

Logs are one JSON object per line and never contain a body, secret, phone number or transcript. Metrics are CloudWatch
EMF lines in the namespace `AutoPulse`; the dimension `service` is the stack's name, which separates two stacks in one
account.
"""

import inspect
import json
import logging
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Generic, NamedTuple, ParamSpec, TextIO, cast

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

NAMESPACE: Final = "AutoPulse"
MILLISECONDS: Final = MetricUnit.Milliseconds
P = ParamSpec("P")
MAX_VALUES: Final = 100
"""The maximum number of values of one metric in one EMF line."""
Dimensions = tuple[tuple[str, str], ...]


class Undivided(NamedTuple):
    """The dimensions of a metric without any besides `service`."""


class ByKind(NamedTuple):
    """The dimensions of a metric per kind of message (`consumers.registry`)."""

    kind: str


class ByReason(NamedTuple):
    """The dimensions of a metric per reason (`errors`)."""

    reason: str


class ByKindAndReason(NamedTuple):
    """The dimensions of a metric per kind of message and reason."""

    kind: str
    reason: str


class ByType(NamedTuple):
    """The dimensions of a metric per type of Vapi's messages (`vapi.routes`)."""

    type: str


class ByWhat(NamedTuple):
    """The dimensions of a metric per sort of unknown value (`vapi.drift`)."""

    what: str


class ByOutcome(NamedTuple):
    """The dimensions of a metric per outcome of a call (`domain.outcome`)."""

    outcome: str


class ByNpsCategory(NamedTuple):
    """The dimensions of a metric per NPS category (`domain.nps`)."""

    nps_category: str


class ByRoute(NamedTuple):
    """The dimensions of a metric per route of the read API."""

    route: str


class ByRouteAndStatus(NamedTuple):
    """The dimensions of a metric per route of the read API and status of its answers."""

    route: str
    status: str


@dataclass(frozen=True, slots=True, eq=False)
class MetricDefinition(Generic[P]):
    """A metric's name, dimensions and unit. Each metric has one instance, which is equal only to itself."""

    name: str
    dimensions: Callable[P, NamedTuple]
    """One of the classes above; measurements pass its fields, which mypy and the class's constructor check."""
    unit: MetricUnit = MetricUnit.Count

    @property
    def dimension_names(self) -> tuple[str, ...]:
        """The names of the dimensions besides `service`."""
        return tuple(inspect.signature(self.dimensions).parameters)


class Metric:
    """Every metric that the code emits; the names are past-tense facts."""

    WEBHOOK_ACCEPTED: Final = MetricDefinition("WebhookAccepted", ByKind)
    """Count of webhooks that SQS has accepted."""
    WEBHOOK_REFUSED: Final = MetricDefinition("WebhookRefused", ByReason)
    """Count of webhooks that were answered 4xx or 503."""
    WEBHOOK_IGNORED: Final = MetricDefinition("WebhookIgnored", ByType)
    """Count of messages of types that are ignored."""
    ANSWER_REQUESTED: Final = MetricDefinition("AnswerRequested", ByType)
    """Count of messages that need an answer and get a refusal."""
    CALLER_ANSWERED: Final = MetricDefinition("CallerAnswered", ByReason)
    """Count of requests for an assistant, by who calls, or by the reason why the database was not asked."""
    PREDIAL_ANSWERED: Final = MetricDefinition("PredialAnswered", ByReason)
    """Count of questions whether a contact may be called, by `eligible` or the obstacle."""
    TRANSFER_ANSWERED: Final = MetricDefinition("TransferAnswered", ByReason)
    """Count of requests for a transfer's destination, by `transferred` or the reason of the refusal."""
    CREDENTIAL_UNUSABLE: Final = MetricDefinition("CredentialUnusable", Undivided)
    """Count of unusable entries of the webhook secret."""
    CALL_TOKEN_REFUSED: Final = MetricDefinition("CallTokenRefused", Undivided)
    """Count of our call ids that were ignored because their token was missing or wrong."""
    RECORD_APPLIED: Final = MetricDefinition("RecordApplied", ByKind)
    """Count of records whose transaction was committed."""
    RECORD_DUPLICATE: Final = MetricDefinition("RecordDuplicate", ByKind)
    """Count of records whose event was applied before, or came twice in one batch."""
    RECORD_IGNORED: Final = MetricDefinition("RecordIgnored", ByKind)
    """Count of records without effect: an unknown word, or a call that is not ours."""
    RECORD_ERASED: Final = MetricDefinition("RecordErased", ByKind)
    """Count of messages about erased calls, which were dropped without a receipt."""
    RECORD_FAILED: Final = MetricDefinition("RecordFailed", ByKindAndReason)
    """Count of records that were returned to the queue or dead-lettered."""
    RECORD_POSTPONED: Final = MetricDefinition("RecordPostponed", ByKind)
    """Count of records that were returned to the queue by a transient error: database, AWS service, time."""
    PAYLOAD_LEFT: Final = MetricDefinition("PayloadLeft", ByKind)
    """Count of objects of ended records that could not be deleted; they expire."""
    CALL_SUSPECTED: Final = MetricDefinition("CallSuspected", ByReason)
    """Count of calls for which requests to Vapi were queued, by the reason."""
    CALL_RECONCILED: Final = MetricDefinition("CallReconciled", ByKind)
    """Count of calls whose first report or status came from Vapi's API instead of a webhook."""
    CALL_UNRECOVERABLE: Final = MetricDefinition("CallUnrecoverable", Undivided)
    """Count of calls that Vapi has deleted or does not have."""
    VALUE_UNKNOWN: Final = MetricDefinition("ValueUnknown", ByWhat)
    """Count of unknown words or fields of Vapi's; they are logged, and `make drift` lists them."""
    TURN_SKIPPED: Final = MetricDefinition("TurnSkipped", Undivided)
    """Count of a transcript's items without text, or with a role that is not stored."""
    CALL_STALLED: Final = MetricDefinition("CallStalled", Undivided)
    """Count of stalls, in which the assistant did not answer in time."""
    CALL_COMPLETED: Final = MetricDefinition("CallCompleted", ByOutcome)
    """Count of calls whose first report was committed."""
    SCORE_GIVEN: Final = MetricDefinition("ScoreGiven", ByNpsCategory)
    """Count of first reports' NPS answers, by category: promoter, passive or detractor."""
    FOLLOW_UP_OPENED: Final = MetricDefinition("FollowUpOpened", ByReason)
    """Count of follow-ups that a message or a person has opened, by trigger (`domain.follow_ups.Trigger`)."""
    FOLLOW_UP_OVERDUE: Final = MetricDefinition("FollowUpOverdue", Undivided)
    """Count of follow-ups that were not answered in time, each once."""
    ALERT_DELIVERED: Final = MetricDefinition("AlertDelivered", Undivided)
    """Count of follow-ups' alerts that a mail topic or a webhook has accepted."""
    ALERT_FAILED: Final = MetricDefinition("AlertFailed", ByReason)
    """Count of failed attempts to send an alert, by reason (`errors.DeliveryFailed`)."""
    ALERT_UNDELIVERED: Final = MetricDefinition("AlertUndelivered", Undivided)
    """Count of alerts that are no longer retried."""
    FOLLOW_UP_ANSWERED: Final = MetricDefinition("FollowUpAnswered", ByReason)
    """Count of follow-ups that a person acknowledged, resolved or dismissed first, as `in_time` or `late`."""
    FOLLOW_UP_UNANSWERED: Final = MetricDefinition("FollowUpUnanswered", ByReason)
    """The number of follow-ups, every five minutes: `open` ones, and `overdue` ones of all unanswered."""
    CALL_EVENT_PUBLISHED: Final = MetricDefinition("CallEventPublished", Undivided)
    """Count of call events that the event bus has accepted."""
    CALL_EVENT_LOST: Final = MetricDefinition("CallEventLost", Undivided)
    """Count of call events that the event bus did not accept; pages show the change at their next read."""
    TICKET_ISSUED: Final = MetricDefinition("TicketIssued", Undivided)
    """Count of issued tickets for WebSocket connections."""
    CONNECTION_OPENED: Final = MetricDefinition("ConnectionOpened", Undivided)
    """Count of WebSocket connections with a valid ticket."""
    CONNECTION_REFUSED: Final = MetricDefinition("ConnectionRefused", Undivided)
    """Count of WebSocket connections that were refused because their ticket was invalid."""
    CONNECTION_GONE: Final = MetricDefinition("ConnectionGone", Undivided)
    """Count of connections that turned out to be closed when a call event was posted."""
    CONNECTION_EXPIRED: Final = MetricDefinition("ConnectionExpired", Undivided)
    """Count of connections that were closed because their token had expired."""
    CALL_EVENT_PUSHED: Final = MetricDefinition("CallEventPushed", Undivided)
    """Count of posts of call events, one per connection."""
    CALL_EVENT_UNDELIVERED: Final = MetricDefinition("CallEventUndelivered", Undivided)
    """Count of failed posts to open connections; pages show the change at their next read."""
    AGE_PUSHED_FROM_RECEIPT: Final = MetricDefinition("AgePushedFromReceipt", Undivided, MILLISECONDS)
    """The time from the verifier's receipt until a call event has been posted to all its connections."""
    AGE_PUSHED_FROM_COMMIT: Final = MetricDefinition("AgePushedFromCommit", Undivided, MILLISECONDS)
    """The time from the commit until a call event has been posted to all its connections."""
    TOKEN_REFUSED: Final = MetricDefinition("TokenRefused", ByReason)
    """Count of requests to the read API without a valid token."""
    API_ANSWERED: Final = MetricDefinition("ApiAnswered", ByRouteAndStatus)
    """Count of answers of the read API."""
    API_DURATION: Final = MetricDefinition("ApiDuration", ByRoute, MILLISECONDS)
    """The duration of an answer in the handler."""
    BATCH_SIZE: Final = MetricDefinition("BatchSize", ByKind)
    """The number of records of one invocation."""
    AGE_FROM_SENDER: Final = MetricDefinition("AgeFromSender", ByKind, MILLISECONDS)
    """The age of a record at commit, from the sender's time."""
    AGE_FROM_RECEIPT: Final = MetricDefinition("AgeFromReceipt", ByKind, MILLISECONDS)
    """The age of a record at commit, from the verifier's receipt."""
    RECORDING_STORED: Final = MetricDefinition("RecordingStored", Undivided)
    """Count of recordings that were copied into the bucket."""
    RECORDING_MISSING: Final = MetricDefinition("RecordingMissing", Undivided)
    """Count of recordings that could not be copied, and are no longer requested."""
    RECORDING_FAILED: Final = MetricDefinition("RecordingFailed", ByReason)
    """Count of failed attempts to copy a recording, unless Vapi has no recording."""
    VAPI_ASKED: Final = MetricDefinition("VapiAsked", Undivided)
    """Count of requests to Vapi's API."""
    RECONCILIATION_FAILED: Final = MetricDefinition("ReconciliationFailed", ByReason)
    """Count of failed requests for a call or a page of Vapi's list; a call that Vapi does not have is no failure."""
    CALL_ERASED: Final = MetricDefinition("CallErased", Undivided)
    """Count of erased rows of calls."""
    ERASURE_FAILED: Final = MetricDefinition("ErasureFailed", ByReason)
    """Count of failed parts of erasures: a recording that is left, a call that Vapi does not delete."""
    CALL_EXPIRED: Final = MetricDefinition("CallExpired", ByReason)
    """Count of calls whose `words` or `person` were emptied because of their age."""
    EVENT_PRUNED: Final = MetricDefinition("EventPruned", Undivided)
    """Count of rows of `webhook_event` that were deleted because of their age."""


METRICS: Final = tuple(one for one in vars(Metric).values() if isinstance(one, MetricDefinition))


_MADE_ID: Final = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-f]{64}")
"""Matches a UUID, as Vapi's ids are, and our event ids; neither can be a name or a phone number."""
_NOT_OF_AN_ID: Final = re.compile(r"[^\w.:-]+", re.ASCII)
_MAX_ID_CHARACTERS: Final = 100
_TELEPHONE_DIGITS: Final = 7
"""The minimum number of digits of a phone number."""


def loggable_id(id_: str | None) -> str | None:
    """An id from outside, in the form in which it may be logged.

    Only ASCII letters and digits and `_.:-` are kept; digits that might be a phone number are removed.
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

    The common part of the lines is formatted once, which takes 1 us per line instead of 21; a batch has a hundred
    records.
    """
    from pydantic_core import to_json  # noqa: PLC0415 - needed only for several lines

    log = logger()
    if log.log_level > logging.INFO:
        return
    record = logging.makeLogRecord({"name": log.name, "levelno": logging.INFO, "levelname": "INFO", "msg": message})
    shared = json.loads(log.registered_formatter.format(record))
    shared.pop("location", None)
    begin = json.dumps(shared).removesuffix("}")
    handler = cast("logging.StreamHandler[TextIO]", log.registered_handler)
    handler.stream.write("".join([f"{begin}, {to_json(row).decode()[1:]}\n" for row in rows]))
    handler.flush()


class Measurements:
    """Collects one invocation's metrics, and writes them as EMF lines, one for each set of dimensions.

    The values are passed to Powertools together, because each call of its `add_metric` formats all earlier values
    again.
    """

    def __init__(self) -> None:
        self._sets: dict[Dimensions, dict[MetricDefinition[Any], list[float]]] = {}

    def count(self, metric: MetricDefinition[P], amount: int = 1, *args: P.args, **dimensions: P.kwargs) -> None:
        """Add to a count; a flush writes the sum. Raises TypeError if the dimensions are not the metric's."""
        values = self._values(metric, metric.dimensions(*args, **dimensions))
        values[:] = [sum(values) + amount]

    def record(
        self, metric: MetricDefinition[P], values: Iterable[float], *args: P.args, **dimensions: P.kwargs
    ) -> None:
        """Add values to a distribution. Raises TypeError if the dimensions are not the metric's."""
        self._values(metric, metric.dimensions(*args, **dimensions)).extend(values)

    def flush(self) -> None:
        """Write and clear all collected values."""
        emf = EphemeralMetrics(namespace=NAMESPACE)
        for dimensions, metrics in self._sets.items():
            for start in range(0, max(map(len, metrics.values())), MAX_VALUES):
                _write(emf, dimensions, metrics, slice(start, start + MAX_VALUES))
        self._sets.clear()

    def _values(self, metric: MetricDefinition[Any], dimensions: NamedTuple) -> list[float]:
        metrics = self._sets.setdefault(tuple(dimensions._asdict().items()), {})
        return metrics.setdefault(metric, [])


def _write(
    emf: EphemeralMetrics,
    dimensions: Dimensions,
    metrics: Mapping[MetricDefinition[Any], Sequence[float]],
    part: slice,
) -> None:
    values = {
        metric.name: {"Unit": metric.unit.value, "StorageResolution": 60, "Value": values[part]}
        for metric, values in metrics.items()
        if values[part]
    }
    # The line is printed unchanged, because CloudWatch reads metrics only from log lines that are plain JSON.
    line = emf.serialize_metric_set(values, {**dict(dimensions), "service": emf.service})
    print(json.dumps(line, separators=(",", ":")))  # noqa: T201
