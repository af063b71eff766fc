"""What a server answers, and the faults that a test orders."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

_WORDS: Final = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 429: "Too Many Requests"}
HUGE: Final = 2_000_000_000
"""Bytes."""
NOTHING: Final = 0
"""Status of an answer that never comes: the connection is closed instead."""
JSON: Final = "application/json"


@dataclass(frozen=True)
class Answer:
    """A status and a body: JSON, or bytes that are sent as they are."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = JSON
    seconds: float = 0
    """Before the answer begins."""
    pause: float = 0
    """Seconds after each piece of 1,000 bytes of the body."""
    length: int | None = None
    """Length of the body, which is repeated or cut for it, and never in memory as a whole."""

    @property
    def content(self) -> bytes:
        """The body as it is sent, before it is repeated."""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass(frozen=True)
class Fault(Answer):
    """An answer that is given instead of the real one."""

    path: str = ""
    """What the path of a request begins with, to be answered so. Empty: every request to the API."""
    times: int | None = 1
    """How many requests are answered so; None: all."""


def error(status: int, message: str | list[str], **headers: str) -> Answer:
    """A refusal in Vapi's form."""
    return Answer(status, _refusal(status, message), headers)


def rate_limited(retry_after: str | None = "0", path: str = "", times: int | None = 1) -> Fault:
    """What too many requests are answered."""
    headers = {"Retry-After": retry_after} if retry_after is not None else {}
    status = HTTPStatus.TOO_MANY_REQUESTS
    return Fault(status, _refusal(status, "Rate limit exceeded"), headers, path=path, times=times)


def broken(status: int = 500, path: str = "", times: int | None = 1) -> Fault:
    """A passing fault of Vapi's."""
    return Fault(status, _refusal(status, "Internal server error"), path=path, times=times)


def endless(path: str = "", times: int | None = 1) -> Fault:
    """A body of 2 GB that begins like the record of a call."""
    return Fault(200, b'{"id": "' + b"0" * 65_528, path=path, times=times, length=HUGE)


def fault_from(given: Mapping[str, Any]) -> Fault:
    """Read a fault as the control endpoint gets it: the fields of `Fault`, and `text` for a body that is no JSON."""
    fields = dict(given)
    text = fields.pop("text", None)
    return Fault(**fields) if text is None else Fault(**fields, body=str(text).encode())


def _refusal(status: int, message: str | list[str]) -> dict[str, Any]:
    return {"message": message, "error": _WORDS.get(status, "Error"), "statusCode": int(status)}
