"""What can become of the copy of a recording."""

from typing import Final

STORED: Final = "stored"
MISSING: Final = "missing"
"""None could be made: the recording was not there, or not there any more."""
ERASED: Final = "erased"
"""It was deleted before its time."""
STATES: Final = (MISSING, STORED, ERASED)
"""Each overrules those before it: a copy that was made is not missing, and an erased one is not there again."""
