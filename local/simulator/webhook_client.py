"""Post webhooks as Vapi does: compact JSON, signed."""

import hashlib
import hmac
import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

TIMEOUT_SECONDS: Final = 20
"""Vapi's default timeout in seconds."""


@dataclass(frozen=True)
class Answer:
    """An answer of the webhook URL."""

    status: int
    body: str

    @property
    def event_id(self) -> str | None:
        """Id of the receipt that an accepted webhook gets."""
        return read_object(self.body).get("event_id")

    @property
    def verdict(self) -> str:
        """The answer's status field, such as `accepted` or `ignored`."""
        return str(read_object(self.body).get("status", ""))


def encode(body: Mapping[str, Any]) -> bytes:
    """Return the bytes that are sent and signed."""
    return json.dumps(body, separators=(",", ":")).encode()


def sign(secret: str, content: bytes) -> dict[str, str]:
    """Return the headers of a webhook whose credential is an HMAC over the body."""
    return {"X-Vapi-Signature": hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()}


def post(url: str, content: bytes, headers: Mapping[str, str]) -> Answer:
    """Post once; raises OSError or http.client.HTTPException if nothing answers."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("POST", parts.path, content, {"Content-Type": "application/json", **headers})
        response = connection.getresponse()
        return Answer(response.status, response.read().decode(errors="replace"))
    finally:
        connection.close()


def read_object(text: str) -> dict[str, Any]:
    """Return the JSON object in a text, or an empty one."""
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
