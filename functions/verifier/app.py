"""Lambda handler of the webhooks: API Gateway -> verifier -> the kind's queue."""

from typing import Final

from autopulse.ingress.services import Services
from autopulse.ingress.verifier import handler_of

SERVICES: Final = Services()
handler = handler_of(SERVICES)
