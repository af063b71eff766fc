"""When the URL of a recording ends."""

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Final
from urllib.parse import parse_qs, urlsplit

_SIGNED: Final = (("x-amz-date", "x-amz-expires"), ("x-goog-date", "x-goog-expires"))
"""When it was signed, and for how many seconds: S3 and what speaks its language, and Google's storage."""


def is_playable(url: str) -> bool:
    """Whether a browser may be sent there: absolute, by HTTP."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def expiry_of(url: str) -> datetime | None:
    """When a presigned URL ends; None if it is not one, or does not say so readably."""
    query = {name.lower(): values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    for signed_at, seconds in _SIGNED:
        if signed_at in query and seconds in query:
            return _add(query, signed_at, seconds)
    return None


def _add(query: Mapping[str, str], signed_at: str, seconds: str) -> datetime | None:
    try:
        start = datetime.strptime(query[signed_at], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
        return start + timedelta(seconds=int(query[seconds]))
    except (ValueError, OverflowError):
        return None
