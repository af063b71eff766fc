"""Answers of a server, and the faults that a test injects."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

_WORDS: Final = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 429: "Too Many Requests"}
HUGE: Final = 2_000_000_000
"""Body size in bytes."""
NOTHING: Final = 0
"""Status for no answer at all: the connection is closed."""
JSON: Final = "application/json"


@dataclass(frozen=True)
class Answer:
    """Status and body of an answer: JSON, or bytes that are sent unchanged."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = JSON
    seconds: float = 0
    """Seconds before the answer begins."""
    pause: float = 0
    """Seconds after each piece of 1,000 bytes of the body."""
    length: int | None = None
    """Length to which the body is repeated or cut while it is sent; the whole is never in memory."""

    @property
    def content(self) -> bytes:
        """The body before it is repeated."""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass(frozen=True)
class Fault(Answer):
    """An answer that replaces the real one."""

    path: str = ""
    """Prefix of the path of the requests that it applies to; empty for all requests to the API."""
    times: int | None = 1
    """Number of requests that get this answer; None for all."""


def error(status: int, message: str | list[str], **headers: str) -> Answer:
    """Return an error in Vapi's form."""
    return Answer(status, _refusal(status, message), headers)


def rate_limited(retry_after: str | None = "0", path: str = "", times: int | None = 1) -> Fault:
    """Return Vapi's answer beyond the rate limit."""
    headers = {"Retry-After": retry_after} if retry_after is not None else {}
    status = HTTPStatus.TOO_MANY_REQUESTS
    return Fault(status, _refusal(status, "Rate limit exceeded"), headers, path=path, times=times)


def broken(status: int = 500, path: str = "", times: int | None = 1) -> Fault:
    """Return a transient error of Vapi."""
    return Fault(status, _refusal(status, "Internal server error"), path=path, times=times)


def endless(path: str = "", times: int | None = 1) -> Fault:
    """Return a body of 2 GB that begins like the record of a call."""
    return Fault(200, b'{"id": "' + b"0" * 65_528, path=path, times=times, length=HUGE)


def fault_from(given: Mapping[str, Any]) -> Fault:
    """Read a fault from the control endpoint: the fields of `Fault`, and `text` for a body that is not JSON."""
    fields = dict(given)
    text = fields.pop("text", None)
    return Fault(**fields) if text is None else Fault(**fields, body=str(text).encode())


def _refusal(status: int, message: str | list[str]) -> dict[str, Any]:
    return {"message": message, "error": _WORDS.get(status, "Error"), "statusCode": int(status)}
