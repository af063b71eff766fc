"""Lambda handler of the consumer `transcript`, implemented in autopulse.consumers.transcript."""

from autopulse.consumers.runner import handler_of
from autopulse.consumers.services import Services
from autopulse.consumers.transcript import CONSUMER

handler = handler_of(CONSUMER, Services())
