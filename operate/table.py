"""Tables of text for a terminal."""

from collections.abc import Mapping, Sequence

from local.console import say


def print_table(rows: Sequence[Mapping[str, str]]) -> None:
    """Print rows that have the same columns, aligned below a header; print nothing without rows."""
    if not rows:
        return
    widths = {name: max(len(name), *(len(row[name]) for row in rows)) for name in rows[0]}
    for row in [{name: name for name in widths}, *rows]:
        say("  " + "  ".join(f"{row[name]:<{width}}" for name, width in widths.items()).rstrip())
