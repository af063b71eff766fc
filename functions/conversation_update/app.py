"""Lambda handler of the consumer `conversation_update`; what it does is in autopulse.consumers.conversation_update."""

from autopulse.consumers.conversation_update import CONSUMER
from autopulse.consumers.runner import handler_of
from autopulse.consumers.services import Services

handler = handler_of(CONSUMER, Services())
