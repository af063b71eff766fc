"""The dashboard's body in the template, with its names filled in, and the metrics that its widgets show."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

Json = Any
_PLACEHOLDER: Final = re.compile(r"\$\{([^}!]+)\}")
_SEARCH: Final = re.compile(
    r"""SEARCH\('\{(?P<schema>[\w/,]+)\}\ MetricName="(?P<metric>\w+)"(?P<terms>(?:\ \w+="[^"]+")*)(?:\ [\w-]+-)?',
        \ '(?P<stat>\w+)',\ (?P<period>\d+)\)""",
    re.VERBOSE,
)
_INSIGHTS: Final = re.compile(
    r"DB_PERF_INSIGHTS\('RDS', '(?P<resource>[\w.-]+)', '(?P<metric>[\w.]+)\.(?P<stat>avg)'\)"
)
INSIGHTS: Final = "Database Insights"
"""Used as a namespace: its counters are not CloudWatch metrics, but widgets show them alike."""


@dataclass(frozen=True)
class Series:
    """One line of a widget, or, with open dimensions, all lines that a SEARCH finds."""

    namespace: str
    metric: str
    dimensions: Mapping[str, str]
    """A value is empty where a SEARCH leaves it open."""
    stat: str
    period: int
    """Seconds."""
    label: str = ""
    id: str = ""


@dataclass(frozen=True)
class Expression:
    """A line that is computed from others of its widget, by their ids."""

    text: str
    label: str
    id: str = ""


@dataclass(frozen=True)
class Widget:
    """A widget, with its position in grid units."""

    type: str
    x: int
    y: int
    width: int
    height: int
    properties: Mapping[str, Json] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The widget's title; text widgets have none."""
        return str(self.properties.get("title", ""))

    def lines(self) -> Iterator[Series | Expression]:
        """Return the lines of a metric widget, in order."""
        for row in self.properties.get("metrics", []):
            yield self._asked(row[0]) if isinstance(row[0], dict) else self._named(row)

    def _named(self, row: list[Json]) -> Series:
        words = [word for word in row if isinstance(word, str)]
        options = row[-1] if isinstance(row[-1], dict) else {}
        return Series(
            words[0],
            words[1],
            dict(zip(words[2::2], words[3::2], strict=True)),
            options.get("stat") or self.properties["stat"],
            options.get("period") or self.properties["period"],
            options.get("label", ""),
            options.get("id", ""),
        )

    def _asked(self, options: Mapping[str, str]) -> Series | Expression:
        label, id_ = options.get("label", ""), options.get("id", "")
        if counter := _INSIGHTS.fullmatch(options["expression"]):
            dimensions = {"DbiResourceId": counter["resource"]}
            return Series(INSIGHTS, counter["metric"], dimensions, "Average", self.properties["period"], label, id_)
        match = _SEARCH.fullmatch(options["expression"])
        if match is None:
            return Expression(options["expression"], label, id_)
        namespace, *names = match["schema"].split(",")
        terms = dict(re.findall(r'(\w+)="([^"]+)"', match["terms"]))
        return Series(
            namespace,
            match["metric"],
            dict.fromkeys(names, "") | terms,
            match["stat"],
            int(match["period"]),
            label,
            id_,
        )


def read_widgets(body: str) -> list[Widget]:
    """Return the widgets of a body; raises ValueError if it is not JSON."""
    return [Widget(**widget) for widget in json.loads(body)["widgets"]]


def fill_in(value: Json, names: Mapping[str, str], conditions: Mapping[str, bool]) -> str:
    """Resolve `!Sub`, `!If` and `!Ref` as CloudFormation does; a name without a value is its own value."""
    if isinstance(value, str):
        return value
    ((function, argument),) = value.items()
    if function == "Fn::If":
        condition, then, otherwise = argument
        return fill_in(then if conditions[condition] else otherwise, names, conditions)
    if function in {"Ref", "Fn::GetAtt"}:
        name = argument if isinstance(argument, str) else ".".join(argument)
        return names.get(name, name)
    if function != "Fn::Sub":
        raise ValueError(function)
    text, given = (argument, {}) if isinstance(argument, str) else argument
    known: dict[str, str] = dict(names) | {name: fill_in(said, names, conditions) for name, said in given.items()}
    return _PLACEHOLDER.sub(lambda match: known.get(match[1], match[1]), text)
