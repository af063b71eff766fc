"""Lambda door of the live notices: tickets by the REST API, everything else by the WebSocket API."""

from typing import Any

from autopulse.guard import guarded
from autopulse.live import box_office, websocket


@guarded
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer a gateway; only a REST API's event has a method."""
    return box_office.handle(event) if "httpMethod" in event else websocket.handle(event)
