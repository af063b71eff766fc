"""Words of erasures that several parts share."""

from typing import Final

WAITING: Final = "waiting"
ASKED: Final = "asked"
"""Of a call of Vapi's: its deletion is queued, and the answer has not come."""
DONE: Final = "done"
FAILED: Final = "failed"

CALL: Final = "call"
VISIT: Final = "visit"
VAPI_CALL: Final = "vapi_call"
"""What an erasure is made of: rows of calls, visits (service records), and calls of Vapi's."""
