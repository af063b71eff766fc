"""What the verifier answers, in the form of API Gateway's proxy integration."""

import json
from typing import Any, Final

from autopulse.domain.reading import Json
from autopulse.errors import Refused, Transient
from autopulse.ingress.request import UnreadableRequest

Response = dict[str, Any]

CODES: Final = {400: "bad_request", 401: "unauthorized", 413: "payload_too_large", 503: "unavailable"}
_UNAUTHORIZED: Final = "The request does not carry an accepted credential."
_UNAVAILABLE: Final = "The webhook cannot be taken at the moment; send it again later."


def accepted(event_id: str) -> Response:
    """Return: it is in the queue."""
    return answer({"status": "accepted", "event_id": event_id})


def ignored() -> Response:
    """Return: it is of a type that nobody here reads."""
    return answer({"status": "ignored"})


def answer(body: Json, status: int = 200) -> Response:
    """Return any JSON."""
    headers = {"content-type": "application/json"}
    return {"statusCode": status, "headers": headers, "body": json.dumps(body), "isBase64Encoded": False}


def refusal(problem: UnreadableRequest | Refused | Transient) -> Response:
    """Return what the sender may know: all refused requests get the same body, so that nobody can probe the check."""
    if isinstance(problem, UnreadableRequest):
        return _error(problem.status, problem.detail)
    return _error(401, _UNAUTHORIZED) if isinstance(problem, Refused) else _error(503, _UNAVAILABLE)


def _error(status: int, text: str) -> Response:
    return answer({"error": {"code": CODES[status], "message": text}}, status)
