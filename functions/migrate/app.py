"""Lambda handler of the migration, implemented in autopulse.operations.migrate."""

from autopulse.operations.migrate import handler

__all__ = ["handler"]
