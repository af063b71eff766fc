"""Ask the callers' function for answers that Vapi waits for; Vapi gets an answer in time even if the function fails.

Vapi's timeout for an `assistant-request` is 7.5 s. Our answer comes within 5 s of the request: up to one second has
passed before, one second is for the connection to the function and 2.5 s for its answer, and half a second is for a
kept connection that turns out to be closed.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from autopulse.aws import AWS_ERRORS, name_of
from autopulse.json_coercion import Json, read_call_id, read_mapping, read_text
from autopulse.vapi import routes
from autopulse.vapi.questions import (
    ASSISTANT_REQUEST,
    PREDIAL,
    Question,
    phone_number_id_of,
    question_of,
    with_assistant,
    with_destination,
    with_eligibility,
)

if TYPE_CHECKING:
    from autopulse.aws import Lambda

READ_SECONDS: Final = 2.5
LATE_SECONDS: Final = 1.0
"""A request that is older than this, in seconds, is answered without calling the function."""
MAX_KEPT: Final = 1_000
KEPT_SECONDS: Final = 3_600
UNAVAILABLE: Final = "unavailable"
UNKNOWN_ASSISTANT: Final = "no_assistant"


class Asked(NamedTuple):
    """The answer to Vapi, and the reason by which it is counted."""

    answer: Json
    reason: str
    cause: str | None = None
    """The reason why the function gave no answer; None if it gave one."""


class Callers:
    """The client of the callers' function, with the assistants that it named last."""

    def __init__(self, function: str, client: "Lambda | None", assistant_id: str) -> None:
        """`function` is its ARN, or empty; `assistant_id` answers calls to numbers with no assistant of their own."""
        self._function, self._client, self._default = function, client, assistant_id
        self._known: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self.clock: Callable[[], float] = time.monotonic

    def answer(self, message: Mapping[str, Json], seconds: float, token_of: Callable[[int], str | None]) -> Asked:
        """Answer a message of a type that `question_of` reads; `seconds` is the time since the request arrived.

        `token_of` returns the token for our call id; some stacks require it in the call's webhooks.
        """
        question = question_of(message) or {}
        told, cause = self._ask(question) if seconds <= LATE_SECONDS else (None, "late")
        if message["type"] == ASSISTANT_REQUEST:
            return self._assistant(message, told, cause, token_of)
        if message["type"] == PREDIAL:
            reason = UNAVAILABLE if told is None else read_text(told.get("reason")) or UNAVAILABLE
            return Asked(with_eligibility(eligible=told is not None and told.get("eligible") is True), reason, cause)
        number = read_text(told.get("number")) if told is not None else None
        if number:
            return Asked(with_destination(number), "transferred")
        return Asked(_refusal(message), UNAVAILABLE if told is None else "no_number", cause)

    def _ask(self, question: Question) -> tuple[Mapping[str, Json] | None, str | None]:
        """Return the function's answer, or the reason why there is none."""
        if not self._function or self._client is None:
            return None, "not-configured"
        try:
            told = read_mapping(self._client.invoke(self._function, question))
        except AWS_ERRORS as error:
            return None, name_of(error)
        error_told = read_text(told.get("error"))
        return (None, error_told) if error_told or not told else (told, None)

    def _assistant(
        self,
        message: Mapping[str, Json],
        told: Mapping[str, Json] | None,
        cause: str | None,
        token_of: Callable[[int], str | None],
    ) -> Asked:
        number_id = phone_number_id_of(message) or ""
        if told is None:
            recalled = self._recall(number_id)
            assistant_id = self._default if recalled is None else recalled
            if assistant_id:
                return Asked(with_assistant(assistant_id, {}), UNAVAILABLE, cause)
            return Asked(_refusal(message), UNAVAILABLE, cause)
        found = read_text(told.get("assistant_id")) or ""
        self._keep(number_id, found)
        if not found:
            return Asked(_refusal(message), UNKNOWN_ASSISTANT)
        return Asked(with_assistant(found, _variables(told, token_of)), read_text(told.get("caller")) or "unknown")

    def _keep(self, number_id: str, assistant_id: str) -> None:
        if number_id:
            self._known[number_id] = (assistant_id, self.clock())
            self._known.move_to_end(number_id)
            if len(self._known) > MAX_KEPT:
                self._known.popitem(last=False)

    def _recall(self, number_id: str) -> str | None:
        """The assistant that was named last; empty if none was, None if nothing is known."""
        assistant_id, kept_at = self._known.get(number_id, (None, 0.0))
        return assistant_id if self.clock() - kept_at < KEPT_SECONDS else None


def _variables(told: Mapping[str, Json], token_of: Callable[[int], str | None]) -> dict[str, str]:
    given = read_mapping(told.get("variables"))
    variables = {name: value for name, value in given.items() if isinstance(value, str)}
    call_id = read_call_id(told.get("call_id"))
    token = None if call_id is None else token_of(call_id)
    return variables if token is None else variables | {"call_token": token}


def _refusal(message: Mapping[str, Json]) -> Json:
    return routes.ANSWERS[message["type"]](message)
