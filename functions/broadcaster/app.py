"""Lambda handler of the broadcaster, implemented in autopulse.live.broadcaster."""

from typing import Final

from autopulse.live.broadcaster import handler_of
from autopulse.live.services import Services

SERVICES: Final = Services()
handler = handler_of(SERVICES)
