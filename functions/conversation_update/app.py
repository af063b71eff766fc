"""Lambda handler of the consumer `conversation_update`, implemented in autopulse.consumers.conversation_update."""

from autopulse.consumers.conversation_update import CONSUMER
from autopulse.consumers.runner import handler_of
from autopulse.consumers.services import Services

handler = handler_of(CONSUMER, Services())
