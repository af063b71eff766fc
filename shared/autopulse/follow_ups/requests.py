"""What a request that changes something is made of: its path, its headers and its body."""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, Final

from autopulse.errors import Problem
from autopulse.json_coercion import Json, clean, read_mapping

HEADERS: Final = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
"""Those of each answer."""
MAX_BODY_BYTES: Final = 50_000


def header_of(event: Mapping[str, Any], wanted: str) -> Json:
    """A header by its name in small letters."""
    headers = read_mapping(event.get("headers"))
    return next((value for name, value in headers.items() if name.lower() == wanted), None)


def body_of(event: Mapping[str, Any]) -> Json:
    """The body as text; raises Problem."""
    body = event.get("body")
    if isinstance(body, str) and event.get("isBase64Encoded"):
        try:
            return base64.b64decode(body).decode()
        except (binascii.Error, ValueError):
            raise Problem(400, "The body is not JSON.") from None
    return body


def read_object(body: Json, fields: tuple[str, ...]) -> Mapping[str, Any]:
    """The body's object, which may have these fields and no others; raises Problem."""
    if isinstance(body, str) and len(body.encode(errors="replace")) > MAX_BODY_BYTES:
        raise Problem(413, "The body is too large.")
    try:
        given = clean(json.loads(body if isinstance(body, str) else ""))
    except (ValueError, RecursionError):
        raise Problem(400, "The body is not JSON.") from None
    if not isinstance(given, dict):
        raise Problem(400, "The body is not an object.")
    for name in given:
        if name not in fields:
            raise Problem(400, "There is no such field.", field=str(name)[:100])
    return given
