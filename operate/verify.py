"""`make verify`: what differs between what is stored of the calls and what Vapi has of them. Nothing is written."""

from operate.comparison import Inquiry, compare_window, read_window, show_differences
from operate.target import Target


def verify(target: Target, since: str, inquiry: Inquiry | None = None) -> int:
    """Print the differences; the exit status: 0 if there are none, else 1. Raises OperationFailed if none can tell."""
    asks = inquiry or Inquiry(target)
    compared = compare_window(asks, read_window(since, asks.now()))
    show_differences(compared)
    return 1 if compared.differences else 0
