"""What a batch leaves behind for those who watch: a log line for each record, and the metrics."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from autopulse.consumers.consumer import Disposition
from autopulse.consumers.queue import Delivery, is_waiting
from autopulse.domain.events import CallEvent, CallEventType
from autopulse.domain.nps import category_of
from autopulse.domain.outcome import Family, Outcome
from autopulse.observability import Measurements, Metric, log_each, loggable_id, logger
from autopulse.vapi.ended_reasons import family_of
from autopulse.vapi.envelope import RECONCILIATION
from autopulse.vapi.messages import HangMessage, Message, ReportMessage, StatusMessage

MAX_REASON_CHARACTERS: Final = 128
"""The maximum length of an ended reason in the log; the longest of Vapi's schema has 121 characters."""
_LONG_NUMBER: Final = re.compile(r"\d{5,}")
_MILLISECOND: Final = timedelta(milliseconds=1)
_METRIC_OF_DISPOSITION: Final = {
    Disposition.APPLIED: Metric.RECORD_APPLIED,
    Disposition.DUPLICATE: Metric.RECORD_DUPLICATE,
    Disposition.IGNORED: Metric.RECORD_IGNORED,
}


def account_for(
    kind: str,
    deliveries: Sequence[Delivery],
    call_events: Sequence[CallEvent],
    committed_at: datetime,
    measurements: Measurements,
) -> None:
    """Log and measure what became of each delivery."""
    measurements.record(Metric.BATCH_SIZE, [len(deliveries)], kind=kind)
    _log(kind, deliveries)
    _measure(kind, deliveries, committed_at, measurements)
    _measure_reconciliation(kind, deliveries, call_events, measurements)
    completed = {call_event.call_id for call_event in call_events if call_event.type is CallEventType.CALL_COMPLETED}
    for call_event in call_events:
        _measure_event(call_event, completed, measurements)


def _measure_event(call_event: CallEvent, completed: Collection[int], measurements: Measurements) -> None:
    """Count what a call event says of its call; `completed` are the calls whose first report this batch has."""
    changed = call_event.changed
    if call_event.type is CallEventType.CALL_STALLED:
        measurements.count(Metric.CALL_STALLED)
    elif call_event.type is CallEventType.TRANSCRIPT_UPDATED and changed["skipped"]:
        measurements.count(Metric.TURN_SKIPPED, changed["skipped"])
    elif call_event.type is CallEventType.CALL_COMPLETED:
        measurements.count(Metric.CALL_COMPLETED, outcome=changed["outcome"] or Outcome.UNKNOWN.value)
    elif call_event.type is CallEventType.FEEDBACK_RECORDED and _is_first_answer(call_event, completed):
        measurements.count(Metric.SCORE_GIVEN, nps_category=category_of(changed["nps_score"]))


def _measure_reconciliation(
    kind: str, deliveries: Sequence[Delivery], call_events: Sequence[CallEvent], measurements: Measurements
) -> None:
    """Count the calls that asking Vapi has brought up to date, and those that it cannot.

    A later report, such as one whose analysis came after it, is none that a webhook has lost.
    """
    type_ = CallEventType.CALL_COMPLETED if kind == "end_of_call_report" else CallEventType.CALL_STATUS_CHANGED
    changed = {call_event.call_id for call_event in call_events if call_event.type is type_}
    applied = [one for one in deliveries if one.record and not one.error and one.disposition is Disposition.APPLIED]
    asked = {one.call_id for one in applied if one.record and one.record.envelope.origin == RECONCILIATION}
    if reconciled := len(changed & asked):
        measurements.count(Metric.CALL_RECONCILED, reconciled, kind=kind)
    messages = [one.record.message for one in applied if one.record]
    marked = sum(isinstance(message, StatusMessage) and message.mark is not None for message in messages)
    if marked:
        measurements.count(Metric.CALL_UNRECOVERABLE, marked)


def _is_first_answer(call_event: CallEvent, completed: Collection[int]) -> bool:
    """Later reports of a call correct its answer; counted again, the call would have two."""
    return call_event.changed["nps_score"] is not None and call_event.call_id in completed


def _log(kind: str, deliveries: Sequence[Delivery]) -> None:
    log_each("record settled", (_keys(kind, delivery) for delivery in deliveries if delivery.error is None))
    for delivery in deliveries:
        if delivery.error is not None:
            reason = {"reason": delivery.error.reason, "detail": delivery.error.detail}
            logger().warning("record failed", extra=_keys(kind, delivery) | reason)


def _keys(kind: str, delivery: Delivery) -> dict[str, object]:
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


def _measure(kind: str, deliveries: Sequence[Delivery], committed_at: datetime, measurements: Measurements) -> None:
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
    messages = [delivery.record.message for delivery in settled if delivery.record]
    unknown = sum(isinstance(one, StatusMessage) and one.ignored and not one.is_ours for one in messages)
    if unknown:
        measurements.count(Metric.STATUS_UNKNOWN, unknown)
    _measure_reasons(
        kind, (delivery for delivery in settled if delivery.disposition is Disposition.APPLIED), measurements
    )
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


def _measure_reasons(kind: str, applied: Iterable[Delivery], measurements: Measurements) -> None:
    """Count and name the ended reasons that belong to no family."""
    reasons = [reason for delivery in applied if delivery.record if (reason := _reason_of(delivery.record.message))]
    unknown = Counter(reason for reason in reasons if family_of(reason) is Family.UNKNOWN)
    for reason, count in unknown.items():
        measurements.count(Metric.ENDED_REASON_UNKNOWN, count)
        logger().warning("ended reason unknown", extra={"kind": kind, "ended_reason": _printable(reason)})


def _reason_of(message: Message) -> str | None:
    if isinstance(message, HangMessage):
        return message.reason
    return message.ended_reason if isinstance(message, StatusMessage | ReportMessage) else None


def _printable(reason: str) -> str:
    """As the log takes it: a reason is the sender's word, and a long number in one would not be."""
    return _LONG_NUMBER.sub("…", reason)[:MAX_REASON_CHARACTERS]
