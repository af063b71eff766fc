"""The function behind two gateways: the REST API asks it for tickets, the WebSocket API tells it of connections."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from autopulse.guard import guarded
from autopulse.live import ticket_endpoint, websocket

if TYPE_CHECKING:
    from autopulse.live.services import Services


def handler_of(services: "Services") -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """The Lambda handler behind both gateways."""
    return guarded(lambda event, _context: handle(services, event))


def handle(services: "Services", event: Mapping[str, Any]) -> dict[str, Any]:
    """Answer a gateway; only a REST API's event has a method."""
    if "httpMethod" in event:
        return ticket_endpoint.handle(services, event)
    return dict(websocket.handle(services, event))
