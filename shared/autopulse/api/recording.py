"""Whether a recording can be played from its URL, and until when."""

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Final
from urllib.parse import parse_qs, urlsplit

from autopulse.api.models import Recording
from autopulse.errors import Problem
from autopulse.json_coercion import read_time
from autopulse.settings import recording_hosts
from autopulse.vapi.recordings import is_at, is_playable, is_private

ELSEWHERE: Final = "recording_elsewhere"
_LASTING: Final = (("x-amz-date", "x-amz-expires"), ("x-goog-date", "x-goog-expires"))
"""When it was signed, and for how many seconds: S3 and what speaks its language, and Google's storage."""
_ENDING: Final = (("signature", "expires"), ("sig", "se"))
"""The signature, and when it ends: older ones of S3 and Google, and CloudFront's; Azure's."""


def offer_recording(url: str | None, told: datetime | None, now: datetime) -> Recording:
    """Where to play it; `told` is when the URL ends, if somebody said so beside it.

    Raises Problem: 404 `recording_missing` without a URL that a browser may open, 404 `recording_private` if only
    Vapi can open it, 404 `recording_elsewhere` at a host that this stack does not play from, 410 `recording_expired`
    once it has ended.
    """
    if url is None or not is_playable(url):
        raise Problem(404, "There is no recording of this call.", code="recording_missing")
    if is_private(url):
        raise Problem(404, "The recording lies in Vapi's private storage.", code="recording_private")
    if not is_at(url, recording_hosts()):
        raise Problem(404, "The recording lies at a host that this stack does not play from.", code=ELSEWHERE)
    expires_at = expiry_of(url, told)
    if expires_at and expires_at <= now:
        raise Problem(410, f"The recording's URL expired at {expires_at.isoformat()}.", code="recording_expired")
    return Recording(url=url, expires_at=expires_at)


def expiry_of(url: str, told: datetime | None = None) -> datetime | None:
    """When a presigned URL ends: as it says itself, else as was told; None if neither says so readably."""
    query = {name.lower(): values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    for signed_at, seconds in _LASTING:
        if signed_at in query and seconds in query:
            return _add(query, signed_at, seconds) or told
    for signature, end in _ENDING:
        if signature in query and end in query:
            return read_time(query[end]) or told
    return told


def _add(query: Mapping[str, str], signed_at: str, seconds: str) -> datetime | None:
    try:
        start = datetime.strptime(query[signed_at], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
        return start + timedelta(seconds=int(query[seconds]))
    except (ValueError, OverflowError):
        return None
