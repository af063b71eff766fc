"""Addresses of recordings: which a browser can play, which hosts may be asked for one, and when an address ends."""

import re
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta, timezone
from typing import Final
from urllib.parse import SplitResult, parse_qs, urlsplit

from autopulse.json_coercion import read_time

_STORAGE: Final = ".r2.cloudflarestorage.com"
"""Where Vapi keeps recordings since July 2026. The bucket is private: who has no signature gets 400."""
_FORMER_STORAGE: Final = "storage.vapi.ai"
"""The attempts' positions before the move; the old name has no row any more."""
_SIGNATURE: Final = "x-amz-signature"
_ANY_BELOW: Final = "*."
"""What a host begins with that stands for every host below it."""
HOST: Final = re.compile(r"(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+")
"""A host that recordings are played from, as the stack's parameter names it."""
# A backslash or a user before the host leads a browser elsewhere than it seems; another port is another server.
_PLAYABLE: Final = re.compile(r"https://([a-z0-9.-]+)(?::443)?(?:[/?#].*)?", re.IGNORECASE)
_LASTING: Final = (("x-amz-date", "x-amz-expires"), ("x-goog-date", "x-goog-expires"))
"""When it was signed, and for how many seconds: S3 and what speaks its language, and Google's storage."""
_ENDING: Final = (("signature", "expires"), ("sig", "se"))
"""The signature, and when it ends: older ones of S3 and Google, and CloudFront's; Azure's."""


def is_playable(url: str) -> bool:
    """Whether a browser may be sent there, if the host is one of the stack's: https, printable, no credentials.

    A bare address in Vapi's storage is not: whoever opens it is answered 400.
    """
    return _host_of(url) is not None and not is_private(url)


def is_at(url: str, hosts: Collection[str]) -> bool:
    """Whether an https address is at one of these hosts; `*.example.com` is every host below example.com.

    Browsers that play a recording and the function that copies it are both held to it, each with hosts of its own.
    """
    host = _host_of(url)
    return host is not None and any(
        host.endswith(named[1:]) if named.startswith(_ANY_BELOW) else host == named for named in hosts
    )


def _host_of(url: str) -> str | None:
    found = _PLAYABLE.fullmatch(url) if url.isprintable() and " " not in url else None
    return found[1].lower() if found else None


def is_private(url: str) -> bool:
    """Whether it is a bare address in Vapi's storage, which only Vapi can open."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    host = (parts.hostname or "").rstrip(".")
    return host == _FORMER_STORAGE or (host.endswith(_STORAGE) and not _is_signed(parts))


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


def _is_signed(parts: SplitResult) -> bool:
    return any(name.lower() == _SIGNATURE for name in parse_qs(parts.query))
