"""Lambda handler of the daily pruning; what it does is in autopulse.operations.prune."""

from autopulse.operations.prune import handler

__all__ = ["handler"]
