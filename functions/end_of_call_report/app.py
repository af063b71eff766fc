"""Lambda handler of the consumer `end_of_call_report`, implemented in autopulse.consumers.end_of_call_report."""

from autopulse.consumers.end_of_call_report import CONSUMER
from autopulse.consumers.runner import handler_of
from autopulse.consumers.services import Services

handler = handler_of(CONSUMER, Services())
