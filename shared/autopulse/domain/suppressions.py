"""Suppressed numbers, and other obstacles to calling a number (docs/vapi.md, "Before a call")."""

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

from autopulse.domain.answers import plain_name
from autopulse.domain.structured_answers import names_answer, says_yes_to

MAX_REASON_CHARACTERS: Final = 200
MAX_CHECKED: Final = 100
"""The maximum number of numbers in one request."""
ASKED_IN_A_CALL: Final = "asked for it in a call"
"""The reason of a suppression that a report has made."""


class Source(str, Enum):
    """The origin of a suppression."""

    STRUCTURED_OUTPUT = "structured_output"
    OPERATOR = "operator"
    API = "api"


class Obstacle(str, Enum):
    """The reason why a number may not be called now; if there are several, the first in this order is given."""

    SUPPRESSED = "suppressed"
    IN_CALL = "in_call"
    """A call with the number is in progress."""
    ASKED_LATELY = "asked_lately"
    """The customer was reached, or gave a score, within the pause."""
    ANSWERED = "answered"
    """A score was given for the visit."""


OPT_OUT_NAMES: Final = frozenset(
    map(
        plain_name,
        (
            *("Do not call", "Don't call", "Do not call again", "Do not contact", "Don't contact", "DNC", "Never call"),
            *("Do not call requested", "Do not call request", "Requested do not call", "Remove from call list"),
            *("Opt out", "Opted out", "Opt out requested", "Opt out request", "Requests opt out", "Wants opt out"),
            *("Wants to opt out", "Asked to opt out", "Unsubscribe", "Stop calling"),
        ),
    )
)
"""Plain names of the answers that request no more calls; docs/vapi.md has the list."""


def asks_for_no_calls(data: Mapping[str, Any] | None) -> bool:
    """Whether any such answer in the structured data is yes, at any depth."""
    return data is not None and says_yes_to(OPT_OUT_NAMES, dict(data))


def names_opt_out(value: Any) -> bool:  # noqa: ANN401 - any JSON
    """Whether a value contains such an answer at any depth, whatever its value."""
    return names_answer(OPT_OUT_NAMES, value)
