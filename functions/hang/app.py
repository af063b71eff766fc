"""Lambda handler of the consumer `hang`, implemented in autopulse.consumers.hang."""

from autopulse.consumers.hang import CONSUMER
from autopulse.consumers.runner import handler_of
from autopulse.consumers.services import Services

handler = handler_of(CONSUMER, Services())
