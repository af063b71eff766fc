"""Logs and metrics, the same in every function.

Logs are one JSON object a line and never hold a body, secret, phone number or transcript. Metrics are CloudWatch EMF lines
in the namespace `AutoPulse`; the dimension `service` is the stack's name, so two stacks in an account keep apart.
"""

from collections import defaultdict
from enum import Enum
from functools import cache
from typing import Final

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

NAMESPACE: Final = "AutoPulse"


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
    RECORD_APPLIED = "RecordApplied"
    """Count by `kind`: committed."""
    RECORD_DUPLICATE = "RecordDuplicate"
    """Count by `kind`: seen before, or twice in one batch."""
    RECORD_IGNORED = "RecordIgnored"
    """Count by `kind`, `reason`: acknowledged without effect, as the stack was told to."""
    RECORD_FAILED = "RecordFailed"
    """Count by `kind`, `reason`: returned to the queue, or put into the dead-letter queue."""
    STATUS_UNKNOWN = "StatusUnknown"
    """Count: a status word that we do not know."""
    TURN_SKIPPED = "TurnSkipped"
    """Count: an item of a transcript without text or with a role that we do not store."""
    CALL_STALLED = "CallStalled"
    """Count: the assistant failed to answer in time."""
    NOTICE_PUBLISHED = "NoticePublished"
    """Count: on the event bus."""
    NOTICE_LOST = "NoticeLost"
    """Count: the bus did not take it; a page shows it at its next read."""
    BATCH_SIZE = "BatchSize"
    """Count by `kind`: records of one invocation."""
    AGE_FROM_SENDER = "AgeFromSender"
    """Milliseconds by `kind`, at commit, from the sender's time."""
    AGE_FROM_RECEIPT = "AgeFromReceipt"
    """Milliseconds by `kind`, at commit, from the verifier's receipt."""
    EVENT_PRUNED = "EventPruned"
    """Count: `webhook_event` rows deleted for their age."""


@cache
def logger() -> Logger:
    """The structured logger; its service name and level come from POWERTOOLS_SERVICE_NAME and POWERTOOLS_LOG_LEVEL."""
    return Logger()


class Measurements:
    """Collects one invocation's metrics and writes them as one EMF line per set of dimensions."""

    def __init__(self) -> None:
        self._sets: dict[tuple[tuple[str, str], ...], EphemeralMetrics] = {}
        self._counts: defaultdict[tuple[Metric, tuple[tuple[str, str], ...]], int] = defaultdict(int)

    def count(self, metric: Metric, amount: int = 1, **dimensions: str) -> None:
        """Add to a count; amounts of one flush are summed."""
        self._counts[metric, tuple(sorted(dimensions.items()))] += amount

    def record_milliseconds(self, metric: Metric, value: float, **dimensions: str) -> None:
        """Add one value to a distribution."""
        self._metrics(tuple(sorted(dimensions.items()))).add_metric(metric.value, MetricUnit.Milliseconds, value)

    def flush(self) -> None:
        """Write and forget everything collected."""
        for (metric, dimensions), amount in self._counts.items():
            self._metrics(dimensions).add_metric(metric.value, MetricUnit.Count, amount)
        for metrics in self._sets.values():
            metrics.flush_metrics()
        self._sets.clear()
        self._counts.clear()

    def _metrics(self, dimensions: tuple[tuple[str, str], ...]) -> EphemeralMetrics:
        if dimensions not in self._sets:
            metrics = EphemeralMetrics(namespace=NAMESPACE)
            for name, value in dimensions:
                metrics.add_dimension(name, value)
            self._sets[dimensions] = metrics
        return self._sets[dimensions]
