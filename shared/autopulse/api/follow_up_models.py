"""The answers about follow-ups, of the read API and of the follow-ups' own function."""

from typing import Any, Literal

from pydantic import ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from autopulse.api.answer_types import Answer, Moment
from autopulse.api.models import Error
from autopulse.domain.follow_ups import MAX_CAUSE_CHARACTERS, MAX_NOTE_CHARACTERS, State


class FollowUp(Answer):
    """What a person has to do about a call."""

    id: int
    call_id: int
    state: str = Field(description="open, acknowledged, resolved or dismissed.")
    trigger: str = Field(description="score, callback_requested, action_item or manual.")
    assignee_id: int | None
    assignee_name: str | None
    cause: str | None
    note: str | None
    opened_at: Moment
    due_at: Moment = Field(description="When the business hours to answer are over.")
    acknowledged_at: Moment | None
    resolved_at: Moment | None = Field(description="When it was resolved or dismissed.")
    overdue: bool = Field(description="Whether it was to be answered by now, and is open or acknowledged.")
    version: int = Field(description="What `If-Match` is to name, in quotes.")


class FollowUpOpening(Answer):
    """The fields that a person may set when opening a follow-up."""

    note: str | None = Field(None, max_length=MAX_NOTE_CHARACTERS)


def _without_defaults(schema: dict[str, Any]) -> None:
    """An omitted field is left unchanged, so null is not its default."""
    for field in schema["properties"].values():
        field.pop("default", None)


class FollowUpChange(Answer):
    """The fields of a follow-up that a person may change, one or several."""

    model_config = ConfigDict(json_schema_extra=_without_defaults)

    state: State | SkipJsonSchema[None] = Field(None, description="To resolve it needs a cause.")
    assignee_id: int | Literal["me"] | None = Field(
        None, description="A user of the organization; `me` is the one that the token names; null is nobody."
    )
    cause: str | None = Field(None, max_length=MAX_CAUSE_CHARACTERS)
    note: str | None = Field(None, max_length=MAX_NOTE_CHARACTERS)


class FollowUpConflict(Error):
    """Why a change was not made, with the current follow-up."""

    follow_up: FollowUp


class ListedFollowUp(FollowUp):
    """A follow-up in a list, with its call."""

    nps_score: int | None
    customer_name: str | None
    phone: str
    vehicle: str | None
    campaign_id: int | None
    campaign_name: str | None
    advisor_id: int | None
    advisor_name: str | None
    content: str | None
    detractors: str | None
    action_items: str | None
    state_set_by: str | None = Field(
        description="The name in the token of who brought it into its state; null if a message opened it."
    )


class FollowUpPage(Answer):
    """A page of follow-ups."""

    items: list[ListedFollowUp]
    next_cursor: str | None = Field(description="Null on the last page.")


class FollowUpEntry(Answer):
    """One change of a follow-up."""

    id: int
    at: Moment
    actor_subject: str | None = Field(description="The token's subject; null if a message opened it.")
    actor_name: str | None = Field(description="The token's name.")
    action: str = Field(description="opened or changed.")
    from_state: str | None
    to_state: str
    changes: dict[str, Any] | None = Field(description="Field -> before and after, for those that changed.")
    note: str | None


class FollowUpDetail(ListedFollowUp):
    """A follow-up with its history."""

    entries: list[FollowUpEntry] = Field(description="The latest 500, the oldest of them first.")


class FollowUpFigures(Answer):
    """Statistics of follow-ups."""

    opened: int
    resolved: int
    dismissed: int
    in_time: int = Field(description="Those that were acknowledged, resolved or dismissed before they were due.")
    in_time_share: float | None = Field(
        description="Of those that were, or whose time is over; null if there are none."
    )
    median_hours_to_acknowledge: float | None = Field(description="Hours by the clock, nights included.")
    median_hours_to_resolve: float | None


class CauseFigures(FollowUpFigures):
    """Statistics of the follow-ups with one cause."""

    cause: str


class AssigneeFigures(FollowUpFigures):
    """Statistics of the follow-ups of one assignee."""

    assignee_id: int | None
    assignee_name: str | None


class FollowUpPeriod(FollowUpFigures):
    """Statistics of the follow-ups that were opened in one period."""

    starts: Moment
    ends: Moment


class AnsweredInTime(Answer):
    """How many detractors (0 to 6) were answered in time, of the follow-ups that were opened in the time span."""

    count: int
    of: int = Field(description="Those that were answered in time, or whose time is over.")
    share: float | None = Field(description="`count` / `of`; null if there are none.")


class NextScore(Answer):
    """The next scores of the same customers: in later calls to the same numbers, after the follow-ups were resolved."""

    of: int = Field(description="Resolved follow-ups of calls with a score, the latest 1,000 of the time.")
    count: int = Field(description="Those whose customer has given another score since.")
    improved: int = Field(description="Those whose next score is higher.")
    median_change: float | None = Field(description="Of the next scores less the ones before; null without any.")


class FollowUpSummary(Answer):
    """How many follow-ups are open now, and statistics of those that were opened in the time span."""

    since: Moment
    until: Moment
    open: int = Field(description="Now, whenever they were opened.")
    acknowledged: int = Field(description="Now.")
    overdue: int = Field(description="Now.")
    answered_in_time: AnsweredInTime
    next_score: NextScore
    total: FollowUpFigures
    causes: list[CauseFigures] = Field(description="Those with the most first; 100 at most.")
    assignees: list[AssigneeFigures] = Field(description="Those with the most first; 100 at most.")
    periods: list[FollowUpPeriod]


def etag_of(version: int) -> str:
    """The `ETag` of a follow-up's version, which a change has to send as `If-Match`."""
    return f'"{version}"'
