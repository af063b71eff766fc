"""Logs and metrics, the same in every function.

Logs are one JSON object a line and never hold a body, secret, phone number or transcript. Metrics are CloudWatch EMF
lines in the namespace `AutoPulse`; the dimension `service` is the stack's name, so two stacks in an account keep apart.
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
"""Of one metric in one EMF line."""
Dimensions = tuple[tuple[str, str], ...]


class Undivided(NamedTuple):
    """The dimensions of a metric that has none besides `service`."""


class ByKind(NamedTuple):
    """The dimensions of a metric of each kind of message (`consumers.registry`)."""

    kind: str


class ByReason(NamedTuple):
    """The dimensions of a metric of each reason (`errors`)."""

    reason: str


class ByKindAndReason(NamedTuple):
    """The dimensions of a metric of each kind of message and reason."""

    kind: str
    reason: str


class ByType(NamedTuple):
    """The dimensions of a metric of each type of Vapi's messages (`vapi.routes`)."""

    type: str


class ByWhat(NamedTuple):
    """The dimensions of a metric of each sort of unknown value (`vapi.drift`)."""

    what: str


class ByOutcome(NamedTuple):
    """The dimensions of a metric of each outcome of a call (`domain.outcome`)."""

    outcome: str


class ByNpsCategory(NamedTuple):
    """The dimensions of a metric of each NPS group (`domain.nps`)."""

    nps_category: str


class ByRoute(NamedTuple):
    """The dimensions of a metric of each route of the read API."""

    route: str


class ByRouteAndStatus(NamedTuple):
    """The dimensions of a metric of each route of the read API and status of its answers."""

    route: str
    status: str


@dataclass(frozen=True, slots=True, eq=False)
class MetricDefinition(Generic[P]):
    """A metric's name, what it is divided by, and its unit; each is made once, and equal to itself alone."""

    name: str
    dimensions: Callable[P, NamedTuple]
    """One of the classes above: a measurement gives its fields, which mypy and its constructor check."""
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
    """A message that nobody here reads."""
    ANSWER_REQUESTED: Final = MetricDefinition("AnswerRequested", ByType)
    """A message that waits for an answer we do not give."""
    CALLER_ANSWERED: Final = MetricDefinition("CallerAnswered", ByReason)
    """Requests for an assistant that were answered, by who calls, or by why the database was not asked."""
    PREDIAL_ANSWERED: Final = MetricDefinition("PredialAnswered", ByReason)
    """Questions whether a contact may be called, by `eligible` or what stands against it."""
    TRANSFER_ANSWERED: Final = MetricDefinition("TransferAnswered", ByReason)
    """Questions where a caller is handed over to, by `transferred` or why it was refused."""
    CREDENTIAL_UNUSABLE: Final = MetricDefinition("CredentialUnusable", Undivided)
    """Entries of the webhook secret that cannot be used."""
    CALL_TOKEN_REFUSED: Final = MetricDefinition("CallTokenRefused", Undivided)
    """A call id of ours that did not count, since its token was missing or wrong."""
    RECORD_APPLIED: Final = MetricDefinition("RecordApplied", ByKind)
    """Count of records whose transaction was committed."""
    RECORD_DUPLICATE: Final = MetricDefinition("RecordDuplicate", ByKind)
    """Count of records that were applied before, or that came twice in one batch."""
    RECORD_IGNORED: Final = MetricDefinition("RecordIgnored", ByKind)
    """Acknowledged without effect: a word we do not know, a call that is not ours."""
    RECORD_ERASED: Final = MetricDefinition("RecordErased", ByKind)
    """Dropped without a receipt: a message about a call that was erased."""
    RECORD_FAILED: Final = MetricDefinition("RecordFailed", ByKindAndReason)
    """Returned to the queue, or put into the dead-letter queue."""
    RECORD_POSTPONED: Final = MetricDefinition("RecordPostponed", ByKind)
    """Back in the queue, after a transient error: database, AWS service, time."""
    PAYLOAD_LEFT: Final = MetricDefinition("PayloadLeft", ByKind)
    """Objects of records that have ended which could not be deleted; they expire."""
    CALL_SUSPECTED: Final = MetricDefinition("CallSuspected", ByReason)
    """Count of calls that Vapi was to be asked for, by what was suspicious of them."""
    CALL_RECONCILED: Final = MetricDefinition("CallReconciled", ByKind)
    """Count of calls whose first report, or whose status, did not come by a webhook but by asking Vapi."""
    CALL_UNRECOVERABLE: Final = MetricDefinition("CallUnrecoverable", Undivided)
    """Count of calls of which Vapi keeps nothing any longer, or knows nothing."""
    VALUE_UNKNOWN: Final = MetricDefinition("ValueUnknown", ByWhat)
    """A word or a field of Vapi's that we do not know; the log names it, and `make drift` lists them."""
    TURN_SKIPPED: Final = MetricDefinition("TurnSkipped", Undivided)
    """An item of a transcript without text or with a role that we do not store."""
    CALL_STALLED: Final = MetricDefinition("CallStalled", Undivided)
    """The assistant failed to answer in time."""
    CALL_COMPLETED: Final = MetricDefinition("CallCompleted", ByOutcome)
    """The first report of a call, committed."""
    SCORE_GIVEN: Final = MetricDefinition("ScoreGiven", ByNpsCategory)
    """The NPS answer of a first report: promoter, passive or detractor."""
    FOLLOW_UP_OPENED: Final = MetricDefinition("FollowUpOpened", ByReason)
    """Count of follow-ups that a message or a person has opened, by why (`domain.follow_ups.Trigger`)."""
    FOLLOW_UP_OVERDUE: Final = MetricDefinition("FollowUpOverdue", Undivided)
    """Count of follow-ups that were not answered in time, each once."""
    ALERT_DELIVERED: Final = MetricDefinition("AlertDelivered", Undivided)
    """Count of alerts of follow-ups that a mail's topic or a webhook has taken."""
    ALERT_FAILED: Final = MetricDefinition("AlertFailed", ByReason)
    """Count of tries at sending an alert that failed, by why (`errors.DeliveryFailed`)."""
    ALERT_UNDELIVERED: Final = MetricDefinition("AlertUndelivered", Undivided)
    """Count of alerts that are not tried any more."""
    FOLLOW_UP_ANSWERED: Final = MetricDefinition("FollowUpAnswered", ByReason)
    """Count of follow-ups that a person took, resolved or dismissed first, as `in_time` or `late`."""
    FOLLOW_UP_UNANSWERED: Final = MetricDefinition("FollowUpUnanswered", ByReason)
    """How many are unanswered at this moment, every five minutes: `open` (not taken), or `overdue` among all."""
    CALL_EVENT_PUBLISHED: Final = MetricDefinition("CallEventPublished", Undivided)
    """Count of call events that the event bus has accepted."""
    CALL_EVENT_LOST: Final = MetricDefinition("CallEventLost", Undivided)
    """The bus did not take it; a page shows it at its next read."""
    TICKET_ISSUED: Final = MetricDefinition("TicketIssued", Undivided)
    """Tickets for a WebSocket connection."""
    CONNECTION_OPENED: Final = MetricDefinition("ConnectionOpened", Undivided)
    """WebSocket connections whose ticket was good."""
    CONNECTION_REFUSED: Final = MetricDefinition("ConnectionRefused", Undivided)
    """WebSocket connections without a good ticket."""
    CONNECTION_GONE: Final = MetricDefinition("ConnectionGone", Undivided)
    """Count of connections that were closed when a call event was posted."""
    CONNECTION_EXPIRED: Final = MetricDefinition("ConnectionExpired", Undivided)
    """Closed by us, since their token had expired."""
    CALL_EVENT_PUSHED: Final = MetricDefinition("CallEventPushed", Undivided)
    """Count of posts, one for each connection."""
    CALL_EVENT_UNDELIVERED: Final = MetricDefinition("CallEventUndelivered", Undivided)
    """Not posted to a connection that was open; the page shows it at its next read."""
    AGE_PUSHED_FROM_RECEIPT: Final = MetricDefinition("AgePushedFromReceipt", Undivided, MILLISECONDS)
    """The age of a call event when it has been posted to all its connections, from the verifier's receipt."""
    AGE_PUSHED_FROM_COMMIT: Final = MetricDefinition("AgePushedFromCommit", Undivided, MILLISECONDS)
    """The age of a call event when it has been posted to all its connections, from the commit."""
    TOKEN_REFUSED: Final = MetricDefinition("TokenRefused", ByReason)
    """A request for the read API without a token that lets its sender in."""
    API_ANSWERED: Final = MetricDefinition("ApiAnswered", ByRouteAndStatus)
    """Answers of the read API."""
    API_DURATION: Final = MetricDefinition("ApiDuration", ByRoute, MILLISECONDS)
    """The time of an answer in the handler."""
    BATCH_SIZE: Final = MetricDefinition("BatchSize", ByKind)
    """The number of records of one invocation."""
    AGE_FROM_SENDER: Final = MetricDefinition("AgeFromSender", ByKind, MILLISECONDS)
    """The age of a record at commit, from the sender's time."""
    AGE_FROM_RECEIPT: Final = MetricDefinition("AgeFromReceipt", ByKind, MILLISECONDS)
    """The age of a record at commit, from the verifier's receipt."""
    RECORDING_STORED: Final = MetricDefinition("RecordingStored", Undivided)
    """Recordings that were copied into the bucket."""
    RECORDING_MISSING: Final = MetricDefinition("RecordingMissing", Undivided)
    """Recordings that could not be copied, and are not asked for again."""
    RECORDING_FAILED: Final = MetricDefinition("RecordingFailed", ByReason)
    """Tries at copying a recording that failed, unless Vapi said that there is none."""
    VAPI_ASKED: Final = MetricDefinition("VapiAsked", Undivided)
    """Requests that were sent to Vapi's API."""
    RECONCILIATION_FAILED: Final = MetricDefinition("ReconciliationFailed", ByReason)
    """A request for a call, or for a page of Vapi's list, that gave nothing; a call that Vapi does not have is none."""
    CALL_ERASED: Final = MetricDefinition("CallErased", Undivided)
    """Count of rows of calls that were erased."""
    ERASURE_FAILED: Final = MetricDefinition("ErasureFailed", ByReason)
    """Part of an erasure that was not done: a recording that is left, a call that Vapi does not delete."""
    CALL_EXPIRED: Final = MetricDefinition("CallExpired", ByReason)
    """Count of calls whose `words`, or whose `person`, were emptied for their age."""
    EVENT_PRUNED: Final = MetricDefinition("EventPruned", Undivided)
    """`webhook_event` rows deleted for their age."""


METRICS: Final = tuple(one for one in vars(Metric).values() if isinstance(one, MetricDefinition))


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

    What all lines share is formatted once: 1 us a line instead of 21, which counts in a batch of a hundred records.
    """
    from pydantic_core import to_json  # noqa: PLC0415 - who writes single lines does without it

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
    """Collects one invocation's metrics and writes them as EMF lines, one for each set of dimensions.

    The values go to Powertools all at once: its `add_metric` formats all earlier values again for each new one.
    """

    def __init__(self) -> None:
        self._sets: dict[Dimensions, dict[MetricDefinition[Any], list[float]]] = {}

    def count(self, metric: MetricDefinition[P], amount: int = 1, *args: P.args, **dimensions: P.kwargs) -> None:
        """Add to a count; amounts of one flush are summed. Raises TypeError for other dimensions than the metric's."""
        values = self._values(metric, metric.dimensions(*args, **dimensions))
        values[:] = [sum(values) + amount]

    def record(
        self, metric: MetricDefinition[P], values: Iterable[float], *args: P.args, **dimensions: P.kwargs
    ) -> None:
        """Add values to a distribution. Raises TypeError for other dimensions than the metric's."""
        self._values(metric, metric.dimensions(*args, **dimensions)).extend(values)

    def flush(self) -> None:
        """Write and forget everything collected."""
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
    # The line goes to standard output as it is: CloudWatch reads metrics from log lines that are nothing but JSON.
    line = emf.serialize_metric_set(values, {**dict(dimensions), "service": emf.service})
    print(json.dumps(line, separators=(",", ":")))  # noqa: T201
