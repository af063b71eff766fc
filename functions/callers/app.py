"""Lambda handler of the function `callers`: Vapi's synchronous messages and suppressions; see autopulse.callers."""

from typing import Any

from autopulse.callers import endpoint
from autopulse.guard import guarded


@guarded
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer the verifier, an operator's command, or a request of the API."""
    return endpoint.handle(event)
