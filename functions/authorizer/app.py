"""Lambda handler of the authorizer, implemented in autopulse.auth.authorizer."""

from autopulse.auth.authorizer import handler_of
from autopulse.auth.services import Services

handler = handler_of(Services())
