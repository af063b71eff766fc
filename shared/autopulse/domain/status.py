"""The statuses of a call, and their order of precedence.

A call keeps the greatest (tier, has a sender's time, sender's time, rank), whatever the order of arrival. Completed has
the highest tier, Ended the next; within a tier the later message wins, and for equal times the status that comes later
in a call.
"""

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Final, NamedTuple

READY: Final = "Ready"
COMPLETED: Final = "Completed"
ENDED: Final = "Ended"
IN_PROGRESS: Final = "In Progress"
MISSED: Final = "Missed"
FAILED: Final = "Failed"

STATUSES: Final = (
    *(READY, "Scheduled", "Queued", "Ringing", IN_PROGRESS, "Forwarding", ENDED, COMPLETED),
    *(MISSED, FAILED),  # only the application writes these two
)
"""All statuses of a call, in the order in which a call has them."""
TO_COME: Final = (READY, "Scheduled", "Queued")
"""Statuses of a call that has not been dialled, unless it has a time of its own."""
OVER: Final = (COMPLETED, ENDED, MISSED, FAILED)
"""Statuses of a call that has ended."""

RANKS: Final[Mapping[str, int]] = {"Scheduled": 1, "Queued": 2, "Ringing": 3, IN_PROGRESS: 4, "Forwarding": 5}
"""The order of the statuses during a call; others come before the first, or have ended the call."""
_TIERS: Final[Mapping[str, int]] = {status: 3 if status == COMPLETED else 2 for status in OVER}
_NEVER: Final = datetime.min.replace(tzinfo=timezone.utc)


def is_over(status: str) -> bool:
    """Whether a call with this visible status has ended."""
    return status in OVER


class Status(NamedTuple):
    """A call's visible status, with the sender's time if there is one; `weight` decides between two."""

    name: str
    at: datetime | None = None

    @property
    def weight(self) -> tuple[int, bool, datetime, int, str]:
        """The sort key of statuses; the name is in it only for words that we never write."""
        return (_TIERS.get(self.name, 1), self.at is not None, self.at or _NEVER, RANKS.get(self.name, 0), self.name)
