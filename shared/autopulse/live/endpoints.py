"""The function behind two gateways: the REST API requests tickets, the WebSocket API sends events of connections."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from autopulse.guard import guarded
from autopulse.live import ticket_endpoint, websocket

if TYPE_CHECKING:
    from autopulse.live.services import Services


def handler_of(services: "Services") -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """Return the Lambda handler for both gateways."""
    return guarded(lambda event, _context: handle(services, event))


def handle(services: "Services", event: Mapping[str, Any]) -> dict[str, Any]:
    """Answer a gateway; only a REST API's event has an HTTP method."""
    if "httpMethod" in event:
        return ticket_endpoint.handle(services, event)
    return dict(websocket.handle(services, event))
