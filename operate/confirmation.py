"""Ask before something is changed."""

from collections.abc import Callable

Confirm = Callable[[str], bool]
"""Shows a question; whether the answer is yes."""


def ask(question: str) -> bool:
    """Ask at the terminal; no terminal means no."""
    try:
        return input(f"{question} [y/N] ").strip().lower() in {"y", "yes"}
    except EOFError:
        return False


def always(_question: str) -> bool:
    """Return what YES=1 answers."""
    return True
