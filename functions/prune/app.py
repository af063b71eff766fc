"""Lambda handler of the daily pruning, implemented in autopulse.operations.prune."""

from autopulse.operations.prune import handler

__all__ = ["handler"]
