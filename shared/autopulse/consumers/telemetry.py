"""What a batch leaves behind for those who watch: a log line for each record, and the metrics."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from aws_lambda_powertools.metrics import MetricUnit

from autopulse.consumers.queue import Delivery
from autopulse.domain.notices import Notice, NoticeType
from autopulse.observability import Measurements, Metric, log_each, logger
from autopulse.vapi.messages import StatusMessage

_MILLISECOND: Final = timedelta(milliseconds=1)
_METRIC_OF_FATE: Final = {
    "applied": Metric.RECORD_APPLIED,
    "duplicate": Metric.RECORD_DUPLICATE,
    "ignored": Metric.RECORD_IGNORED,
}


def account_for(
    kind: str,
    deliveries: Sequence[Delivery],
    notices: Sequence[Notice],
    committed_at: datetime,
    measurements: Measurements,
) -> None:
    """Log and measure what became of each delivery."""
    measurements.record(Metric.BATCH_SIZE, len(deliveries), kind=kind)
    _log(kind, deliveries)
    for delivery in deliveries:
        _measure(kind, delivery, committed_at, measurements)
    for notice in notices:
        if notice.type is NoticeType.CALL_STALLED:
            measurements.count(Metric.CALL_STALLED)
        elif notice.type is NoticeType.TRANSCRIPT_UPDATED and notice.changed["skipped"]:
            measurements.count(Metric.TURN_SKIPPED, notice.changed["skipped"])


def _log(kind: str, deliveries: Sequence[Delivery]) -> None:
    log_each("record settled", (_keys(kind, delivery) for delivery in deliveries if delivery.error is None))
    for delivery in deliveries:
        if delivery.error is not None:
            reason = {"reason": delivery.error.reason, "detail": delivery.error.detail}
            logger().warning("record failed", extra=_keys(kind, delivery) | reason)


def _keys(kind: str, delivery: Delivery) -> dict[str, object]:
    keys: dict[str, object] = {
        "kind": kind,
        "fate": delivery.fate,
        "message_id": delivery.message_id,
        "receive_count": delivery.receive_count,
    }
    if delivery.envelope is not None:
        keys["event_id"] = delivery.envelope.event_id
        keys["vapi_call_id"] = delivery.envelope.vapi_call_id
        keys["call_id"] = delivery.call_id or delivery.envelope.call_id
    return keys


def _measure(kind: str, delivery: Delivery, committed_at: datetime, measurements: Measurements) -> None:
    if delivery.error is not None:
        measurements.count(Metric.RECORD_FAILED, kind=kind, reason=delivery.error.reason)
        return
    measurements.count(_METRIC_OF_FATE[delivery.fate], kind=kind)
    record = delivery.record
    if record is None:
        return
    if isinstance(record.message, StatusMessage) and record.message.ignored:
        measurements.count(Metric.STATUS_UNKNOWN)
    if delivery.fate == "applied":
        envelope = record.envelope
        _record_age(Metric.AGE_FROM_RECEIPT, kind, envelope.received_at, committed_at, measurements)
        if envelope.occurred_at is not None:
            _record_age(Metric.AGE_FROM_SENDER, kind, envelope.occurred_at, committed_at, measurements)


def _record_age(metric: Metric, kind: str, since: datetime, until: datetime, measurements: Measurements) -> None:
    measurements.record(metric, (until - since) / _MILLISECOND, unit=MetricUnit.Milliseconds, kind=kind)
