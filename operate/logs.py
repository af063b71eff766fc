"""Read the JSON log lines of functions of a deployed stack or of the local one."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from local.console import say
from operate.target import OperationFailed, Target

DEFAULT_SINCE: Final = "7d"
EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
_SPAN: Final = re.compile(r"([1-9][0-9]{0,3})([mhd])", re.ASCII)
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True)
class LogLine:
    """One line of a log that is a JSON object."""

    at: datetime
    said: Mapping[str, Any]


def read_since(text: str, now: datetime) -> datetime:
    """Parse `7d`, `12h`, `30m`, a date or a time; without a time zone it is UTC.

    Raises OperationFailed for anything else, and for a future time.
    """
    span = _SPAN.fullmatch(text.strip())
    try:
        since = now - timedelta(**{_UNITS[span[2]]: int(span[1])}) if span else datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError):
        raise OperationFailed(f"SINCE is a span such as 7d, 12h or 30m, or a time, not {text[:40]!r}") from None
    since = since if since.tzinfo else since.replace(tzinfo=timezone.utc)
    if not EPOCH <= since <= now:
        raise OperationFailed("SINCE is before 1970 or a time to come")
    return since


def read_lines(target: Target, functions: Iterable[str], words: str, since: datetime) -> Iterator[LogLine]:
    """Yield the JSON lines that contain `words`, function by function, and in the order of CloudWatch for each.

    `functions` are prefixes of logical ids, such as `Verifier`. Raises OperationFailed if a log cannot be read.
    """
    for function in functions:
        say(f"Reading the log of {function} since {show_time(since)} …")
        group = target.resource(f"{function}LogGroup")
        pages = (
            target.client("logs")
            .get_paginator("filter_log_events")
            .paginate(logGroupName=group, startTime=int(since.timestamp() * 1000), filterPattern=f'"{words}"')
        )
        try:
            for page in pages:
                yield from (line for event in page["events"] if (line := _read(event)) is not None)
        except (ClientError, BotoCoreError) as error:
            raise OperationFailed(f"the log {group} cannot be read ({error})") from error


def show_time(at: datetime) -> str:
    """Format a time as all commands print it, in UTC."""
    return f"{at.astimezone(timezone.utc):%Y-%m-%d %H:%M:%S}Z"


def show_times(count: int, first: datetime, last: datetime) -> str:
    """Format how often something was seen, and when."""
    if count == 1:
        return f"once, {show_time(last)}"
    return f"{count} times, first {show_time(first)}, last {show_time(last)}"


def _read(event: Mapping[str, Any]) -> LogLine | None:
    try:
        said = json.loads(event["message"])
    except ValueError:
        return None
    at = datetime.fromtimestamp(event["timestamp"] / 1000, timezone.utc)
    return LogLine(at, said) if isinstance(said, dict) else None
