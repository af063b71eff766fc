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
    """The time that the customer waited for one answer of the assistant, and that of each step, in milliseconds."""

    turn_ms: int | None
    model_ms: int | None
    voice_ms: int | None
    transcriber_ms: int | None
    endpointing_ms: int | None


class Transfer(Answer):
    """One attempt to transfer the customer."""

    to: str | None = Field(description="The type of the target: number, sip or assistant. A number is not stored.")
    assistant_name: str | None
    mode: str | None
    status: str | None = Field(
        description=(
            "connected, no-answer, busy, voicemail, failed, completed, cancelled, or another status that Vapi reports."
        )
    )


class Scorecard(Answer):
    """The result of one of Vapi's scorecards."""

    name: str | None
    score: float | None
    percent: float | None


class SkippedAnswer(Answer):
    """A structured output that was not extracted, because a condition was not met."""

    name: str
    condition: str | None = Field(
        description="The condition: minMessages, minCallDuration, endedReason, or another one that Vapi reports."
    )
    limit: float | None = Field(description="The minimum number of messages or of seconds that the call did not reach.")
    reasons: list[str] = Field(description="The ended reasons in the condition.")


class Activation(Answer):
    """An assistant that spoke."""

    assistant_id: str | None
    assistant_name: str | None
    assistant_version: str | None


class Quality(Answer):
    """The technical data of an attempt, from its report. Latencies are in milliseconds, costs in US dollars."""

    turn_latency_median_ms: int | None = Field(
        description="The median time from the end of the customer's words to the assistant's answer."
    )
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
        description="The latencies of the assistant's first 500 answers, in order."
    )
    cost_dollars_by_type: dict[str, Dollars] = Field(
        description=f"Type -> cost in US dollars, if it is known. Types: {', '.join(COST_TYPES)}."
    )
    assistant_id: str | None = Field(
        description="The assistant with which the call began or, if it is not known, the last one that spoke."
    )
    assistant_name: str | None
    assistant_version: str | None
    vapi_campaign_id: str | None = Field(description="The id of the campaign at Vapi.")
    success_evaluation: str | None
    recording_consent_type: str | None
    recording_consent_granted_at: Moment | None = Field(
        description="When the customer consented to the recording; null without consent."
    )
    ended_message: str | None = Field(
        description="The message of Vapi or a provider about the end of the call, in addition to the ended reason."
    )
    answers_expected: int = Field(description="The number of structured outputs that were to be extracted.")
    lost_answers: Listed[str] = Field(description="The names of the structured outputs whose extraction failed.")
    skipped_answers: Listed[SkippedAnswer]
    transfers: Listed[Transfer]
    scorecards: Listed[Scorecard]
    activations: Listed[Activation] = Field(description="The assistants that spoke, in the order in which they spoke.")

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

    calls: int = Field(description="The number of calls that began.")
    reached: int = Field(description="The number of these calls that a person answered.")
    responses: int = Field(description="The number of these calls with a score from 0 to 10.")
    dollars: Dollars = Field(description="The total cost of all attempts of these calls, as far as reports have it.")
    unpriced: int = Field(description="The number of attempts whose report has no cost.")
    per_call: float | None = Field(description="`dollars` / `calls`; null if no cost is known or `calls` is 0.")
    per_reached: float | None = Field(
        description="The cost of each conversation: `dollars` / `reached`; null if no cost is known or `reached` is 0."
    )
    per_response: float | None = Field(
        description="The cost of each response: `dollars` / `responses`; null if no cost is known or `responses` is 0."
    )


class AnswerFigures(Answer):
    """Numbers of structured outputs, and of those that could not be extracted."""

    expected: int = Field(description="The number of structured outputs that were to be extracted.")
    lost: int = Field(description="The number of these whose extraction failed.")
    lost_share: float | None = Field(description="`lost` / `expected`, from 0 to 1; null if `expected` is 0.")


class VersionFigures(Answer):
    """The latencies of one version of an assistant in one week; the first and the last week may be incomplete."""

    starts: Moment
    ends: Moment
    assistant_id: str | None
    assistant_name: str | None
    assistant_version: str | None
    measured: int = Field(validation_alias="calls", description="The number of attempts whose latencies are known.")
    median_turn_latency_ms: float = Field(
        validation_alias="latency", description="The median of these attempts' median turn latencies."
    )


class QualityFigures(Answer):
    """Statistics of the quality of calls."""

    since: Moment
    until: Moment
    costs: CostFigures
    answers: AnswerFigures
    measured: int = Field(description="The number of attempts whose latencies are known.")
    median_turn_latency_ms: float | None = Field(description="The median of these attempts' median turn latencies.")
    versions: list[VersionFigures] = Field(
        description="The 1,000 entries with the most attempts, by week and then by number of attempts."
    )
