"""Lambda door of the read API; what it does is in autopulse.api."""

from typing import Any

from autopulse.api.resolver import LambdaContext, handle
from autopulse.guard import guarded


@guarded
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one reader."""
    return handle(event, context)
