"""Lambda handler of erasures, implemented in autopulse.erasures."""

from typing import TYPE_CHECKING, Any

from autopulse.erasures import endpoint
from autopulse.guard import guarded

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@guarded
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Answer a request of the API, process messages of the queue, or run an operator's command."""
    return endpoint.handle(event, context)
