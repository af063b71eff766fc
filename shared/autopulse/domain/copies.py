"""The states of the copy of a recording."""

from typing import Final

STORED: Final = "stored"
MISSING: Final = "missing"
"""No copy could be made, because the recording did not exist or had been deleted."""
ERASED: Final = "erased"
"""The copy was deleted before its retention time ended."""
STATES: Final = (MISSING, STORED, ERASED)
"""Each state overrides those before it: a stored copy is not missing, and an erased one does not come back."""
