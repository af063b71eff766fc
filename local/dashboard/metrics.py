"""What CloudWatch makes of EMF lines: metrics by their dimensions, statistics by period, and sums of such lines."""

import ast
import json
import math
import operator
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from local.dashboard.body import Expression, Series, Widget

Points = dict[int, float]
"""Start of a period (epoch seconds) -> value."""
Key = tuple[str, str, frozenset[tuple[str, str]]]
"""Namespace, metric, dimensions."""
_OPERATORS: Final[Mapping[type[ast.operator], Callable[[float, float], float]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


@dataclass(frozen=True)
class Line:
    """A line of a widget as it is drawn."""

    label: str
    points: Points
    id: str = ""
    right: bool = False


@dataclass
class Metrics:
    """Values by metric and dimensions, each with its instant (epoch seconds)."""

    values: dict[Key, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))

    def lines(self, widget: Widget, at_least: int = 0) -> list[Line]:
        """The lines of a widget; a period is `at_least` so many seconds, as the console chooses for long times."""
        said = list(widget.lines())
        found = [line for series in said if isinstance(series, Series) for line in self._find(series, at_least)]
        known = {line.id: line.points for line in found if line.id}
        computed = [Line(e.label, compute(e.text, known), e.id) for e in said if isinstance(e, Expression)]
        return [line for line in (*computed, *found) if line.points]

    def _find(self, series: Series, at_least: int) -> Iterator[Line]:
        period = max(series.period, at_least)
        for (namespace, metric, dimensions), values in sorted(self.values.items(), key=lambda item: sorted(item[0][2])):
            if (namespace, metric) == (series.namespace, series.metric) and _fits(dict(dimensions), series.dimensions):
                label = _label(series, dict(dimensions))
                yield Line(label, aggregate(values, series.stat, period), series.id, series.right)


def read_emf(lines: Iterable[str]) -> Metrics:
    """Read a function's log: lines that are EMF count, others do not; raises ValueError for what is no JSON."""
    metrics = Metrics()
    for document in map(json.loads, lines):
        if "_aws" in document:
            _add(metrics, document)
    return metrics


def _add(metrics: Metrics, document: Mapping[str, Any]) -> None:
    instant = document["_aws"]["Timestamp"] / 1000
    for directive in document["_aws"]["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            dimensions = frozenset((name, str(document[name])) for name in names)
            for metric in directive["Metrics"]:
                given = document[metric["Name"]]
                values = given if isinstance(given, list) else [given]
                key = (directive["Namespace"], metric["Name"], dimensions)
                metrics.values[key] += [(instant, value) for value in values]


def _fits(dimensions: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Whether these are exactly the dimensions that are wanted; open ones take any value."""
    return dimensions.keys() == wanted.keys() and all(value in {"", dimensions[name]} for name, value in wanted.items())


def _label(series: Series, dimensions: Mapping[str, str]) -> str:
    """What tells a line from the others that a SEARCH found."""
    found = [dimensions[name] for name, value in sorted(series.dimensions.items()) if value == ""]
    return " ".join(filter(None, [series.label, *found])) or series.metric


def aggregate(values: Iterable[tuple[float, float]], stat: str, period: int) -> Points:
    """One value for each period that has any."""
    periods: dict[int, list[float]] = defaultdict(list)
    for instant, value in values:
        periods[int(instant // period * period)].append(value)
    return {start: statistic(found, stat) for start, found in sorted(periods.items())}


def statistic(values: Sequence[float], stat: str) -> float:
    """Sum, Average, Minimum, Maximum, SampleCount, or a percentile as p90, between neighbours in proportion."""
    simple: Mapping[str, Callable[[Sequence[float]], float]] = {
        "Sum": sum,
        "Minimum": min,
        "Maximum": max,
        "SampleCount": len,
        "Average": lambda given: sum(given) / len(given),
    }
    if stat in simple:
        return float(simple[stat](values))
    place = (len(values) - 1) * float(stat.removeprefix("p")) / 100
    below, above = sorted(values)[math.floor(place)], sorted(values)[math.ceil(place)]
    return float(below + (above - below) * (place - math.floor(place)))


def compute(text: str, known: Mapping[str, Points]) -> Points:
    """The value of an expression wherever all its parts have one; raises ValueError for what it does not understand."""
    times = sorted({start for points in known.values() for start in points})
    found = {start: _value(ast.parse(text, mode="eval").body, known, start) for start in times}
    return {start: value for start, value in found.items() if value is not None}


def _value(node: ast.expr, known: Mapping[str, Points], start: int) -> float | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return float(node.value)
    if isinstance(node, ast.Name):
        return known.get(node.id, {}).get(start)
    if isinstance(node, ast.BinOp):
        return _operate(node, _value(node.left, known, start), _value(node.right, known, start))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "FILL":
        filled = _value(node.args[0], known, start)
        return _value(node.args[1], known, start) if filled is None else filled
    raise ValueError(ast.unparse(node))


def _operate(node: ast.BinOp, left: float | None, right: float | None) -> float | None:
    if left is None or right is None or (isinstance(node.op, ast.Div) and right == 0):
        return None
    return _OPERATORS[type(node.op)](left, right)
