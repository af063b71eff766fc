"""Lambda handler of the webhooks: API Gateway -> verifier -> the kind's queue."""

from typing import Any

from autopulse.guard import guarded
from autopulse.ingress import verifier


@guarded
def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer one webhook."""
    return verifier.handle(event, context)
