"""Lambda handler of the read API; what it does is in autopulse.api."""

from typing import TYPE_CHECKING, Any

from autopulse.api.resolver import handle
from autopulse.guard import guarded

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@guarded
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Answer one reader."""
    return handle(event, context)
