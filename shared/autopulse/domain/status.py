"""The statuses of a call, and which of two it keeps.

A call keeps the greatest (tier, has a sender's time, sender's time, rank): whatever the order of arrival, the same one
wins. Completed beats Ended beats the rest; within a tier the later message wins, and a word that comes further along a
call's way breaks a tie.
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
    *(MISSED, FAILED),  # these two are written by the application only
)
"""All statuses of a call, in the order in which a call passes them."""
TO_COME: Final = (READY, "Scheduled", "Queued")
"""Statuses of a call that nobody has been rung for, if it has no time of its own."""
OVER: Final = (COMPLETED, ENDED, MISSED, FAILED)
"""Statuses of a call that has come to an end."""

RANKS: Final[Mapping[str, int]] = {"Scheduled": 1, "Queued": 2, "Ringing": 3, IN_PROGRESS: 4, "Forwarding": 5}
"""How far along its way a call of this status is; every other status is before the first or has ended the call."""
_TIERS: Final[Mapping[str, int]] = {status: 3 if status == COMPLETED else 2 for status in OVER}
_NEVER: Final = datetime.min.replace(tzinfo=timezone.utc)


def is_over(status: str) -> bool:
    """Whether a call of this status, as people see it, has come to an end."""
    return status in OVER


class Status(NamedTuple):
    """A call's status as people see it, and the sender's time of it, if it gave one; of two, `weight` decides."""

    name: str
    at: datetime | None = None

    @property
    def weight(self) -> tuple[int, bool, datetime, int, str]:
        """What statuses are compared by; the name itself only tells apart words that we never write."""
        return (_TIERS.get(self.name, 1), self.at is not None, self.at or _NEVER, RANKS.get(self.name, 0), self.name)
