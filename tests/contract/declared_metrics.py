"""The metrics that the code emits, with their dimensions."""

from autopulse.observability import METRICS


def declared_dimensions() -> dict[str, frozenset[str]]:
    """Return metric -> its dimensions besides `service`."""
    return {metric.name: frozenset(metric.dimension_names) for metric in METRICS}
