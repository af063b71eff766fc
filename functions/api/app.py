"""Lambda handler of the read API, implemented in autopulse.api."""

from typing import Final

from autopulse.api.resolver import handler_of
from autopulse.api.services import Services

SERVICES: Final = Services()
handler = handler_of(SERVICES)
