"""Lambda handler of what people do about follow-ups; what it does is in autopulse.follow_ups."""

from typing import Any

from autopulse.follow_ups import endpoint
from autopulse.guard import guarded


@guarded
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer a request, or look for what is overdue."""
    return endpoint.handle(event)
