"""URLs of recordings: which a browser can play, which hosts are allowed, and when a URL expires."""

import re
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta, timezone
from typing import Final
from urllib.parse import SplitResult, parse_qs, urlsplit

from autopulse.json_coercion import read_time

_STORAGE: Final = ".r2.cloudflarestorage.com"
"""Vapi's storage of recordings since July 2026. The bucket is private: a request without a signature gets 400."""
_FORMER_STORAGE: Final = "storage.vapi.ai"
"""Vapi's storage of recordings before that; the name has had no DNS record since then."""
_SIGNATURE: Final = "x-amz-signature"
_ANY_BELOW: Final = "*."
"""The prefix of an allowed host that stands for all of its subdomains."""
HOST: Final = re.compile(r"(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+")
"""An allowed host of recordings in the stack's parameter."""
# A backslash or a user before the host makes a browser open another host; another port is another server.
_PLAYABLE: Final = re.compile(r"https://([a-z0-9.-]+)(?::443)?(?:[/?#].*)?", re.IGNORECASE)
_LASTING: Final = (("x-amz-date", "x-amz-expires"), ("x-goog-date", "x-goog-expires"))
"""Fields with the time of the signature and the seconds it lasts: S3 and compatible stores, and Google's storage."""
_ENDING: Final = (("signature", "expires"), ("sig", "se"))
"""Fields with the signature and the time it expires: older ones of S3 and Google, and CloudFront's; Azure's."""


def is_playable(url: str) -> bool:
    """Whether a browser can play the URL, if its host is allowed: https, printable, without credentials.

    A URL in Vapi's storage without a signature is not playable: Vapi answers 400.
    """
    return _host_of(url) is not None and not is_private(url)


def is_at(url: str, hosts: Collection[str]) -> bool:
    """Whether an https URL has one of these hosts; `*.example.com` stands for every subdomain of example.com.

    This applies to the browsers that play a recording and to the function that copies it, each with its own hosts.
    """
    host = _host_of(url)
    return host is not None and any(
        host.endswith(named[1:]) if named.startswith(_ANY_BELOW) else host == named for named in hosts
    )


def _host_of(url: str) -> str | None:
    found = _PLAYABLE.fullmatch(url) if url.isprintable() and " " not in url else None
    return found[1].lower() if found else None


def is_private(url: str) -> bool:
    """Whether it is a URL in Vapi's storage without a signature, which only Vapi can open."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    host = (parts.hostname or "").rstrip(".")
    return host == _FORMER_STORAGE or (host.endswith(_STORAGE) and not _is_signed(parts))


def expiry_of(url: str, told: datetime | None = None) -> datetime | None:
    """When a presigned URL expires: as its query says, else `told`; None if neither is readable."""
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
