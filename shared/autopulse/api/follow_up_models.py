"""The answers about follow-ups, of the read API and of the follow-ups' own function."""

from typing import Any, Literal

from pydantic import ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from autopulse.api.answer_types import Answer, Moment
from autopulse.api.models import Error
from autopulse.domain.follow_ups import MAX_CAUSE_CHARACTERS, MAX_NOTE_CHARACTERS, State


class FollowUp(Answer):
    """A task that a person has to do about a call."""

    id: int
    call_id: int
    state: str = Field(description="The state: open, acknowledged, resolved or dismissed.")
    trigger: str = Field(description="Why it was opened: score, callback_requested, action_item or manual.")
    assignee_id: int | None
    assignee_name: str | None
    cause: str | None
    note: str | None
    opened_at: Moment
    due_at: Moment = Field(
        description=(
            "The time by which it has to be acknowledged, resolved or dismissed; only business hours count towards it."
        )
    )
    acknowledged_at: Moment | None
    resolved_at: Moment | None = Field(description="When it was resolved or dismissed.")
    overdue: bool = Field(description="Whether it is past due, and still open or acknowledged.")
    version: int = Field(description="The version, which `If-Match` of a change has to name in quotes.")


class FollowUpOpening(Answer):
    """The fields that a person may set when opening a follow-up."""

    note: str | None = Field(None, max_length=MAX_NOTE_CHARACTERS)


def _without_defaults(schema: dict[str, Any]) -> None:
    """An omitted field is left unchanged, so null is not its default."""
    for field in schema["properties"].values():
        field.pop("default", None)


class FollowUpChange(Answer):
    """A change of a follow-up: one or more of these fields."""

    model_config = ConfigDict(json_schema_extra=_without_defaults)

    state: State | SkipJsonSchema[None] = Field(None, description="The new state; `resolved` requires a cause.")
    assignee_id: int | Literal["me"] | None = Field(
        None, description="The id of a user of the organization, `me` for the token's user, or null for no assignee."
    )
    cause: str | None = Field(None, max_length=MAX_CAUSE_CHARACTERS)
    note: str | None = Field(None, max_length=MAX_NOTE_CHARACTERS)


class FollowUpConflict(Error):
    """The error that prevented a change, and the current follow-up."""

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
        description="The name of the person who set the state, from the token; null if a message opened the follow-up."
    )


class FollowUpPage(Answer):
    """A page of follow-ups."""

    items: list[ListedFollowUp]
    next_cursor: str | None = Field(description="The value of `cursor` for the next page; null on the last page.")


class FollowUpEntry(Answer):
    """One change of a follow-up."""

    id: int
    at: Moment
    actor_subject: str | None = Field(
        description="The subject of the person's token; null if a message opened the follow-up."
    )
    actor_name: str | None = Field(description="The person's name, from the token; null if there is none.")
    action: str = Field(description="The action: opened or changed.")
    from_state: str | None
    to_state: str
    changes: dict[str, Any] | None = Field(description="Changed field -> its values before and after.")
    note: str | None


class FollowUpDetail(ListedFollowUp):
    """A follow-up with its history."""

    entries: list[FollowUpEntry] = Field(description="The latest 500 entries, the oldest of them first.")


class FollowUpFigures(Answer):
    """Statistics of follow-ups."""

    opened: int
    resolved: int
    dismissed: int
    in_time: int = Field(
        description="The number of follow-ups that were acknowledged, resolved or dismissed by their due time."
    )
    in_time_share: float | None = Field(
        description=(
            "`in_time` / the number that were answered in time or are past due, from 0 to 1; null if there are none."
        )
    )
    median_hours_to_acknowledge: float | None = Field(
        description="The median time from opening to acknowledgement in hours, including those outside business hours."
    )
    median_hours_to_resolve: float | None = Field(
        description="The median time from opening to resolution or dismissal in hours, counted in the same way."
    )


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
    """Follow-ups of detractors (0 to 6) that were opened in the time span, and how many were answered in time."""

    count: int = Field(description="The number that were answered in time.")
    of: int = Field(description="The number that were answered in time or are past due.")
    share: float | None = Field(description="`count` / `of`, from 0 to 1; null if `of` is 0.")


class NextScore(Answer):
    """The next scores of the same customers: in later calls to the same numbers, after the follow-ups were resolved."""

    of: int = Field(
        description="The number of resolved follow-ups whose call has a score: the latest 1,000 of the time span."
    )
    count: int = Field(description="The number of these whose customer has given another score since.")
    improved: int = Field(description="The number of these whose next score is higher.")
    median_change: float | None = Field(
        description="The median of the differences between the next score and the previous one; null if there are none."
    )


class FollowUpSummary(Answer):
    """The number of follow-ups that are open now, and statistics of those that were opened in the time span."""

    since: Moment
    until: Moment
    open: int = Field(description="The number of follow-ups that are open now, whenever they were opened.")
    acknowledged: int = Field(description="The number that are acknowledged now, whenever they were opened.")
    overdue: int = Field(description="The number of these open or acknowledged follow-ups that are past due now.")
    answered_in_time: AnsweredInTime
    next_score: NextScore
    total: FollowUpFigures
    causes: list[CauseFigures] = Field(description="At most 100 causes, the one with the most follow-ups first.")
    assignees: list[AssigneeFigures] = Field(
        description="At most 100 assignees, the one with the most follow-ups first."
    )
    periods: list[FollowUpPeriod]


def etag_of(version: int) -> str:
    """The `ETag` of a follow-up's version, which a change has to send as `If-Match`."""
    return f'"{version}"'
