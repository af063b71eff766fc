"""Lambda handler of `make unlink`, implemented in autopulse.operations.unlink."""

from autopulse.operations.unlink import handler

__all__ = ["handler"]
