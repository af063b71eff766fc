"""The logs and metrics of a batch: one log line for each record."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

from autopulse.consumers.consumer import Disposition
from autopulse.consumers.queue import ReceivedMessage, is_waiting
from autopulse.consumers.unknown import note_unknown
from autopulse.domain.events import CallEvent, CallEventType
from autopulse.domain.nps import category_of
from autopulse.domain.outcome import Outcome
from autopulse.observability import Measurements, Metric, log_each, loggable_id, logger
from autopulse.vapi.messages import StatusMessage
from autopulse.vapi.routes import BY_ASKING

_MILLISECOND: Final = timedelta(milliseconds=1)
_METRIC_OF_DISPOSITION: Final = {
    Disposition.APPLIED: Metric.RECORD_APPLIED,
    Disposition.DUPLICATE: Metric.RECORD_DUPLICATE,
    Disposition.IGNORED: Metric.RECORD_IGNORED,
    Disposition.ERASED: Metric.RECORD_ERASED,
}


def account_for(
    kind: str,
    deliveries: Sequence[ReceivedMessage],
    call_events: Sequence[CallEvent],
    committed_at: datetime,
    measurements: Measurements,
) -> None:
    """Log and measure the disposition of each delivery."""
    measurements.record(Metric.BATCH_SIZE, [len(deliveries)], kind=kind)
    _log(kind, deliveries)
    _measure(kind, deliveries, committed_at, measurements)
    _measure_reconciliation(kind, deliveries, call_events, measurements)
    completed = {call_event.call_id for call_event in call_events if call_event.type is CallEventType.CALL_COMPLETED}
    for call_event in call_events:
        _measure_event(call_event, completed, measurements)


def _measure_event(call_event: CallEvent, completed: Collection[int], measurements: Measurements) -> None:
    """Count the call event; `completed` are the ids of the calls whose first report is in this batch."""
    changed = call_event.changed
    if call_event.type is CallEventType.CALL_STALLED:
        measurements.count(Metric.CALL_STALLED)
    elif call_event.type is CallEventType.TRANSCRIPT_UPDATED and changed["skipped"]:
        measurements.count(Metric.TURN_SKIPPED, changed["skipped"])
    elif call_event.type is CallEventType.CALL_COMPLETED:
        measurements.count(Metric.CALL_COMPLETED, outcome=changed["outcome"] or Outcome.UNKNOWN.value)
    elif call_event.type is CallEventType.FOLLOW_UP_OPENED:
        measurements.count(Metric.FOLLOW_UP_OPENED, reason=changed["trigger"])
    elif call_event.type is CallEventType.FEEDBACK_RECORDED and _is_first_answer(call_event, completed):
        measurements.count(Metric.SCORE_GIVEN, nps_category=category_of(changed["nps_score"]))


def _measure_reconciliation(
    kind: str, deliveries: Sequence[ReceivedMessage], call_events: Sequence[CallEvent], measurements: Measurements
) -> None:
    """Count the calls that reconciliation has brought up to date, and those that it could not.

    A later report, such as one with a late analysis, is not counted: no webhook was lost.
    """
    type_ = CallEventType.CALL_COMPLETED if kind == "end_of_call_report" else CallEventType.CALL_STATUS_CHANGED
    changed = {call_event.call_id for call_event in call_events if call_event.type is type_}
    applied = [one for one in deliveries if one.record and not one.error and one.disposition is Disposition.APPLIED]
    asked = {one.call_id for one in applied if one.record and one.record.envelope.origin == BY_ASKING}
    if reconciled := len(changed & asked):
        measurements.count(Metric.CALL_RECONCILED, reconciled, kind=kind)
    messages = [one.record.message for one in applied if one.record]
    marked = sum(isinstance(message, StatusMessage) and message.mark is not None for message in messages)
    if marked:
        measurements.count(Metric.CALL_UNRECOVERABLE, marked)


def _is_first_answer(call_event: CallEvent, completed: Collection[int]) -> bool:
    """Whether this is a call's first answer; later reports correct the answer, and would count the call twice."""
    return call_event.changed["nps_score"] is not None and call_event.call_id in completed


def _log(kind: str, deliveries: Sequence[ReceivedMessage]) -> None:
    log_each("record settled", (_keys(kind, delivery) for delivery in deliveries if delivery.error is None))
    for delivery in deliveries:
        if delivery.error is not None:
            reason = {"reason": delivery.error.reason, "detail": delivery.error.detail}
            logger().warning("record failed", extra=_keys(kind, delivery) | reason)


def _keys(kind: str, delivery: ReceivedMessage) -> dict[str, object]:
    keys: dict[str, object] = {
        "kind": kind,
        "disposition": delivery.disposition.value,
        "message_id": delivery.message_id,
        "receive_count": delivery.receive_count,
    }
    if delivery.envelope is not None:
        keys["event_id"] = loggable_id(delivery.envelope.event_id)
        keys["vapi_call_id"] = loggable_id(delivery.envelope.vapi_call_id)
        keys["call_id"] = delivery.call_id or delivery.envelope.call_id
    return keys


def _measure(
    kind: str, deliveries: Sequence[ReceivedMessage], committed_at: datetime, measurements: Measurements
) -> None:
    failed = Counter(delivery.error.reason for delivery in deliveries if delivery.error is not None)
    for reason, count in failed.items():
        measurements.count(Metric.RECORD_FAILED, count, kind=kind, reason=reason)
    postponed = sum(
        delivery.disposition is Disposition.RETURNED and not is_waiting(delivery) for delivery in deliveries
    )
    if postponed:
        measurements.count(Metric.RECORD_POSTPONED, postponed, kind=kind)
    settled = [delivery for delivery in deliveries if delivery.error is None]
    for disposition, count in Counter(delivery.disposition for delivery in settled).items():
        measurements.count(_METRIC_OF_DISPOSITION[disposition], count, kind=kind)
    note_unknown(kind, settled, measurements)
    applied = [
        delivery.record.envelope
        for delivery in settled
        if delivery.record and delivery.disposition is Disposition.APPLIED
    ]
    received = [envelope.received_at for envelope in applied]
    occurred = [envelope.occurred_at for envelope in applied if envelope.occurred_at is not None]
    for metric, times in ((Metric.AGE_FROM_RECEIPT, received), (Metric.AGE_FROM_SENDER, occurred)):
        ages = [(committed_at - time) / _MILLISECOND for time in times]
        if ages:
            measurements.record(metric, ages, kind=kind)
