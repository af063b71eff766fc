"""Lambda handler of the migration; what it does is in autopulse.operations.migrate."""

from autopulse.operations.migrate import handler

__all__ = ["handler"]
