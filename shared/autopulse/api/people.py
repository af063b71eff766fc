"""Lists for people who read them in a spreadsheet: headings and values in words, times of a time zone."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timezone
from typing import Any, Final
from zoneinfo import ZoneInfo

Row = Mapping[str, Any]
_FORM: Final = "%Y-%m-%d %H:%M"
"""A format that all spreadsheets read as date and time."""


def _words(name: str) -> Callable[[Row, ZoneInfo | timezone], object]:
    def read(row: Row, _: ZoneInfo | timezone) -> object:
        text = str(row[name] or "").replace("_", " ")
        return text[:1].upper() + text[1:]

    return read


def _value(name: str) -> Callable[[Row, ZoneInfo | timezone], object]:
    return lambda row, _: row[name]


def _began(row: Row, zone: ZoneInfo | timezone) -> object:
    at: datetime | None = row["start_time"] or row["end_time"]
    return at and at.astimezone(zone).strftime(_FORM)


def _duration(row: Row, _: ZoneInfo | timezone) -> object:
    """Hours, minutes and seconds, because spreadsheets read two parts as hours and minutes."""
    seconds = row["duration_seconds"]
    return None if seconds is None else f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


_OF_CALLS: Final[Mapping[str, Callable[[Row, ZoneInfo | timezone], object]]] = {
    "Customer": _value("customer_name"),
    "Phone": _value("phone"),
    "Vehicle": _value("vehicle"),
    "Service": _value("service"),
    "Advisor": _value("advisor_name"),
    "Campaign": _value("campaign_name"),
    "Began ({zone})": _began,
    "Duration (h:mm:ss)": _duration,
    "Outcome": _words("outcome"),
    "Score (0 to 10)": _value("nps_score"),
    "Direction": _words("direction"),
    "Demonstration": _value("demo"),
}
COLUMNS: Final[Mapping[str, Mapping[str, Callable[[Row, ZoneInfo | timezone], object]]]] = {
    "calls": {
        **_OF_CALLS,
        "Went wrong": _value("complaint"),
        "Summary": _value("gist"),
        "Status": _value("status"),
        "Call": _value("id"),
    },
    "feedback": {
        **_OF_CALLS,
        "What was said": _value("content"),
        "Went well": _value("positives"),
        "Went wrong": _value("detractors"),
        "Reason": _words("reason"),
        "To do": _value("action_items"),
        "Call": _value("call_id"),
    },
}
"""List -> heading -> the function for the column's values."""
_LINK: Final = "Link"


class Form:
    """The form of a list's file: headings in words, times of a zone, and a link to each call if there is a console.

    An unknown zone is replaced by UTC; the heading names the zone.
    """

    def __init__(self, name: str, zone: str, console: str | None) -> None:
        self._columns = COLUMNS[name]
        self._clock = _zone_of(zone)
        self._console = console

    @property
    def headings(self) -> tuple[str, ...]:
        """The headings of the file; the call's id is the last one."""
        named = [heading.format(zone=self._clock) for heading in self._columns]
        return tuple(named if self._console is None else [*named[:-1], _LINK, named[-1]])

    def as_people_read(self, rows: Iterable[Row]) -> list[dict[str, object]]:
        """Convert each row to values by heading."""
        return [self._read(row) for row in rows]

    def _read(self, row: Row) -> dict[str, object]:
        said = {heading.format(zone=self._clock): read(row, self._clock) for heading, read in self._columns.items()}
        return said if self._console is None else said | {_LINK: f"{self._console}?call={said['Call']}"}


def _zone_of(name: str) -> ZoneInfo | timezone:
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # the name is a folder, not a path, or not found
        return timezone.utc
