"""The content security policy: it allows browsers only what the console needs."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from autopulse.settings import ConsoleSettings

YEAR_SECONDS: Final = 31_536_000
HEADERS: Final = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",  # for browsers without support of frame-ancestors
    "referrer-policy": "no-referrer",  # the URL may have names and numbers from a search
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
"""The headers of every answer."""
NOTHING: Final = "'none'"


def content_security_policy(settings: ConsoleSettings) -> str:
    """Return the page's policy: only our own files, and connections to the API, the WebSocket and the issuer."""
    connections = ["'self'", *origins(settings)]
    return "; ".join(
        (
            f"default-src {NOTHING}",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            f"connect-src {' '.join(connections)}",
            f"media-src {' '.join(media_sources(settings)) or NOTHING}",
            f"form-action {NOTHING}",
            f"base-uri {NOTHING}",
            f"frame-ancestors {NOTHING}",
            "require-trusted-types-for 'script'",  # browsers that support this refuse markup from text
            f"trusted-types {NOTHING}",
        )
    )


def media_sources(settings: ConsoleSettings) -> list[str]:
    """Sources of recordings: the stack's bucket, if it keeps copies, and Vapi's hosts."""
    bucket = [origin_of(settings.recording_bucket_url)] if settings.recording_bucket_url else []
    return [*bucket, *(f"https://{host}" for host in settings.recording_hosts)]


def origins(settings: ConsoleSettings) -> list[str]:
    """All origins, besides its own host, to which the page connects."""
    issuer = [settings.issuer, *settings.oidc_origins.split()] if settings.issuer else []
    return list(dict.fromkeys(origin_of(url) for url in (settings.websocket_url, *issuer)))


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL; raises ValueError for a URL that a browser would read differently."""
    parts = urlsplit(url)
    if parts.scheme not in {"https", "wss", "http", "ws"} or not parts.netloc or set(parts.netloc) & set(" ;,'\"*@"):
        raise ValueError("a setting of the console is no URL")
    return f"{parts.scheme}://{parts.netloc}"


def transport_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The header that makes a browser use only TLS from now on, if it came by TLS. Header names are in lower case."""
    if headers.get("x-forwarded-proto") != "https":
        return {}
    return {"strict-transport-security": f"max-age={YEAR_SECONDS}"}
