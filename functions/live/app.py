"""Lambda handler of the live call events; what it does is in autopulse.live.endpoints."""

from typing import Any

from autopulse.guard import guarded
from autopulse.live import endpoints


@guarded
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer a gateway."""
    return endpoints.handle(event)
