"""Read API Gateway's event: first the bytes and headers, and after the verification the message."""

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Final

from autopulse.errors import UnreadableRequest
from autopulse.json_coercion import Json, read_list, read_mapping
from autopulse.vapi.signature import Delivery

MAX_INVOCATION_BYTES: Final = 6_291_456
"""The maximum size of the event that Lambda passes to a function: API Gateway's JSON with the body as base64."""
MAX_BODY_BYTES: Final = MAX_INVOCATION_BYTES // 4 * 3
"""The maximum size of a body: the event's limit without base64's overhead and some kilobytes of headers. API Gateway
itself refuses longer requests.
"""


def read_delivery(event: Json) -> Delivery:
    """Return the unverified request of a REST API's proxy event; raises UnreadableRequest."""
    event = read_mapping(event)
    method = event.get("httpMethod")
    return Delivery(_headers(event), _body(event), method if isinstance(method, str) else "POST")


def _body(event: Mapping[str, Json]) -> bytes:
    text = event.get("body")
    if not isinstance(text, str):
        return b""
    body = _decode(text) if event.get("isBase64Encoded") is True else text.encode("utf-8", "surrogatepass")
    if len(body) > MAX_BODY_BYTES:
        raise UnreadableRequest(413, "too-large", f"The body is longer than {MAX_BODY_BYTES} bytes.")
    return body


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise UnreadableRequest(400, "not-base64", "The body is not valid base64.") from error


def _headers(event: Mapping[str, Json]) -> dict[str, tuple[str, ...]]:
    """Return distinct values by lower-case name. REST APIs keep the sender's case, and repeat the last value."""
    headers: dict[str, dict[str, None]] = {}
    for name, value in _header_lines(event):
        headers.setdefault(name.lower(), {})[value] = None
    return {name: tuple(values) for name, values in headers.items()}


def _header_lines(event: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    single = [(name, [value]) for name, value in read_mapping(event.get("headers")).items()]
    several = [(name, read_list(values)) for name, values in read_mapping(event.get("multiValueHeaders")).items()]
    for name, values in single + several:
        yield from ((str(name), value) for value in values if isinstance(value, str))


def read_message(body: bytes) -> dict[str, Json]:
    """Return the message, which has a `type`; raises UnreadableRequest.

    The message is the body's `message`, completed by the fields beside it (some shapes have them there), or the body
    itself (older senders).
    """
    message = _parse(body)
    inner = message.get("message")
    if isinstance(inner, dict):
        beside = {name: value for name, value in message.items() if name != "message"}
        message = beside | {name: _with(beside.get(name), value) for name, value in inner.items() if _says(value)}
    if not isinstance(message.get("type"), str) or not message["type"].strip():
        raise UnreadableRequest(400, "no-type", "The message has no type.")
    return message


def _says(value: Json) -> bool:
    return value not in (None, "", [], {})


def _with(beside: Json, value: Json) -> Json:
    """Merge two objects field by field; where both have a value, the message's own counts."""
    if isinstance(beside, dict) and isinstance(value, dict):
        return beside | {name: item for name, item in value.items() if _says(item)}
    return value


def _parse(body: bytes) -> dict[str, Json]:
    try:
        document = json.loads(body)
    except RecursionError as error:
        raise UnreadableRequest(400, "too-deep", "The body is nested too deeply.") from error
    except ValueError as error:  # invalid JSON, invalid UTF-8, or an integer with more digits than Python reads
        raise UnreadableRequest(400, "not-json", "The body is not valid JSON in UTF-8.") from error
    if not isinstance(document, dict):
        raise UnreadableRequest(400, "not-an-object", "The body is not a JSON object.")
    return document
