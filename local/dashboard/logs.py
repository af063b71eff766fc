"""Logs Insights, as far as the dashboard's table of failures asks: what to show and to leave out, the latest first."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

_QUERY: Final = re.compile(
    r"(?:SOURCE '[^']+' \| )*fields (?P<fields>[@\w, ]+) \| filter level in \[(?P<levels>[^\]]+)\]"
    r" or @message like /(?P<pattern>[^/]+)/"
    r" \| filter not \(message = '(?P<message>[^']+)' and status = (?P<status>\d+)\)"
    r" \| sort @timestamp desc \| limit (?P<limit>\d+)"
)


@dataclass(frozen=True)
class Table:
    """What a query finds."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def ask(query: str, lines: Iterable[str]) -> Table | None:
    """The latest log lines that a query is for; None for a query of another shape."""
    match = _QUERY.fullmatch(query)
    if match is None:
        return None
    columns = [name for name in match["fields"].split(", ") if name != "@log"]  # one process has one log
    levels = set(re.findall(r"\w+", match["levels"]))
    documents = [json.loads(line) for line in lines if '"_aws"' not in line]
    found = [d for d in documents if d.get("level") in levels or re.search(match["pattern"], json.dumps(d))]
    left_out = match["message"], match["status"]
    found = [d for d in found if (d.get("message"), str(d.get("status"))) != left_out]
    latest = sorted(found, key=lambda document: str(document["timestamp"]), reverse=True)[: int(match["limit"])]
    return Table(columns, [[_cell(document, column) for column in columns] for document in latest])


def _cell(document: Mapping[str, Any], column: str) -> str:
    value = document.get("timestamp" if column == "@timestamp" else column)
    return "" if value is None else str(value)
