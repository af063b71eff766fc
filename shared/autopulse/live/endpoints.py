"""The function behind two gateways: the REST API asks it for tickets, the WebSocket API tells it of connections."""

from collections.abc import Mapping
from typing import Any

from autopulse.live import ticket_endpoint, websocket


def handle(event: Mapping[str, Any]) -> dict[str, Any]:
    """Answer a gateway; only a REST API's event has a method."""
    return ticket_endpoint.handle(event) if "httpMethod" in event else dict(websocket.handle(event))
