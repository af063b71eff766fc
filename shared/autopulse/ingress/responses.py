"""The responses of the verifier."""

from typing import Final

from autopulse.errors import Refused, Transient, UnreadableRequest
from autopulse.http import Response, answer, answer_error

_UNAUTHORIZED: Final = "The request does not carry an accepted credential."
_UNAVAILABLE: Final = "The webhook cannot be taken at the moment; send it again later."


def accepted(event_id: str) -> Response:
    """The response to a webhook that is in its queue."""
    return answer(200, {"status": "accepted", "event_id": event_id})


def ignored() -> Response:
    """The response to a webhook of a type that is not processed."""
    return answer(200, {"status": "ignored"})


def refusal(problem: UnreadableRequest | Refused | Transient) -> Response:
    """The response to a refused request. All of them have the same body, so that a sender cannot probe the check."""
    if isinstance(problem, UnreadableRequest):
        return answer_error(problem.status, problem.detail)
    return answer_error(401, _UNAUTHORIZED) if isinstance(problem, Refused) else answer_error(503, _UNAVAILABLE)
