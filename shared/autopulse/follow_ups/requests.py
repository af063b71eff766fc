"""Read the parts of a request that changes something: its path, its headers and its body."""

import base64
import binascii
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from autopulse.errors import Problem
from autopulse.json_coercion import Json, clean, clean_text, read_mapping

HEADERS: Final = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
"""The headers of each answer."""
MAX_BODY_BYTES: Final = 50_000


def header_of(event: Mapping[str, Any], wanted: str) -> Json:
    """A header by its name in lower case."""
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
    """The body's object, which may only have these fields, each once; raises Problem."""
    if isinstance(body, str) and len(body.encode(errors="replace")) > MAX_BODY_BYTES:
        raise Problem(413, "The body is too large.")
    try:
        given = json.loads(
            body if isinstance(body, str) else "",
            parse_float=_finite,
            parse_constant=_finite,
            object_pairs_hook=_each_once,
        )
    except (ValueError, RecursionError):
        raise Problem(400, "The body is not JSON.") from None
    if not isinstance(given, dict):
        raise Problem(400, "The body is not an object.")
    for name in given:
        if name not in fields:
            raise Problem(400, "There is no such field.", field=clean_text(name)[:100])
    return {name: clean(value) for name, value in given.items()}


def _finite(text: str) -> float:
    """Raise ValueError for NaN and numbers beyond a float: `clean` would make them null, emptying a field."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError
    return number


def _each_once(pairs: Sequence[tuple[str, Json]]) -> dict[str, Json]:
    given: dict[str, Json] = {}
    for name, value in pairs:
        if name in given:
            raise Problem(400, "The field is given more than once.", field=clean_text(name)[:100])
        given[name] = value
    return given
