"""Which addresses of recordings a browser can play, and may be sent to."""

import re
from collections.abc import Collection
from typing import Final
from urllib.parse import SplitResult, parse_qs, urlsplit

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


def is_playable(url: str) -> bool:
    """Whether a browser may be sent there, if the host is one of the stack's: https, printable, no credentials."""
    return _host_of(url) is not None


def is_at(url: str, hosts: Collection[str]) -> bool:
    """Whether a playable address is at one of these hosts; `*.example.com` is every host below example.com."""
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


def _is_signed(parts: SplitResult) -> bool:
    return any(name.lower() == _SIGNATURE for name in parse_qs(parts.query))
