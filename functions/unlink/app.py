"""Lambda handler of `make unlink`; what it does is in autopulse.operations.unlink."""

from autopulse.operations.unlink import handler

__all__ = ["handler"]
