"""Lambda handler of the fetcher: the request queue, or an operator's question -> Vapi's API -> the kinds' queues."""

from typing import TYPE_CHECKING, Any

from autopulse.guard import guarded
from autopulse.reconciliation import fetcher
from autopulse.reconciliation.services import Services

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_SERVICES = Services()


@guarded
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Ask Vapi."""
    return fetcher.handle(event, _SERVICES, context)
