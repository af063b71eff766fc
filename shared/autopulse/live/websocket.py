"""The gateway's events of a WebSocket: it opens, its client sends a message, it is closed.

The answer to a message is sent by the management API; as the function's result it would need a route response.
"""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from autopulse.aws import AWS_ERRORS, name_of
from autopulse.json_coercion import read_mapping
from autopulse.live import protocol
from autopulse.live.connections import (
    MAX_TOPICS,
    Connection,
    close_connection,
    find_connection,
    open_connection,
    subscribe,
    unsubscribe,
)
from autopulse.live.expiry import drop_expired
from autopulse.live.protocol import BadRequest, Request
from autopulse.live.sockets import hang_up, post
from autopulse.live.tickets import redeem_ticket
from autopulse.observability import Measurements, Metric, logger

if TYPE_CHECKING:
    from autopulse.live.services import Services

Event = Mapping[str, Any]
Answer = dict[str, int]
_OK: Final = {"statusCode": 200}
_REFUSED: Final = {"statusCode": 401}
_UNAVAILABLE: Final = {"statusCode": 503}


def handle(services: "Services", event: Event) -> Answer:
    """Process one event of the gateway; any status but 2xx refuses a connection that is being opened."""
    measurements = Measurements()
    try:
        # The event's type is used, not its route: a client may send "$connect" as its action.
        return _HANDLERS[event["requestContext"]["eventType"]](services, event, measurements)
    except AWS_ERRORS as error:
        logger().warning("live unavailable", extra={"cause": name_of(error)})
        return _UNAVAILABLE
    finally:
        measurements.flush()


def _connect(services: "Services", event: Event, measurements: Measurements) -> Answer:
    """Open a connection for a valid ticket. Nothing can be posted to its client before this has returned."""
    now = int(time.time())
    ticket = read_mapping(event.get("queryStringParameters")).get("ticket")
    principal = redeem_ticket(services, ticket, now) if isinstance(ticket, str) else None
    if principal is None:
        measurements.count(Metric.CONNECTION_REFUSED)
        return _REFUSED
    open_connection(services, _id_of(event), principal, now)
    measurements.count(Metric.CONNECTION_OPENED)
    return _OK


def _disconnect(services: "Services", event: Event, _measurements: Measurements) -> Answer:
    close_connection(services, _id_of(event))
    return _OK


def _message(services: "Services", event: Event, measurements: Measurements) -> Answer:
    """Process a client's message; an unknown or expired connection is closed."""
    connection_id = _id_of(event)
    connection = find_connection(services, connection_id)
    if connection is None:
        hang_up(services, connection_id)
    elif connection.has_expired():
        drop_expired(services, connection)
        measurements.count(Metric.CONNECTION_EXPIRED)
    else:
        post(services, connection_id, _answer(services, connection, event.get("body")))
    return _OK


def _answer(services: "Services", connection: Connection, body: object) -> str:
    try:
        return _do(services, connection, protocol.read_request(body))
    except BadRequest as problem:
        return protocol.error("bad_request", str(problem))
    except AWS_ERRORS as error:
        logger().warning("live unavailable", extra={"cause": name_of(error)})
        return protocol.error("unavailable", "It did not work just now; try again.")


def _do(services: "Services", connection: Connection, request: Request) -> str:
    if request.topic is None:
        return protocol.pong()
    if request.action == "unsubscribe":
        unsubscribe(services, connection, request.topic)
        return protocol.unsubscribed(request.topic)
    if subscribe(services, connection, request.topic):
        return protocol.subscribed(request.topic)
    return protocol.error("too_many_topics", f"A connection has at most {MAX_TOPICS} topics.")


def _id_of(event: Event) -> str:
    return str(event["requestContext"]["connectionId"])


_HANDLERS: Final = {"CONNECT": _connect, "MESSAGE": _message, "DISCONNECT": _disconnect}
