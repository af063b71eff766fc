"""Post call events from the bus to the connections of their organization that have subscribed to them.

There is one Query for each call of a batch, and then all posts are made in parallel. A failed post is not retried,
because the page shows the change at its next read. An event returns to the queue only if the connections are
unreadable.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cache, partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from autopulse.aws import AWS_ERRORS, name_of
from autopulse.guard import guarded
from autopulse.json_coercion import Json, read_call_id, read_mapping, read_time
from autopulse.live import protocol
from autopulse.live.connections import Connection, find_watchers, forget_connection
from autopulse.live.expiry import drop_expired
from autopulse.live.sockets import Posted, post
from autopulse.observability import Measurements, Metric, logger

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from autopulse.live.services import Services

RESERVE_SECONDS: Final = 3
"""The part of the function's time that is reserved for its end; events that are not posted by then are dropped."""
_MILLISECOND: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Subject:
    """The organization and the call that an event is about."""

    organization_id: str
    call_id: int
    advisor_id: int | None = None
    """The service advisor of its visit; None if it has none, or if the event does not have it."""


@dataclass(frozen=True, slots=True)
class _PendingEvent:
    text: str
    """The text to post."""
    detail: Mapping[str, Json]
    watchers: Sequence[Connection]


Find = Callable[[Subject], Sequence[Connection]]
Answer = dict[str, list[dict[str, str]]]


def handler_of(services: "Services") -> Callable[[dict[str, Any], Any], Answer]:
    """Return the Lambda handler of the broadcaster."""
    return guarded(partial(handle, services))


def handle(services: "Services", event: Mapping[str, Any], context: "LambdaContext") -> Answer:
    """Process events of the bus from their queue; returns those whose connections could not be read."""
    deadline = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - RESERVE_SECONDS
    call_events: list[_PendingEvent] = []
    failed: list[str] = []
    find = cache(partial(_find, services))
    for record in event["Records"]:
        try:
            call_events += _read_event(record["body"], find)
        except AWS_ERRORS as error:
            logger().error("connections unreadable", extra={"cause": name_of(error)})
            failed.append(record["messageId"])
    _broadcast(services, call_events, deadline)
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def _read_event(body: str, find: Find) -> Iterator[_PendingEvent]:
    """Yield a call event with its connections, or nothing. Raises an AWS error if the connections cannot be read."""
    event = read_mapping(json.loads(body))
    detail = read_mapping(event.get("detail"))
    subject = read_subject(detail)
    if subject is None:
        logger().error("call event unreadable", extra={"call_event_id": event.get("id")})
        return
    yield _PendingEvent(protocol.call_event(event, datetime.now(timezone.utc)), detail, find(subject))


def _find(services: "Services", subject: Subject) -> Sequence[Connection]:
    return tuple(find_watchers(services, subject.organization_id, subject.call_id, subject.advisor_id))


def _broadcast(services: "Services", call_events: Sequence[_PendingEvent], deadline: float) -> None:
    """Post all call events of a batch in parallel; they have times, so their order does not matter to a page."""
    posts = [(connection, call_event.text) for call_event in call_events for connection in call_event.watchers]
    results = iter(_pass_on_to_all(services, posts, deadline))
    measurements = Measurements()
    for call_event in call_events:
        _count(Counter(islice(results, len(call_event.watchers))), call_event, measurements)
    measurements.flush()


def _count(results: Counter[Posted], call_event: _PendingEvent, measurements: Measurements) -> None:
    for disposition, number in results.items():
        measurements.count(_METRICS[disposition], number)
    if results[Posted.SENT]:
        _record_ages(call_event.detail, measurements)


def read_subject(detail: Mapping[str, Json]) -> Subject | None:
    """The organization and the call of an event; None if it is not a call event."""
    call_id = read_call_id(detail.get("call_id"))
    try:
        organization_id = str(UUID(detail["organization_id"]))
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    return None if call_id is None else Subject(organization_id, call_id, read_call_id(detail.get("advisor_id")))


def _pass_on_to_all(services: "Services", posts: Sequence[tuple[Connection, str]], deadline: float) -> list[Posted]:
    def pass_on(connection_and_text: tuple[Connection, str]) -> Posted:
        return _pass_on(services, *connection_and_text) if time.monotonic() < deadline else Posted.FAILED

    if len(posts) == 1:
        return [pass_on(posts[0])]  # a single post needs no thread
    return list(services.posters.map(pass_on, posts))


def _pass_on(services: "Services", connection: Connection, text: str) -> Posted:
    """Post to a connection whose token is valid; delete a connection that is closed or has expired."""
    try:
        if connection.has_expired():
            drop_expired(services, connection)
            return Posted.EXPIRED
        posted = post(services, connection.id, text)
        if posted is Posted.GONE:
            forget_connection(services, connection)
    except AWS_ERRORS as error:  # the next call event finds it again, or the table's TTL deletes it
        logger().warning("connection not forgotten", extra={"cause": name_of(error)})
        return Posted.FAILED
    return posted


def _record_ages(detail: Mapping[str, Json], measurements: Measurements) -> None:
    """Record the age of an event after it has been posted to all connections."""
    now = datetime.now(timezone.utc)
    for stage, metric in _STAGES.items():
        since = read_time(detail.get(stage))
        if since is not None:
            measurements.record(metric, [(now - since) / _MILLISECOND])


_METRICS: Final = {
    Posted.SENT: Metric.CALL_EVENT_PUSHED,
    Posted.GONE: Metric.CONNECTION_GONE,
    Posted.EXPIRED: Metric.CONNECTION_EXPIRED,
    Posted.FAILED: Metric.CALL_EVENT_UNDELIVERED,
}
_STAGES: Final = {
    "received_at": Metric.AGE_PUSHED_FROM_RECEIPT,
    "committed_at": Metric.AGE_PUSHED_FROM_COMMIT,
}
