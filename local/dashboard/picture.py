"""Draw the dashboard as the console would show it, as far as a run on this machine has its metrics."""

import math
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from local.dashboard.body import Series, Widget
from local.dashboard.logs import Table, ask
from local.dashboard.metrics import Line, Metrics, Points

COLUMNS: Final = 24
COLUMN_INCHES: Final = 0.64
ROW_INCHES: Final = 0.36
DOTS_PER_INCH: Final = 105
PERIOD_SECONDS: Final = 300
"""As the console chooses for a whole day."""
TABLE_ROWS: Final = 14
TICK_SECONDS: Final = 3600
MARGIN: Final = 0.04
"""Of a widget, in inches, on each side."""
OURS: Final = "AutoPulse"
_GREY: Final = "#6b7280"
_PALE: Final = "#f3f4f6"
_ALARM: Final = "#d13212"
_MAX_LEGEND: Final = 12
_STYLE: Final[Any] = {"font.family": "DejaVu Sans", "font.size": 6.5, "axes.titlesize": 7.5}
_WITHOUT: Final = {
    "alarm": "States of alarms: from AWS, not in a local run",
    "log": "CloudWatch Logs Insights over REPORT lines: from AWS, not in a local run",
    "metric": "From AWS ({namespaces}), not in a local run",
    "nothing": "No such metric in this run",
}


@dataclass(frozen=True)
class Run:
    """What a run left behind."""

    metrics: Metrics
    log: Sequence[str]
    """Its lines."""
    span: tuple[datetime, datetime]
    """The time that is drawn."""


def draw(widgets: Sequence[Widget], run: Run, caption: str, file: Path) -> None:
    """Draw all widgets into a PNG file; what this run has no metrics of says so."""
    rows = max(widget.y + widget.height for widget in widgets) + 1
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(COLUMNS * COLUMN_INCHES, rows * ROW_INCHES), dpi=DOTS_PER_INCH, facecolor="white")
        figure.text(0.004, 1 - 0.5 / rows, caption, fontsize=9, va="center")
        for widget in widgets:
            _draw_widget(_place(figure, widget, rows), widget, run)
        figure.savefig(file, metadata={"Software": None, "Description": caption})


def _place(figure: Figure, widget: Widget, rows: int) -> Axes:
    """The widget's area, with room for title and labels in those that have axes."""
    width, height = COLUMNS * COLUMN_INCHES, rows * ROW_INCHES
    left, right, below, above = (0.42, 0.15, 0.22, 0.24) if widget.type == "metric" else (MARGIN,) * 4
    x, y = widget.x * COLUMN_INCHES + left, height - (widget.y + 1 + widget.height) * ROW_INCHES + below
    w, h = widget.width * COLUMN_INCHES - left - right, widget.height * ROW_INCHES - below - above
    return figure.add_axes((x / width, y / height, w / width, h / height))


def _draw_widget(axes: Axes, widget: Widget, run: Run) -> None:
    if widget.type == "text":
        _draw_text(axes, str(widget.properties["markdown"]))
        return
    if widget.type == "log" and (table := ask(widget.properties["query"], run.log)):
        _draw_table(axes, widget, table)
        return
    if widget.type == "metric":
        axes.set_title(widget.title, loc="left")
    view = widget.properties.get("view")
    lines = run.metrics.lines(widget, 0 if view == "singleValue" else PERIOD_SECONDS) if widget.type == "metric" else []
    if not lines:
        _draw_absence(axes, widget)
    elif view == "singleValue":
        _draw_values(axes, lines)
    else:
        _draw_lines(axes, widget, lines, run.span)


def _draw_text(axes: Axes, markdown: str) -> None:
    axes.axis("off")
    plain = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", markdown)
    for place, line in enumerate(plain.split("\n")):
        size = 13 if line.startswith("#") else 9
        axes.text(0, 0.5 if "\n" not in plain else 0.75 - 0.5 * place, line.lstrip("# "), fontsize=size, va="center")


def _draw_absence(axes: Axes, widget: Widget) -> None:
    axes.set(xticks=[], yticks=[], facecolor=_PALE)
    axes.spines[:].set_color("#d1d5db")
    namespaces = sorted({line.namespace for line in widget.lines() if isinstance(line, Series)} - {OURS})
    reason = "nothing" if widget.type == "metric" and not namespaces else widget.type
    text = _WITHOUT[reason].format(namespaces=", ".join(namespaces))
    if widget.type != "metric":
        text = f"{widget.title}\n{text}"
    axes.text(0.5, 0.5, textwrap.fill(text, 90, replace_whitespace=False), ha="center", va="center", color=_GREY)


def _draw_table(axes: Axes, widget: Widget, table: Table) -> None:
    """As many rows as there is room for."""
    axes.axis("off")
    axes.text(0, 1, widget.title, fontsize=7.5, va="top")
    rows = [table.columns, *table.rows[:TABLE_ROWS]]
    widths = [max(len(row[place]) for row in rows) + 2 for place in range(len(table.columns))]
    for number, row in enumerate(rows):
        y = 0.88 - 0.86 * number / (TABLE_ROWS + 1)
        for place, cell in enumerate(row):
            x = sum(widths[:place]) / sum(widths)
            axes.text(x, y, cell, fontsize=5, va="top", family="monospace", color=_GREY if number == 0 else "black")


def _draw_values(axes: Axes, lines: Sequence[Line]) -> None:
    axes.axis("off")
    for place, line in enumerate(lines):
        middle = (place + 0.5) / len(lines)
        value = line.points[max(line.points)]
        axes.text(middle, 0.58, f"{value:,.0f}", fontsize=22, ha="center", va="center")
        axes.text(middle, 0.28, line.label, ha="center", va="center", color=_GREY)


def _draw_lines(axes: Axes, widget: Widget, lines: Sequence[Line], span: tuple[datetime, datetime]) -> None:
    right = axes.twinx() if any(line.right for line in lines) else axes
    if widget.properties.get("stacked"):
        _stack(axes, lines)
    else:
        for line in lines:
            points = _with_gaps(line.points)
            shown: dict[str, Any] = {"label": line.label, "linewidth": 1, "marker": ".", "markersize": 2.5}
            (right if line.right else axes).plot(list(points), list(points.values()), **shown)
    _draw_alarms(axes, widget.properties)
    first, last = (moment.timestamp() for moment in span)
    axes.set_xlim(first, last)
    axes.set_ylim(bottom=0)
    hours = [start for start in range(int(first), int(last) + 1) if start % TICK_SECONDS == 0]
    axes.set_xticks(hours, [datetime.fromtimestamp(start, timezone.utc).strftime("%H:%M") for start in hours])
    axes.spines[:].set_color("#d1d5db")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#e5e7eb", linewidth=0.6)
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(handles[:_MAX_LEGEND], labels[:_MAX_LEGEND], loc="upper left", fontsize=5.5, frameon=False, ncols=2)


def _with_gaps(points: Points) -> Points:
    """A line is not drawn over periods without a value."""
    absent = {start + PERIOD_SECONDS: math.nan for start in points if start + PERIOD_SECONDS not in points}
    return dict(sorted((points | absent).items()))


def _stack(axes: Axes, lines: Sequence[Line]) -> None:
    """Bars on top of each other: where a line has no point, it adds nothing."""
    starts = sorted({start for line in lines for start in line.points})
    below = [0.0] * len(starts)
    for line in lines:
        values = [line.points.get(start, 0.0) for start in starts]
        axes.bar(starts, values, bottom=below, width=PERIOD_SECONDS, label=line.label, align="edge")
        below = [before + value for before, value in zip(below, values, strict=True)]


def _draw_alarms(axes: Axes, properties: Mapping[str, Any]) -> None:
    """The thresholds, unless they lie so high that nothing else could be seen."""
    top = axes.get_ylim()[1]
    for line in properties.get("annotations", {}).get("horizontal", []):
        if line["value"] <= 3 * top:
            axes.axhline(line["value"], color=_ALARM, linewidth=0.8, linestyle="--", label=line["label"])
