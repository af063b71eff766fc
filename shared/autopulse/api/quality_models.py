"""The answers about the quality of calls: of one attempt, and statistics."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from autopulse.api.answer_types import Answer, Dollars, Listed, Moment
from autopulse.domain.quality import COST_TYPES, Latencies


def _of_turns(turns: list[list[int | None]] | None) -> list[dict[str, int | None]]:
    """Latencies by name; the database has them in the order of `domain.quality`."""
    names = [f"{name}_ms" for name in Latencies._fields]
    return [dict(zip(names, turn, strict=True)) for turn in turns or []]


class TurnLatency(Answer):
    """How long the customer waited for one answer of the assistant, and the time of each step."""

    turn_ms: int | None
    model_ms: int | None
    voice_ms: int | None
    transcriber_ms: int | None
    endpointing_ms: int | None


class Transfer(Answer):
    """One attempt to transfer the customer."""

    to: str | None = Field(description="number, sip, assistant; whose number it was is not kept.")
    assistant_name: str | None
    mode: str | None
    status: str | None = Field(
        description="connected, no-answer, busy, voicemail, failed, completed, cancelled, or what Vapi says besides."
    )


class Scorecard(Answer):
    """The result of one of Vapi's scorecards."""

    name: str | None
    score: float | None
    percent: float | None


class SkippedAnswer(Answer):
    """A structured output that was not extracted, because a condition was not met."""

    name: str
    condition: str | None = Field(description="minMessages, minCallDuration, endedReason, or what Vapi says besides.")
    limit: float | None = Field(description="Messages or seconds that there were too few of.")
    reasons: list[str] = Field(description="The ended reasons that the condition names.")


class Activation(Answer):
    """An assistant that spoke."""

    assistant_id: str | None
    assistant_name: str | None
    assistant_version: str | None


class Quality(Answer):
    """The quality of an attempt, from the report that counts. Latencies are milliseconds, costs US dollars."""

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
        """Whether the report has no such data."""
        return not self.answers_expected and all(
            value in (None, [], {}) for name, value in self if name != "answers_expected"
        )


def told(quality: Quality | None) -> Quality | None:
    """Return the quality data; None if the report has none."""
    return None if quality is None or quality.is_empty else quality


class CostFigures(Answer):
    """The costs of calls with all their attempts, in US dollars."""

    calls: int = Field(description="Calls that began.")
    reached: int = Field(description="Those of them in which somebody answered.")
    responses: int = Field(description="Those of them with a score from 0 to 10.")
    dollars: Dollars = Field(description="What all attempts of these calls cost, as far as reports say.")
    unpriced: int = Field(description="Attempts with a report that does not say what they cost.")
    per_call: float | None = Field(description="dollars / calls; null if no cost is known.")
    per_reached: float | None = Field(description="dollars / reached: what was spent for each conversation.")
    per_response: float | None = Field(description="dollars / responses: what was spent for each answer.")


class AnswerFigures(Answer):
    """How often an answer could not be extracted from a call."""

    expected: int = Field(description="Structured outputs that were to be extracted.")
    lost: int = Field(description="Those of them whose extraction failed.")
    lost_share: float | None = Field(description="lost / expected.")


class VersionFigures(Answer):
    """The response times of an assistant's version in a week; the first and the last week may be incomplete."""

    starts: Moment
    ends: Moment
    assistant_id: str | None
    assistant_name: str | None
    assistant_version: str | None
    measured: int = Field(validation_alias="calls", description="Attempts whose latencies are known.")
    median_turn_latency_ms: float = Field(validation_alias="latency", description="The median of their medians.")


class QualityFigures(Answer):
    """Statistics of the quality of calls."""

    since: Moment
    until: Moment
    costs: CostFigures
    answers: AnswerFigures
    measured: int = Field(description="Attempts whose latencies are known.")
    median_turn_latency_ms: float | None = Field(description="The median of their medians.")
    versions: list[VersionFigures] = Field(description="By week, those with the most attempts first; 1,000 at most.")
