"""The metrics of the code, with their dimensions."""

from autopulse.observability import METRICS


def declared_dimensions() -> dict[str, frozenset[str]]:
    """Metric -> its dimensions besides `service`."""
    return {metric.name: frozenset(metric.dimension_names) for metric in METRICS}
