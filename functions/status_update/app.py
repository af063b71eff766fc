"""Lambda handler of the consumer `status_update`, implemented in autopulse.consumers.status_update."""

from autopulse.consumers.runner import handler_of
from autopulse.consumers.services import Services
from autopulse.consumers.status_update import CONSUMER

handler = handler_of(CONSUMER, Services())
