"""Follow-ups: which calls need an answer from a person, and the states of a follow-up (docs/follow-ups.md)."""

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
"""The greatest number of business hours that an organization may set as its time to answer."""


class State(str, Enum):
    """The state of a follow-up."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    DISMISSED = "dismissed"


class Trigger(str, Enum):
    """The reason for a follow-up."""

    SCORE = "score"
    CALLBACK_REQUESTED = "callback_requested"
    ACTION_ITEM = "action_item"
    MANUAL = "manual"


UNANSWERED: Final = (State.OPEN, State.ACKNOWLEDGED)
"""The states in which the time to answer runs."""
TRANSITIONS: Final[Mapping[State, frozenset[State]]] = {
    State.OPEN: frozenset({State.ACKNOWLEDGED, State.RESOLVED, State.DISMISSED}),
    State.ACKNOWLEDGED: frozenset({State.OPEN, State.RESOLVED, State.DISMISSED}),
    State.RESOLVED: frozenset({State.OPEN}),
    State.DISMISSED: frozenset({State.OPEN}),
}
"""State -> the states to which a person may change it."""


class FollowUpRules(NamedTuple):
    """The rules for opening follow-ups in this stack."""

    score: int = 6
    """The greatest score that opens one."""
    action_items: bool = False
    """Whether action items open one."""


class BusinessHours(NamedTuple):
    """An organization's working hours and time to answer; the defaults apply to an organization that has set none."""

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
"""Plain names of the answers that request a callback; docs/follow-ups.md has the list."""


class Wish(NamedTuple):
    """The follow-up that a call's shown report requires."""

    call_id: int
    trigger: Trigger | None = None
    """The reason; None if no follow-up is required."""
    opened_at: datetime | None = None
    """The time of the report."""


def wish_of(call_id: int, shown: Shown, attempts: Mapping[str, Facts], rules: FollowUpRules) -> Wish:
    """The follow-up that a call's shown report requires."""
    report = None if shown.attempt is None else attempts[shown.attempt].report
    trigger = trigger_of(report, rules)
    return Wish(call_id, trigger, report.precedence.at) if report and trigger else Wish(call_id)


def trigger_of(report: ReportFacts | None, rules: FollowUpRules) -> Trigger | None:
    """The strongest reason for a follow-up in a call's shown report; None if there is none."""
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
    """Whether any such answer in the structured data is yes, at any depth."""
    return data is not None and says_yes_to(CALLBACK_NAMES, dict(data))


def names_callback(value: Json) -> bool:
    """Whether a value contains such an answer at any depth, whatever its value."""
    return names_answer(CALLBACK_NAMES, value)
