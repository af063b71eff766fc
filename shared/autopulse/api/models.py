"""The answers of the read API. Times are UTC, names of durations have the unit, null means not known."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from autopulse.api.answer_types import Answer, Dollars, Elsewhere, Moment, Offered, RecordingCopy
from autopulse.api.matches import FoundMatch
from autopulse.api.quality_models import Quality, told


class ErrorDetail(Answer):
    """The description of the fault."""

    code: str = Field(description="A word for programs.")
    message: str = Field(description="A sentence for people.")
    field: str | None = Field(None, description="The parameter that is wrong, if one is.")


class Error(Answer):
    """The body of every error answer."""

    error: ErrorDetail


class CallFields(Answer):
    """The fields of a call in a list and in a file."""

    id: int
    vapi_call_id: str | None
    status: str
    outcome: str | None
    ended_reason: str | None
    direction: str = Field(description="outbound, inbound, or web.")
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
    reason: str | None = Field(description="The key of what went wrong, as the summary has it; null if nothing did.")
    has_recording: Offered
    attempt_count: int = Field(description="How many calls of Vapi's it has been; 0 if Vapi has said nothing of it.")
    attempt_number: int | None = Field(
        description="The attempt that all of this is of: from 1, or 0 for what was there before Vapi's first message."
    )
    reported_by: str | None = Field(
        description="How the report came: webhook, or reconciliation if Vapi was asked for it; null without a report."
    )
    reconciliation: str | None = Field(
        description="Why no report will come: Vapi has no such call (missing), or keeps it no longer (unrecoverable)."
    )
    complaint: str | None = Field(description="What the customer complained of first; at most 200 characters.")
    gist: str | None = Field(description="The summary in one line, else what was said; at most 200 characters.")
    updated_at: Moment | None = Field(
        description="When the call was made or last changed; its place in the list, if it has no time."
    )


class Call(CallFields):
    """A call in a list."""

    match: FoundMatch = None


class CallCount(Answer):
    """The number of calls that match."""

    count: int
    is_all: bool = Field(description="False: there are more than `count`, which is the most that is counted.")


class Me(Answer):
    """The organization of the principal's token."""

    organization_id: str
    organization_name: str | None = Field(description="Null if the application has no such organization.")
    user_id: int | None = Field(description="The organization's user that the principal is; null if nobody can say.")
    advisor_id: int | None = Field(
        description="The service advisor whose calls alone the token shows; null if it shows all of the organization."
    )
    may_write: bool = Field(description="Whether the principal may change follow-ups.")


class CallPage(Answer):
    """Calls in the order in which they began."""

    items: list[Call]
    next_cursor: str | None = Field(description="Hand it back as `cursor` for the next page; null on the last one.")


class Feedback(Answer):
    """The customer's feedback. Lists are lines of text."""

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
    """A webhook about the call. `delivery_ms`: from the sender to us; `processing_ms`: from us to the database."""

    event_id: str
    kind: str
    type: str
    vapi_call_id: str | None = Field(description="Of the attempt that it tells of; null if it has our id alone.")
    occurred_at: Moment | None
    received_at: Moment
    processed_at: Moment
    delivery_ms: int | None
    processing_ms: int
    status: str | None = Field(description="The status that the call came to by it; null if it told none.")
    outcome: str
    origin: str = Field(description="webhook, or reconciliation if Vapi was asked for it.")
    repeats: int


class AttemptFeedback(Answer):
    """The feedback of one attempt. Lists are lines of text."""

    content: str
    positives: str | None = None
    detractors: str | None = None
    action_items: str | None = None
    structured_data: dict[str, Any] | None = None


class Attempt(Answer):
    """One attempt: one call at Vapi."""

    number: int = Field(description="From 1, by when they began; 0 for what was there before Vapi's first message.")
    vapi_call_id: str | None
    shown: bool = Field(description="Whether it is the one that the call shows.")
    status: str | None
    began_at: Moment | None = Field(description="When Vapi made it, or first told of it.")
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
    customer_name: str | None = Field(description="As Vapi has it.")
    phone: str | None
    customer_sip_uri: str | None
    reported_by: str | None = Field(description="As that of the call.")
    reconciliation: str | None = Field(description="As that of the call.")
    quality: Annotated[Quality | None, AfterValidator(told)] = Field(
        description="How it ran; null if its report said nothing of it."
    )


class RelatedCall(Answer):
    """Another call about the same visit, such as a customer's call back."""

    id: int
    direction: str = Field(description="outbound, inbound, or web.")
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
    attempts: list[Attempt] = Field(description="In the order in which they began; the latest 100.")
    cost_dollars: Dollars | None
    quality: Quality | None = Field(description="How the attempt ran that the call shows.")
    call_reason: str | None
    summary: str | None
    feedback: Feedback | None
    service_record: ServiceRecord | None
    related_calls: list[RelatedCall] = Field(description="Other calls about the same visit, latest first; at most 20.")
    incidents: list[Incident]
    timeline: list[Event] = Field(description="Webhooks in the order of their receipt; the first 1,000.")


class Turn(Answer):
    """A spoken turn, a tool call or a tool's result."""

    speaker: str
    text: str
    at: Moment
    seconds: float | None = Field(description="From the start of the call, if that is known.")


class Transcript(Answer):
    """An attempt's turns, in order."""

    call_id: int
    attempt: int | None = Field(description="Whose turns these are: an attempt's number; null if there is none yet.")
    vapi_call_id: str | None = Field(description="The attempt's.")
    source: str | None = Field(
        description="The best of report, conversation and fragment; null: written by the application, or nothing yet."
    )
    start_time: Moment | None
    turns: list[Turn] = Field(description="The first 5,000.")


class Recording(Answer):
    """The URL from which the recording can be played, without a token."""

    url: str
    expires_at: Moment | None = Field(description="Null if the URL does not say.")


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
    delivery_ms: int | None
    processing_ms: int
    repeats: int


class FeedbackItem(Answer):
    """Feedback of one call."""

    call_id: int
    start_time: Moment | None
    end_time: Moment | None
    duration_seconds: int | None
    outcome: str | None
    direction: str = Field(description="outbound, inbound, or web.")
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
    nps_category: str | None = Field(
        description="promoter, passive or detractor; null for a score that does not count."
    )
    reason: str | None = Field(description="The key of what went wrong, as the summary has it; null if nothing did.")
    content: str
    positives: str | None
    detractors: str | None
    action_items: str | None
    updated_at: Moment | None = Field(
        description="When the call was made or last changed; its place in the list, if it has no time."
    )


class FeedbackPage(Answer):
    """Feedback in the order in which the calls began."""

    items: list[FeedbackItem]
    next_cursor: str | None = Field(description="Hand it back as `cursor` for the next page; null on the last one.")


class Tally(Answer):
    """Counts of calls by outcome, and of their scores."""

    calls: int = Field(description="Calls that began, whatever came of them.")
    tried: int = Field(description="Calls that ended and were not cancelled, also without a reason or a report.")
    reached: int = Field(description="Calls in which somebody answered: outcome reached or transferred.")
    reach_rate: float | None = Field(description="reached / tried.")
    responses: int = Field(description="Scores from 0 to 10 of the calls reached: the sample size of the NPS.")
    response_rate: float | None = Field(description="responses / reached.")
    promoters: int
    passives: int
    detractors: int
    nps: float | None = Field(description="-100 to 100; null without a score.")
    nps_low: float | None = Field(description="Lower end of the 95 % interval.")
    nps_high: float | None = Field(description="Upper end of the 95 % interval.")
    average_duration_seconds: float | None = Field(description="Of the calls reached whose duration is known.")


class PeriodTally(Tally):
    """One period; `from` and `to` may cut the first and the last one."""

    starts: Moment
    ends: Moment


class GroupTally(Tally):
    """One campaign or advisor; `key` is the value for the filter of that name, null for calls without one."""

    key: str | None
    name: str | None


class ReasonCount(Answer):
    """The number of calls with one reason."""

    key: str = Field(description="What `reason` of the lists takes.")
    label: str
    count: int


class FeedbackSummary(Answer):
    """Statistics of calls and their feedback."""

    since: Moment
    until: Moment
    total: Tally
    outcomes: dict[str, int] = Field(description="Outcome -> calls; those without one yet are left out.")
    scores: list[int] = Field(description="How often each score from 0 to 10 was given; their sum is `responses`.")
    periods: list[PeriodTally]
    groups: list[GroupTally] = Field(description="The 200 with the most calls.")
    reasons: list[ReasonCount] = Field(
        description="What went wrong, most often first. A call has one reason at most; these add up to `reason=any`."
    )
