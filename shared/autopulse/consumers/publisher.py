"""Put call events on the EventBridge bus. This never raises: a lost call event only delays a page's refresh."""

import json
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Protocol

from autopulse.domain.events import CallEvent
from autopulse.json_coercion import to_text
from autopulse.observability import Measurements, Metric, logger

if TYPE_CHECKING:
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

    from autopulse.aws import EventBridge

SOURCE: Final = "autopulse.calls"
VERSION: Final = 1
"""The version of `detail`. A change of meaning raises it; a new field does not."""
ENTRIES: Final = 10
"""The maximum number of entries of one PutEvents call."""
TRIES: Final = 3
PAUSE_SECONDS: Final = 0.1


class BusSettings(Protocol):
    """The settings that publishing needs."""

    @property
    def event_bus_name(self) -> str:
        """The bus' name."""
        ...


class Services(Protocol):
    """The services that publishing needs."""

    @property
    def settings(self) -> BusSettings:
        """The function's configuration."""
        ...

    @property
    def events(self) -> "EventBridge":
        """The event bus."""
        ...

    def pause(self, seconds: float) -> None:
        """Wait some seconds before the next try."""
        ...


def publish(call_events: Sequence[CallEvent], measurements: Measurements, services: Services) -> None:
    """Send all call events in as few requests as possible; rejected entries are retried, and then counted as lost."""
    published = 0
    try:
        waiting = iter(call_events)
        while chunk := [_entry(call_event, services) for call_event in islice(waiting, ENTRIES)]:
            published += len(chunk) - _put(chunk, services)
    except Exception as error:  # noqa: BLE001 - publishing must never fail the batch: its rows are committed
        # An unreachable bus is not tried again for the other events, because SQS waits for the answer.
        logger().warning("call events lost", extra={"cause": type(error).__name__})
    if call_events:
        measurements.count(Metric.CALL_EVENT_PUBLISHED, published)
    if published < len(call_events):
        measurements.count(Metric.CALL_EVENT_LOST, len(call_events) - published)


def _put(entries: list["PutEventsRequestEntryTypeDef"], services: Services) -> int:
    """Return the number of entries that the bus rejected."""
    for attempt in range(TRIES):
        if attempt:
            services.pause(PAUSE_SECONDS * attempt)
        answer = services.events.put_events(Entries=entries)
        entries = [entry for entry, result in zip(entries, answer["Entries"], strict=True) if "ErrorCode" in result]
        if not entries:
            break
    return len(entries)


def detail_of(call_event: CallEvent) -> dict[str, Any]:
    """The event's `detail`; `docs/events` has a schema for each type."""
    return {
        "version": VERSION,
        "call_id": call_event.call_id,
        "vapi_call_id": call_event.vapi_call_id,
        "organization_id": call_event.organization_id,
        "advisor_id": call_event.advisor_id,
        "received_at": to_text(call_event.received_at),
        "committed_at": to_text(call_event.committed_at),
        "changed": dict(call_event.changed),
    }


def _entry(call_event: CallEvent, services: Services) -> "PutEventsRequestEntryTypeDef":
    return {
        "Source": SOURCE,
        "DetailType": call_event.type.value,
        "Detail": json.dumps(detail_of(call_event)),
        "EventBusName": services.settings.event_bus_name,
    }
