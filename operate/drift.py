"""`make drift`: find in the logs what Vapi sends and this code does not know, and print what to do about each sort."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from itertools import islice
from typing import Any, Final, NamedTuple

from autopulse.consumers.registry import REGISTRY
from autopulse.vapi.drift import DRIFT, What
from local.console import say
from operate.dead_letter import printable_line
from operate.logs import LogLine, read_lines, read_since, show_time, show_times
from operate.target import Target

MAX_EXAMPLES: Final = 3
"""Maximum number of calls that are named for each value."""
REMEDIES: Final[Mapping[str, str]] = {
    What.MESSAGE_TYPE: (
        "nobody reads these messages: look the type up in Vapi's documentation of server messages and add it to"
        " shared/autopulse/vapi/routes.py, or let make vapi-configure take it out of serverMessages"
    ),
    What.FIELD: (
        "these fields are not kept: look them up in Vapi's API; what is worth keeping goes into the allow-list"
        " (shared/autopulse/vapi/redaction.py), the rest into shared/autopulse/ingress/unknown.py"
    ),
    What.STATUS: (
        "calls keep the status that they had: say in shared/autopulse/vapi/status_words.py what the word stands for"
    ),
    What.ENDED_REASON: (
        "these calls count as tried, with the outcome unknown: add a pattern to"
        " shared/autopulse/vapi/ended_reasons.py, and a line to the list of its test"
    ),
    What.ROLE: (
        "what they say is left out of the transcript: say in shared/autopulse/vapi/turns.py whose turns these are"
    ),
    What.STRUCTURED_OUTPUT: (
        "these outputs are kept and read as no answer of ours: if one is, name it in the parameter AnalysisAliases,"
        " as field=name; else name it there as none=name, and it is no longer told"
    ),
}
"""Sort -> the consequence and the remedy."""


class Value(NamedTuple):
    """One unknown value, as it was logged."""

    what: str
    value: str


@dataclass
class Sightings:
    """When and in which calls a value was seen."""

    first: datetime
    last: datetime
    count: int = 0
    calls: dict[str, None] = field(default_factory=dict)
    """Vapi's ids, in the order of the log."""

    def add(self, at: datetime, count: int, calls: Iterable[str]) -> None:
        """Add what one log line says about the value."""
        self.first, self.last = min(self.first, at), max(self.last, at)
        self.count += count
        self.calls.update(dict.fromkeys(calls))


def drift(target: Target, since_text: str, now: datetime | None = None) -> int:
    """Print what is unknown; returns exit status 0 if there is nothing, else 1. Raises OperationFailed without logs."""
    since = read_since(since_text, now or datetime.now(timezone.utc))
    functions = ["Verifier", *(kind.prefix for kind in REGISTRY.values())]
    seen = collect(read_lines(target, functions, DRIFT, since))
    if not seen:
        say(f"Nothing unknown since {show_time(since)}")
        return 0
    for what in sorted({value.what for value in seen}):
        _show(what, {value: sightings for value, sightings in seen.items() if value.what == what})
    say("Counts are of what the logs name: a container names a hundred different values, and ten of a message")
    return 1


def collect(lines: Iterable[LogLine]) -> dict[Value, Sightings]:
    """Return every value that the lines name, in the order of the lines."""
    seen: dict[Value, Sightings] = {}
    for line in lines:
        for value, count, calls in _named(line.said):
            seen.setdefault(value, Sightings(line.at, line.at)).add(line.at, count, calls)
    return seen


def _named(said: Mapping[str, Any]) -> Iterator[tuple[Value, int, list[str]]]:
    """Yield value, count and Vapi's ids: the verifier logs a line per call, a consumer sums up several calls."""
    entries = said.get(DRIFT)
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and isinstance(entry.get("value"), str):
            calls = entry.get("vapi_call_ids", [said.get("vapi_call_id")])
            given = [call for call in calls if isinstance(call, str)] if isinstance(calls, list) else []
            count = entry.get("count", 1)
            yield Value(str(entry.get("what")), entry["value"]), count if isinstance(count, int) else 1, given


def _show(what: str, seen: Mapping[Value, Sightings]) -> None:
    say(f"{what.replace('_', ' ')}: {len(seen)} unknown")
    for value, sightings in sorted(seen.items(), key=lambda item: -item[1].count):
        times = show_times(sightings.count, sightings.first, sightings.last)
        calls = ", ".join(islice(sightings.calls, MAX_EXAMPLES))
        say(printable_line(f"  {value.value}: {times}{f', such as in {calls}' if calls else ''}"))
    remedy = REMEDIES.get(what)
    if remedy:
        say(f"  -> {remedy}")
