"""Lambda door of the broadcaster; what it does is in autopulse.live.broadcaster."""

from typing import Any

from autopulse.guard import guarded
from autopulse.live import broadcaster


@guarded
def handler(event: dict[str, Any], context: broadcaster.LambdaContext) -> broadcaster.Answer:
    """Pass notices on."""
    return broadcaster.handle(event, context)
