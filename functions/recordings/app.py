"""Lambda handler that copies recordings, implemented in autopulse.recordings.copying."""

from typing import Any

from autopulse.guard import guarded
from autopulse.recordings import copying

_services = copying.Services()


@guarded
def handler(event: dict[str, Any], _context: object) -> copying.Answer:
    """Copy one recording."""
    return copying.handle(event, _services)
