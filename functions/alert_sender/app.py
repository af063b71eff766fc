"""Lambda handler of the alert sender, implemented in autopulse.alerts.sender."""

from typing import Any

from autopulse.alerts import sender
from autopulse.guard import guarded

_services = sender.Services()


@guarded
def handler(event: dict[str, Any], _context: object) -> None:
    """Send alerts by e-mail or to a webhook."""
    sender.handle(event, _services)
