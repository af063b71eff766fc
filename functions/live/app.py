"""Lambda handler of the live call events, implemented in autopulse.live.endpoints."""

from typing import Final

from autopulse.live.endpoints import handler_of
from autopulse.live.services import Services

SERVICES: Final = Services()
handler = handler_of(SERVICES)
