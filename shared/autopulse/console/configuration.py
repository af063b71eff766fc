"""`config.json`: this stack's configuration for the page. It is public, and has no secret."""

import json

from autopulse.console.assets import MEDIA_TYPES, Asset
from autopulse.console.policy import origins
from autopulse.settings import ConsoleSettings

API_URL = "../v1"
"""The path of the read API relative to the console, which is the same for every host and prefix."""


def render(settings: ConsoleSettings) -> Asset:
    """Return the document; `issuer` and `client_id` are empty if nobody can sign in."""
    content = {
        "api_url": API_URL,
        "websocket_url": settings.websocket_url,
        "issuer": settings.issuer,
        "client_id": settings.client_id,
        "scopes": settings.scopes,
        "audience": settings.audience,
        "origins": origins(settings),
        "stack": settings.stack,
        "takes_token": settings.takes_token,
    }
    return Asset(json.dumps(content, indent=1).encode(), MEDIA_TYPES[".json"])
