"""Follow-ups: which calls are to be answered by a person, and what may be done with one (docs/follow-ups.md)."""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any, Final, NamedTuple

from autopulse.domain.answers import plain_name
from autopulse.domain.attempts import Shown
from autopulse.domain.facts import Facts, ReportFacts
from autopulse.domain.structured_answers import names_answer, says_yes_to
from autopulse.json_coercion import Json

MAX_NAME_CHARACTERS: Final = 255
"""The maximum length of an assignee's or an actor's name."""
MAX_CAUSE_CHARACTERS: Final = 100
MAX_NOTE_CHARACTERS: Final = 4_000
MAX_HOURS: Final = 200
"""The most business hours that an organization may take to answer."""


class State(str, Enum):
    """Where a follow-up is."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    DISMISSED = "dismissed"


class Trigger(str, Enum):
    """Why there is a follow-up."""

    SCORE = "score"
    CALLBACK_REQUESTED = "callback_requested"
    ACTION_ITEM = "action_item"
    MANUAL = "manual"


UNANSWERED: Final = (State.OPEN, State.ACKNOWLEDGED)
"""The states in which the clock runs."""
TRANSITIONS: Final[Mapping[State, frozenset[State]]] = {
    State.OPEN: frozenset({State.ACKNOWLEDGED, State.RESOLVED, State.DISMISSED}),
    State.ACKNOWLEDGED: frozenset({State.OPEN, State.RESOLVED, State.DISMISSED}),
    State.RESOLVED: frozenset({State.OPEN}),
    State.DISMISSED: frozenset({State.OPEN}),
}
"""State -> the states that a person may bring it to."""


class FollowUpRules(NamedTuple):
    """What opens a follow-up in this stack."""

    score: int = 6
    """The greatest score that does."""
    action_items: bool = False
    """Whether action items do."""


class BusinessHours(NamedTuple):
    """When an organization works, and how long it takes to answer: the values of one that has set none."""

    time_zone: str = "America/New_York"
    days: tuple[int, ...] = (1, 2, 3, 4, 5)
    """ISO days of the week: 1 is Monday."""
    opens_at: str = "09:00"
    closes_at: str = "17:00"
    hours_to_answer: int = 8
    """Business hours from the opening of a follow-up until it is due."""


DEFAULT_HOURS: Final = BusinessHours()
CALLBACK_NAMES: Final = frozenset(
    map(
        plain_name,
        (
            *("Callback", "Callback requested", "Callback needed", "Callback required", "Callback wanted"),
            *("Request callback", "Requests callback", "Requested callback", "Wants callback", "Wants a callback"),
            *("Needs callback", "Call back", "Call me back", "Customer wants callback", "Customer requested callback"),
        ),
    )
)
"""Plain names of the answers that ask for a callback; docs/follow-ups.md has the list."""


class Wish(NamedTuple):
    """What the report that a call shows calls for."""

    call_id: int
    trigger: Trigger | None = None
    """None: for no follow-up."""
    opened_at: datetime | None = None
    """The report's time."""


def wish_of(call_id: int, shown: Shown, attempts: Mapping[str, Facts], rules: FollowUpRules) -> Wish:
    """What the report that a call shows calls for."""
    report = None if shown.attempt is None else attempts[shown.attempt].report
    trigger = trigger_of(report, rules)
    return Wish(call_id, trigger, report.precedence.at) if report and trigger else Wish(call_id)


def trigger_of(report: ReportFacts | None, rules: FollowUpRules) -> Trigger | None:
    """Why the report that a call shows calls for a follow-up, the strongest reason first; None if it does not."""
    if report is None:
        return None
    if report.nps_score is not None and report.nps_score <= rules.score:
        return Trigger.SCORE
    feedback = report.feedback
    if feedback is None:
        return None
    if asks_for_callback(feedback.structured_data):
        return Trigger.CALLBACK_REQUESTED
    return Trigger.ACTION_ITEM if rules.action_items and feedback.action_items else None


def asks_for_callback(data: Mapping[str, Any] | None) -> bool:
    """Whether an answer of that name says yes, wherever it is in the structured data."""
    return data is not None and says_yes_to(CALLBACK_NAMES, dict(data))


def names_callback(value: Json) -> bool:
    """Whether an answer of that name is anywhere in a value, whatever it says."""
    return names_answer(CALLBACK_NAMES, value)
