"""Lambda handler of the fetcher: reads the request queue or an operator's command, asks Vapi, queues the answers."""

from typing import TYPE_CHECKING, Any

from autopulse.guard import guarded
from autopulse.reconciliation import fetcher
from autopulse.reconciliation.services import Services

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_SERVICES = Services()


@guarded
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Ask Vapi's API."""
    return fetcher.handle(event, _SERVICES, context)
