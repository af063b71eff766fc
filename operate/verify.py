"""`make verify`: show how the stored calls differ from Vapi's. Nothing is written."""

from operate.comparison import Inquiry, compare_window, read_window, show_differences
from operate.target import Target


def verify(target: Target, since: str, inquiry: Inquiry | None = None) -> int:
    """Print the differences; returns exit status 0 if there are none, else 1. Raises OperationFailed without Vapi."""
    asks = inquiry or Inquiry(target)
    compared = compare_window(asks, read_window(since, asks.now()))
    show_differences(compared)
    return 1 if compared.differences else 0
