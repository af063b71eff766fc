"""Ask for confirmation before something is changed."""

from collections.abc import Callable

Confirm = Callable[[str], bool]
"""Shows a question, and returns whether the answer is yes."""


def ask(question: str) -> bool:
    """Ask at the terminal; without a terminal the answer is no."""
    try:
        return input(f"{question} [y/N] ").strip().lower() in {"y", "yes"}
    except EOFError:
        return False


def always(_question: str) -> bool:
    """Confirm everything, for YES=1."""
    return True
