"""Lambda handler of the verifier: it receives webhooks from API Gateway and sends each to the queue of its kind."""

from typing import Final

from autopulse.ingress.services import Services
from autopulse.ingress.verifier import handler_of

SERVICES: Final = Services()
handler = handler_of(SERVICES)
