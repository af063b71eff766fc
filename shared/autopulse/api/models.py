"""The answers of the read API. Times are UTC, names of durations have the unit, null means not known."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from autopulse.api.answer_types import Answer, Dollars, Elsewhere, Moment, Offered, RecordingCopy
from autopulse.api.matches import FoundMatch
from autopulse.api.quality_models import Quality, told


class ErrorDetail(Answer):
    """The code and the message of an error, and the field that it is about."""

    code: str = Field(description="A code for programs, such as `not_found`.")
    message: str = Field(description="A message for people, in whole sentences.")
    field: str | None = Field(None, description="The name of the parameter or field that is wrong, if there is one.")


class Error(Answer):
    """The body of every response with an error."""

    error: ErrorDetail


class CallFields(Answer):
    """The fields of a call in a list and in a file."""

    id: int
    vapi_call_id: str | None
    status: str
    outcome: str | None
    ended_reason: str | None
    direction: str = Field(description="outbound, inbound or web.")
    demo: bool
    customer_name: str | None
    phone: str
    vehicle: str | None
    service: str | None
    campaign_id: int | None
    campaign_name: str | None
    advisor_id: int | None
    advisor_name: str | None
    start_time: Moment | None
    end_time: Moment | None
    duration_seconds: int | None
    nps_score: int | None
    reason: str | None = Field(
        description="The key of what went wrong, as in `reasons` of the feedback summary; null if nothing went wrong."
    )
    has_recording: Offered
    attempt_count: int = Field(
        description="The number of attempts, each one call at Vapi; 0 if Vapi has sent no message about the call."
    )
    attempt_number: int | None = Field(
        description=(
            "The number of the attempt whose data the call shows, from 1; 0 for what the application wrote before"
            " Vapi's first message."
        )
    )
    reported_by: str | None = Field(
        description=(
            "How the report was received: webhook, or reconciliation if it was requested from Vapi; null without a"
            " report."
        )
    )
    reconciliation: str | None = Field(
        description=(
            "Why no report will come: missing (Vapi has no such call) or unrecoverable (Vapi no longer has it); null"
            " if there is a report, or if one may still come."
        )
    )
    complaint: str | None = Field(description="The first line of the customer's complaints; at most 200 characters.")
    gist: str | None = Field(
        description="The summary in one line or, if there is none, the content of the feedback; at most 200 characters."
    )
    updated_at: Moment | None = Field(
        description=(
            "When the call's row was created or last changed; lists sort a call by it if it has neither start nor end."
        )
    )


class Call(CallFields):
    """A call in a list."""

    match: FoundMatch = None


class CallCount(Answer):
    """The number of calls that match."""

    count: int
    is_all: bool = Field(
        description=(
            "Whether `count` is the exact number; false if counting stopped at the maximum and more calls match."
        )
    )


class Me(Answer):
    """The organization of the principal's token."""

    organization_id: str
    organization_name: str | None = Field(description="The name; null if the application has no such organization.")
    user_id: int | None = Field(description="The id of the token's user in the organization; null if it is not known.")
    advisor_id: int | None = Field(
        description=(
            "The user id of the only service advisor whose calls the token may read; null if it may read all calls of"
            " the organization."
        )
    )
    may_write: bool = Field(description="Whether the principal may change follow-ups.")


class CallPage(Answer):
    """Calls in the order in which they began."""

    items: list[Call]
    next_cursor: str | None = Field(description="The value of `cursor` for the next page; null on the last page.")


class Feedback(Answer):
    """The customer's feedback. Lists are texts with one item per line."""

    content: str
    positives: str | None
    detractors: str | None
    action_items: str | None
    structured_data: dict[str, Any] | None
    created_at: Moment | None
    updated_at: Moment | None


class ServiceRecord(Answer):
    """The visit that the call was about."""

    id: int
    customer_name: str
    phone: str
    vehicle: str | None
    service: str | None
    status: str
    appointment: Moment | None
    feedback: str | None
    rating: int | None


class Incident(Answer):
    """An event during the call that did not end it, such as a stall."""

    kind: str
    occurred_at: Moment


class Event(Answer):
    """A webhook about the call."""

    event_id: str
    kind: str
    type: str
    vapi_call_id: str | None = Field(
        description=(
            "Vapi's id of the attempt that the message is about; null if the message has only this API's id of the"
            " call."
        )
    )
    occurred_at: Moment | None
    received_at: Moment
    processed_at: Moment
    delivery_ms: int | None = Field(description="The time from `occurred_at` to `received_at` in milliseconds.")
    processing_ms: int = Field(description="The time from `received_at` to `processed_at` in milliseconds.")
    status: str | None = Field(description="The status that the message gave the call; null if it gave none.")
    outcome: str
    origin: str = Field(description="webhook, or reconciliation if the message was requested from Vapi.")
    repeats: int


class AttemptFeedback(Answer):
    """The feedback of one attempt. Lists are texts with one item per line."""

    content: str
    positives: str | None = None
    detractors: str | None = None
    action_items: str | None = None
    structured_data: dict[str, Any] | None = None


class Attempt(Answer):
    """One attempt: one call at Vapi."""

    number: int = Field(
        description=(
            "Its number in the order in which the attempts began, from 1; 0 for what the application wrote before"
            " Vapi's first message."
        )
    )
    vapi_call_id: str | None
    shown: bool = Field(description="Whether the call shows the data of this attempt.")
    status: str | None
    began_at: Moment | None = Field(description="When Vapi created the attempt, or first reported it.")
    start_time: Moment | None
    end_time: Moment | None
    duration_seconds: int | None
    outcome: str | None
    ended_reason: str | None
    nps_score: int | None
    has_recording: Offered
    recording_elsewhere: Elsewhere
    recording_copy: RecordingCopy
    cost_dollars: Dollars | None
    call_reason: str | None
    summary: str | None
    feedback: AttemptFeedback | None
    customer_name: str | None = Field(description="The customer's name at Vapi.")
    phone: str | None
    customer_sip_uri: str | None
    reported_by: str | None = Field(description="How its report was received, as `reported_by` of the call.")
    reconciliation: str | None = Field(description="Why it will have no report, as `reconciliation` of the call.")
    quality: Annotated[Quality | None, AfterValidator(told)] = Field(
        description="The technical data of the attempt; null if its report had none."
    )


class RelatedCall(Answer):
    """Another call about the same visit, such as a customer's call back."""

    id: int
    direction: str = Field(description="outbound, inbound or web.")
    status: str
    outcome: str | None
    nps_score: int | None
    start_time: Moment | None
    end_time: Moment | None
    duration_seconds: int | None


class CallDetail(CallFields):
    """A call with all its data."""

    recording_elsewhere: Elsewhere
    recording_copy: RecordingCopy
    attempts: list[Attempt] = Field(description="The latest 100 attempts, in the order in which they began.")
    cost_dollars: Dollars | None
    quality: Quality | None = Field(
        description="The technical data of the attempt that the call shows; null if there are none."
    )
    call_reason: str | None
    summary: str | None
    feedback: Feedback | None
    service_record: ServiceRecord | None
    related_calls: list[RelatedCall] = Field(description="Other calls about the same visit, latest first; at most 20.")
    incidents: list[Incident]
    timeline: list[Event] = Field(description="The first 1,000 webhooks about the call, in the order of their receipt.")


class Turn(Answer):
    """A spoken turn, a tool call or a tool's result."""

    speaker: str
    text: str
    at: Moment
    seconds: float | None = Field(description="Seconds since the start of the call; null if the start is not known.")


class Transcript(Answer):
    """An attempt's turns, in order."""

    call_id: int
    attempt: int | None = Field(
        description="The number of the attempt whose turns these are; null if there is no attempt yet."
    )
    vapi_call_id: str | None = Field(description="Vapi's id of the attempt.")
    source: str | None = Field(
        description=(
            "The best source of the turns: report, conversation or fragment; null if the application wrote them, or if"
            " there are none yet."
        )
    )
    start_time: Moment | None
    turns: list[Turn] = Field(description="The first 5,000 turns.")


class Recording(Answer):
    """The URL from which the recording can be played, without a token."""

    url: str
    expires_at: Moment | None = Field(description="When the URL expires; null if that is not known.")


class KeptRecording(Answer):
    """The stored data of a recording, which may be unplayable."""

    url: str | None
    expires_at: Moment | None
    state: str | None = None
    object_key: str | None = None
    content_type: str | None = None
    stored_at: Moment | None = None


class Ping(Answer):
    """A ping that was stored in the database."""

    event_id: str
    occurred_at: Moment | None
    received_at: Moment
    processed_at: Moment
    delivery_ms: int | None = Field(description="The time from `occurred_at` to `received_at` in milliseconds.")
    processing_ms: int = Field(description="The time from `received_at` to `processed_at` in milliseconds.")
    repeats: int


class FeedbackItem(Answer):
    """Feedback of one call."""

    call_id: int
    start_time: Moment | None
    end_time: Moment | None
    duration_seconds: int | None
    outcome: str | None
    direction: str = Field(description="outbound, inbound or web.")
    demo: bool
    customer_name: str | None
    phone: str
    vehicle: str | None
    service: str | None
    campaign_id: int | None
    campaign_name: str | None
    advisor_id: int | None
    advisor_name: str | None
    nps_score: int | None
    nps_category: str | None = Field(description="promoter, passive or detractor; null without a score that counts.")
    reason: str | None = Field(
        description="The key of what went wrong, as in `reasons` of the feedback summary; null if nothing went wrong."
    )
    content: str
    positives: str | None
    detractors: str | None
    action_items: str | None
    updated_at: Moment | None = Field(
        description=(
            "When the call's row was created or last changed; lists sort a call by it if it has neither start nor end."
        )
    )


class FeedbackPage(Answer):
    """Feedback in the order in which the calls began."""

    items: list[FeedbackItem]
    next_cursor: str | None = Field(description="The value of `cursor` for the next page; null on the last page.")


class Tally(Answer):
    """The numbers of calls, and of their scores."""

    calls: int = Field(description="The number of calls that began, with any outcome.")
    tried: int = Field(
        description="Calls that ended and were not cancelled, whether or not an ended reason or a report was received."
    )
    reached: int = Field(description="Calls that a person answered: the outcome is reached or transferred.")
    reach_rate: float | None = Field(description="`reached` / `tried`, from 0 to 1; null if `tried` is 0.")
    responses: int = Field(
        description="The number of scores from 0 to 10 in reached calls: the sample size of the NPS."
    )
    response_rate: float | None = Field(description="`responses` / `reached`, from 0 to 1; null if `reached` is 0.")
    promoters: int
    passives: int
    detractors: int
    nps: float | None = Field(description="The Net Promoter Score, from -100 to 100; null without a response.")
    nps_low: float | None = Field(description="The lower end of the 95 % confidence interval of the NPS.")
    nps_high: float | None = Field(description="The upper end of the 95 % confidence interval of the NPS.")
    average_duration_seconds: float | None = Field(
        description="The average duration in seconds of reached calls whose duration is known."
    )


class PeriodTally(Tally):
    """The numbers of one period; `from` and `to` may shorten the first and the last one."""

    starts: Moment
    ends: Moment


class GroupTally(Tally):
    """The numbers of one campaign or advisor; `key` is the value of that filter, null for calls without one."""

    key: str | None
    name: str | None


class ReasonCount(Answer):
    """The number of calls with one reason."""

    key: str = Field(description="The value of the filter `reason`.")
    label: str
    count: int


class FeedbackSummary(Answer):
    """Statistics of calls and their feedback."""

    since: Moment
    until: Moment
    total: Tally
    outcomes: dict[str, int] = Field(description="Outcome -> number of calls; calls without an outcome are left out.")
    scores: list[int] = Field(
        description="The number of responses with each score from 0 to 10; their sum is `responses`."
    )
    periods: list[PeriodTally]
    groups: list[GroupTally] = Field(description="The 200 campaigns or advisors with the most calls.")
    reasons: list[ReasonCount] = Field(
        description=(
            "What went wrong, the most frequent reason first. A call has at most one reason, so their sum is the"
            " number of calls with `reason=any`."
        )
    )
