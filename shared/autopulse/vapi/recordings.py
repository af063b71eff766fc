"""Which addresses of recordings a browser can play."""

from typing import Final
from urllib.parse import SplitResult, parse_qs, urlsplit

_STORAGE: Final = ".r2.cloudflarestorage.com"
"""Where Vapi keeps recordings since July 2026. The bucket is private: who has no signature gets 400."""
_FORMER_STORAGE: Final = "storage.vapi.ai"
"""Where they lay before. The name leads nowhere any more."""
_SIGNATURE: Final = "x-amz-signature"


def is_playable(url: str) -> bool:
    """Whether a browser may be sent there: absolute, by HTTP."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


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
