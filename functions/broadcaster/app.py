"""Lambda door of the broadcaster; what it does is in autopulse.live.broadcaster."""

from typing import Any

from autopulse.live import broadcaster


def handler(event: dict[str, Any], context: broadcaster.LambdaContext) -> None:
    """Pass one notice on."""
    broadcaster.handle(event, context)
