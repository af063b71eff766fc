"""Lambda handler of the authorizer; what it does is in autopulse.auth.authorizer."""

from typing import Any

from autopulse.auth import authorizer
from autopulse.guard import guarded


def _handle(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Say who a request's token belongs to, and what its owner may call."""
    return authorizer.handle(event, context)


handler = guarded(_handle, passing=authorizer.Unauthorized)
