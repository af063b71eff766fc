"""Lambda handler of the alert planner, implemented in autopulse.alerts.planner."""

from typing import Any

from autopulse.alerts import planner
from autopulse.alerts.services import Services
from autopulse.guard import guarded

_services = Services()


@guarded
def handler(event: dict[str, Any], _context: object) -> planner.Answer:
    """Claim alerts of follow-ups, and queue those that are due for the sender."""
    return planner.handle(event, _services)
