"""What the API answers with. Times are UTC, durations say their unit, null is not known."""

from datetime import datetime, timezone
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from autopulse.db.queries.bounds import COPIED
from autopulse.domain.quality import COST_TYPES, Latencies
from autopulse.settings import copy_settings, recording_hosts
from autopulse.vapi.recordings import is_at, is_playable, is_private


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(timezone.utc)


def _is_offered(url: str | None) -> bool:
    """The database has an address, or a copy of ours; whether a browser can play it is not a question for SQL."""
    if url == COPIED:
        return bool(copy_settings().bucket_url)
    return url is not None and is_at(url, recording_hosts()) and not is_private(url)


def _is_elsewhere(url: str | None) -> bool:
    return url is not None and url != COPIED and is_playable(url) and not is_at(url, recording_hosts())


def _or_nothing(items: list[Any] | None) -> list[Any]:
    return items or []


def _of_turns(turns: list[list[int | None]] | None) -> list[dict[str, int | None]]:
    """Latencies by their names, as `domain.quality` has them in their order."""
    names = [f"{name}_ms" for name in Latencies._fields]
    return [dict(zip(names, turn, strict=True)) for turn in turns or []]


Moment = Annotated[datetime, AfterValidator(_utc)]
Offered = Annotated[
    bool,
    BeforeValidator(_is_offered),
    Field(description="Whether there is a recording that a browser can play, unless its URL has expired."),
]
Elsewhere = Annotated[
    bool,
    BeforeValidator(_is_elsewhere),
    Field(description="Whether there is a recording at a host that this stack does not play from."),
]
RecordingCopy = Annotated[
    str | None,
    Field(
        description=(
            "What became of the stack's own copy: stored; missing, if the recording was not there any more when it was"
            " copied; erased; null if none was made, or not yet."
        )
    ),
]
Dollars = Annotated[Decimal, PlainSerializer(float, return_type=float)]
Item = TypeVar("Item")
Listed = Annotated[list[Item], BeforeValidator(_or_nothing)]
"""A list that the database has only if there is something in it."""


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class ErrorDetail(_Answer):
    """The description of the fault."""

    code: str = Field(description="A word for programs.")
    message: str = Field(description="A sentence for people.")
    field: str | None = Field(None, description="The parameter that is wrong, if one is.")


class Error(_Answer):
    """Every answer that is not what was asked for."""

    error: ErrorDetail


class Call(_Answer):
    """A call, as a list shows it."""

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
    updated_at: Moment | None = Field(
        description="When the call was made or last changed; its place in the list, if it has no time."
    )


class CallCount(_Answer):
    """How many calls there are."""

    count: int
    is_all: bool = Field(description="False: there are more than `count`, which is the most that is counted.")


class Me(_Answer):
    """The organization of the principal's token."""

    organization_id: str
    organization_name: str | None = Field(description="Null if the application has no such organization.")
    may_write: bool = Field(description="Whether the principal may change follow-ups.")


class CallPage(_Answer):
    """Calls in the order in which they began."""

    items: list[Call]
    next_cursor: str | None = Field(description="Hand it back as `cursor` for the next page; null on the last one.")


class Feedback(_Answer):
    """What the customer said. Lists are lines of text."""

    content: str
    positives: str | None
    detractors: str | None
    action_items: str | None
    structured_data: dict[str, Any] | None
    created_at: Moment | None
    updated_at: Moment | None


class ServiceRecord(_Answer):
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


class Incident(_Answer):
    """Something that went wrong during the call."""

    kind: str
    occurred_at: Moment


class Event(_Answer):
    """A webhook about the call. `delivery_ms`: from the sender to us; `processing_ms`: from us into the database."""

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


class AttemptFeedback(_Answer):
    """What was said in one attempt. Lists are lines of text."""

    content: str
    positives: str | None = None
    detractors: str | None = None
    action_items: str | None = None
    structured_data: dict[str, Any] | None = None


class TurnLatency(_Answer):
    """How long the customer waited for one answer of the assistant's, and what took the time."""

    turn_ms: int | None
    model_ms: int | None
    voice_ms: int | None
    transcriber_ms: int | None
    endpointing_ms: int | None


class Transfer(_Answer):
    """One try to hand the customer on."""

    to: str | None = Field(description="number, sip, assistant; whose number it was is not kept.")
    assistant_name: str | None
    mode: str | None
    status: str | None = Field(
        description="connected, no-answer, busy, voicemail, failed, completed, cancelled, or what Vapi says besides."
    )


class Scorecard(_Answer):
    """What a scorecard of Vapi's makes of the call."""

    name: str | None
    score: float | None
    percent: float | None


class SkippedAnswer(_Answer):
    """A structured output that was not asked for, since a condition was not met."""

    name: str
    condition: str | None = Field(description="minMessages, minCallDuration, endedReason, or what Vapi says besides.")
    limit: float | None = Field(description="Messages or seconds that there were too few of.")
    reasons: list[str] = Field(description="The ended reasons that the condition names.")


class Activation(_Answer):
    """An assistant that spoke."""

    assistant_id: str | None
    assistant_name: str | None
    assistant_version: str | None


class Quality(_Answer):
    """How an attempt ran, as the report that counts says. Latencies are milliseconds, costs US dollars."""

    turn_latency_median_ms: int | None = Field(description="From the end of the customer's words to the answer.")
    turn_latency_average_ms: int | None
    model_latency_average_ms: int | None
    voice_latency_average_ms: int | None
    transcriber_latency_average_ms: int | None
    endpointing_latency_average_ms: int | None
    from_transport_latency_average_ms: int | None
    to_transport_latency_average_ms: int | None
    user_interruptions: int | None = Field(description="How often the assistant interrupted the customer.")
    assistant_interruptions: int | None = Field(description="How often the customer interrupted the assistant.")
    turn_latencies: Annotated[list[TurnLatency], BeforeValidator(_of_turns)] = Field(
        description="One for each answer of the assistant's, in order; the first 500."
    )
    cost_dollars_by_type: dict[str, Dollars] = Field(description=f"Of {', '.join(COST_TYPES)}; those that are known.")
    assistant_id: str | None = Field(description="The assistant that the call began with, else the last that spoke.")
    assistant_name: str | None
    assistant_version: str | None
    vapi_campaign_id: str | None = Field(description="A campaign at Vapi.")
    success_evaluation: str | None
    recording_consent_type: str | None
    recording_consent_granted_at: Moment | None = Field(description="Null: not granted.")
    ended_message: str | None = Field(description="What Vapi or a provider says of the end besides its reason.")
    answers_expected: int = Field(description="Structured outputs that were to be extracted.")
    lost_answers: Listed[str] = Field(description="Those of them whose extraction failed, by name.")
    skipped_answers: Listed[SkippedAnswer]
    transfers: Listed[Transfer]
    scorecards: Listed[Scorecard]
    activations: Listed[Activation] = Field(description="The assistants that spoke, in order.")

    @property
    def is_empty(self) -> bool:
        """Whether the report has told nothing of all this."""
        return not self.answers_expected and all(
            value in (None, [], {}) for name, value in self if name != "answers_expected"
        )


def _told(quality: Quality | None) -> Quality | None:
    return None if quality is None or quality.is_empty else quality


class Attempt(_Answer):
    """One time that the call was dialled: one call of Vapi's."""

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
    quality: Annotated[Quality | None, AfterValidator(_told)] = Field(
        description="How it ran; null if its report said nothing of it."
    )


class CallDetail(Call):
    """A call with all that belongs to it."""

    recording_elsewhere: Elsewhere
    recording_copy: RecordingCopy
    attempts: list[Attempt] = Field(description="In the order in which they began; the latest 100.")
    cost_dollars: Dollars | None
    quality: Quality | None = Field(description="How the attempt ran that the call shows.")
    call_reason: str | None
    summary: str | None
    feedback: Feedback | None
    service_record: ServiceRecord | None
    incidents: list[Incident]
    timeline: list[Event] = Field(description="Webhooks in the order of their receipt; the first 1,000.")


class Turn(_Answer):
    """Something said, a tool call or a tool's result."""

    speaker: str
    text: str
    at: Moment
    seconds: float | None = Field(description="From the start of the call, if that is known.")


class Transcript(_Answer):
    """An attempt's turns, in order."""

    call_id: int
    attempt: int | None = Field(description="Whose turns these are: an attempt's number; null if there is none yet.")
    vapi_call_id: str | None = Field(description="The attempt's.")
    source: str | None = Field(
        description="The best of report, conversation and fragment; null: written by the application, or nothing yet."
    )
    start_time: Moment | None
    turns: list[Turn] = Field(description="The first 5,000.")


class Recording(_Answer):
    """Where the recording can be played from, without a token."""

    url: str
    expires_at: Moment | None = Field(description="Null if the URL does not say.")


class KeptRecording(_Answer):
    """What is known of a recording, whether or not it can be played."""

    url: str | None
    expires_at: Moment | None
    state: str | None = None
    object_key: str | None = None
    content_type: str | None = None
    stored_at: Moment | None = None


class Ping(_Answer):
    """A ping that went all the way into the database."""

    event_id: str
    occurred_at: Moment | None
    received_at: Moment
    processed_at: Moment
    delivery_ms: int | None
    processing_ms: int
    repeats: int


class FeedbackItem(_Answer):
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
    content: str
    positives: str | None
    detractors: str | None
    action_items: str | None
    updated_at: Moment | None = Field(
        description="When the call was made or last changed; its place in the list, if it has no time."
    )


class FeedbackPage(_Answer):
    """Feedback in the order in which the calls began."""

    items: list[FeedbackItem]
    next_cursor: str | None = Field(description="Hand it back as `cursor` for the next page; null on the last one.")


class Tally(_Answer):
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
    """One period; the first and the last may be cut off by `from` and `to`."""

    starts: Moment
    ends: Moment


class GroupTally(Tally):
    """One campaign or advisor; `key` is what the filter of that name takes, null for calls without one."""

    key: str | None
    name: str | None


class FeedbackSummary(_Answer):
    """How calls went."""

    since: Moment
    until: Moment
    total: Tally
    outcomes: dict[str, int] = Field(description="Outcome -> calls; those without one yet are left out.")
    scores: list[int] = Field(description="How often each score from 0 to 10 was given; their sum is `responses`.")
    periods: list[PeriodTally]
    groups: list[GroupTally] = Field(description="The 200 with the most calls.")


class CostFigures(_Answer):
    """What calls cost, all their attempts together. Dollars are US dollars."""

    calls: int = Field(description="Calls that began.")
    reached: int = Field(description="Those of them in which somebody answered.")
    responses: int = Field(description="Those of them with a score from 0 to 10.")
    dollars: Dollars = Field(description="What all attempts of these calls cost, as far as reports say.")
    unpriced: int = Field(description="Attempts with a report that does not say what they cost.")
    per_call: float | None = Field(description="dollars / calls; null if no cost is known.")
    per_reached: float | None = Field(description="dollars / reached: what was spent for each conversation.")
    per_response: float | None = Field(description="dollars / responses: what was spent for each answer.")


class AnswerFigures(_Answer):
    """How often an answer could not be extracted from what was said."""

    expected: int = Field(description="Structured outputs that were to be extracted.")
    lost: int = Field(description="Those of them whose extraction failed.")
    lost_share: float | None = Field(description="lost / expected.")


class VersionFigures(_Answer):
    """How quickly a version of an assistant answered in a week; the first and the last week may be cut off."""

    starts: Moment
    ends: Moment
    assistant_id: str | None
    assistant_name: str | None
    assistant_version: str | None
    measured: int = Field(validation_alias="calls", description="Attempts whose latencies are known.")
    median_turn_latency_ms: float = Field(validation_alias="latency", description="The median of their medians.")


class QualityFigures(_Answer):
    """How calls ran."""

    since: Moment
    until: Moment
    costs: CostFigures
    answers: AnswerFigures
    measured: int = Field(description="Attempts whose latencies are known.")
    median_turn_latency_ms: float | None = Field(description="The median of their medians.")
    versions: list[VersionFigures] = Field(description="By week, those with the most attempts first; 1,000 at most.")


class FollowUp(_Answer):
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


class ListedFollowUp(FollowUp):
    """A follow-up, as a list shows it: with its call."""

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


class FollowUpPage(_Answer):
    """A page of follow-ups."""

    items: list[ListedFollowUp]
    next_cursor: str | None = Field(description="Null on the last page.")


class FollowUpEntry(_Answer):
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


class FollowUpFigures(_Answer):
    """How follow-ups went."""

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
    """Follow-ups of one cause."""

    cause: str


class AssigneeFigures(FollowUpFigures):
    """Follow-ups of one assignee."""

    assignee_id: int | None
    assignee_name: str | None


class FollowUpPeriod(FollowUpFigures):
    """Follow-ups that were opened in one period."""

    starts: Moment
    ends: Moment


class FollowUpSummary(_Answer):
    """How many follow-ups stand open now, and how those went that were opened in the time."""

    since: Moment
    until: Moment
    open: int = Field(description="Now, whenever they were opened.")
    acknowledged: int = Field(description="Now.")
    overdue: int = Field(description="Now.")
    total: FollowUpFigures
    causes: list[CauseFigures] = Field(description="Those with the most first; 100 at most.")
    assignees: list[AssigneeFigures] = Field(description="Those with the most first; 100 at most.")
    periods: list[FollowUpPeriod]
