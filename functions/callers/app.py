"""Lambda handler of what Vapi waits for, and of suppressions; what it does is in autopulse.callers."""

from typing import Any

from autopulse.callers import endpoint
from autopulse.guard import guarded


@guarded
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer the verifier, an operator, or a request of the API."""
    return endpoint.handle(event)
