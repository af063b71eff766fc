"""The times after which Vapi's record of a call is final, and after which Vapi no longer keeps it."""

from datetime import timedelta
from typing import Final

WINDOW: Final = timedelta(days=13, hours=12)
"""The age of calls that Vapi certainly keeps: the shortest retention of its plans is 14 days."""
FINAL_AFTER: Final = timedelta(minutes=10)
"""The time after a call's end at which its record counts as final, even without turns."""
