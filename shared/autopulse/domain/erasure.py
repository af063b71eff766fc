"""States and item kinds of erasures, which several parts share."""

from typing import Final

WAITING: Final = "waiting"
ASKED: Final = "asked"
"""State of a call at Vapi: its deletion is queued, and its result is not known yet."""
DONE: Final = "done"
FAILED: Final = "failed"

CALL: Final = "call"
VISIT: Final = "visit"
VAPI_CALL: Final = "vapi_call"
"""The kinds of items of an erasure: rows of calls, visits (service records), and calls at Vapi."""
