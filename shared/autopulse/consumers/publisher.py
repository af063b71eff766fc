"""Put notices on the EventBridge bus. Never raises: a lost notice costs a refresh, never data."""

import json
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from autopulse.domain.notices import Notice
from autopulse.json_coercion import to_text
from autopulse.observability import Measurements, Metric, logger

if TYPE_CHECKING:
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

    from autopulse.consumers.services import Services

SOURCE: Final = "autopulse.calls"
VERSION: Final = 1
"""Of `detail`: consumers of the bus ignore fields they do not know; a changed meaning is a new version."""
ENTRIES: Final = 10
"""Of one PutEvents call."""
TRIES: Final = 3
PAUSE_SECONDS: Final = 0.1


def publish(notices: Sequence[Notice], measurements: Measurements, services: "Services") -> None:
    """Send all notices, in as few calls as they fit in; entries that the bus refuses are tried again, then counted."""
    published = 0
    try:
        waiting = iter(notices)
        while chunk := [_entry(notice, services) for notice in islice(waiting, ENTRIES)]:
            published += len(chunk) - _put(chunk, services)
    except Exception as error:  # noqa: BLE001 - the edge that must not fail: the rows are committed
        # A bus that cannot be reached is not asked again for the rest: SQS waits for the answer.
        logger().warning("notices lost", extra={"cause": type(error).__name__})
    if notices:
        measurements.count(Metric.NOTICE_PUBLISHED, published)
    if published < len(notices):
        measurements.count(Metric.NOTICE_LOST, len(notices) - published)


def _put(entries: list["PutEventsRequestEntryTypeDef"], services: "Services") -> int:
    """Returns how many entries the bus did not take."""
    for attempt in range(TRIES):
        if attempt:
            services.pause(PAUSE_SECONDS * attempt)
        answer = services.events.put_events(Entries=entries)
        entries = [entry for entry, result in zip(entries, answer["Entries"], strict=True) if "ErrorCode" in result]
        if not entries:
            break
    return len(entries)


def detail_of(notice: Notice) -> dict[str, Any]:
    """The event's `detail`; `docs/events` has its schema for each type."""
    return {
        "version": VERSION,
        "call_id": notice.call_id,
        "vapi_call_id": notice.vapi_call_id,
        "organization_id": notice.organization_id,
        "received_at": to_text(notice.received_at),
        "committed_at": to_text(notice.committed_at),
        "changed": dict(notice.changed),
    }


def _entry(notice: Notice, services: "Services") -> "PutEventsRequestEntryTypeDef":
    return {
        "Source": SOURCE,
        "DetailType": notice.type.value,
        "Detail": json.dumps(detail_of(notice)),
        "EventBusName": services.settings.event_bus_name,
    }
