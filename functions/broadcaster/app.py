"""Lambda handler of the broadcaster; what it does is in autopulse.live.broadcaster."""

from typing import TYPE_CHECKING, Any

from autopulse.guard import guarded
from autopulse.live import broadcaster

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@guarded
def handler(event: dict[str, Any], context: "LambdaContext") -> broadcaster.Answer:
    """Pass call events on."""
    return broadcaster.handle(event, context)
