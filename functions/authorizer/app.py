"""Lambda door of the authorizer; what it does is in autopulse.access.authorizer."""

from typing import Any

from autopulse.access import authorizer


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Say who a request's token belongs to, and what its owner may call."""
    return authorizer.handle(event, context)
