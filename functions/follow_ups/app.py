"""Lambda handler of changes of follow-ups, implemented in autopulse.follow_ups."""

from typing import Any

from autopulse.follow_ups import endpoint
from autopulse.guard import guarded


@guarded
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer a request of the API, or find overdue follow-ups when the schedule invokes it."""
    return endpoint.handle(event)
