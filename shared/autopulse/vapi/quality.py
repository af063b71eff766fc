"""Read a report's data about the call's quality: latencies, costs, transfers, versions, consent, missing answers.

Vapi has sent most of it since 2026, in the artifact; costs come as a list of parts, as a breakdown, or as both. An
unusable field costs only that field. `redaction` lists the fields that arrive here.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from itertools import islice
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, SkipValidation

from autopulse.domain.bounds import (
    MAX_ENDED_MESSAGE_CHARACTERS,
    MAX_ID_CHARACTERS,
    MAX_INTERRUPTIONS,
    MAX_LATENCY_MILLISECONDS,
    MAX_NAME_CHARACTERS,
    MAX_PARTS,
    MAX_REASON_CHARACTERS,
    MAX_TURN_LATENCIES,
)
from autopulse.domain.quality import NO_LATENCIES, Latencies, Quality
from autopulse.json_coercion import Json, read_list, read_mapping, read_number, read_words
from autopulse.vapi.messages import (
    RECEIVED_AT,
    CallSnapshot,
    Id,
    Items,
    Name,
    Object,
    PastTime,
    Reading,
    ReportMessage,
    absent,
    limited,
    read_cost,
)

_OF_COST_TYPE: Final[Mapping[str, str]] = {
    "transport": "transport",
    "transcriber": "transcriber",
    "model": "model",
    "voice": "voice",
    "vapi": "vapi",
    "voicemail-detection": "voicemail_detection",
    "analysis": "analysis",
    "knowledge-base": "knowledge_base",
}
"""Vapi's type of a cost's part -> our type."""
_OF_BREAKDOWN: Final[Mapping[str, str]] = {
    "transport": "transport",
    "stt": "transcriber",
    "llm": "model",
    "tts": "voice",
    "vapi": "vapi",
    "chat": "other",
    "voicemailDetectionCost": "voicemail_detection",
    "knowledgeBaseCost": "knowledge_base",
}
"""The breakdown's name of a cost -> our type; the costs of the analysis are in an object of their own."""
_RESULTS: Final = ("result", "structuredData", "data", "value", "answer", "output", "score")
"""Fields that may have an output's result."""
_TURN: Final = ("turnLatency", "modelLatency", "voiceLatency", "transcriberLatency", "endpointingLatency")
"""Vapi's names of a turn's latencies, in the order of `Latencies`."""
_GREATEST_SCORE: Final = Decimal(10) ** 6


def _read_figure(value: Json, most: int) -> int | None:
    """A whole number from 0 to `most`, rounded half up."""
    if type(value) in {int, float} and 0 <= value <= most:
        return int(value + 0.5)  # a fifth of the time of the general way below; a call has some hundred latencies
    number = read_number(value)
    if number is None or not 0 <= number <= most:
        return None
    return int(number.to_integral_value(ROUND_HALF_UP))


def _read_latency(value: Json) -> int | None:
    return _read_figure(value, MAX_LATENCY_MILLISECONDS)


def _read_count(value: Json) -> int | None:
    return _read_figure(value, MAX_INTERRUPTIONS)


def _read_score(value: Json) -> Decimal | None:
    number = read_number(value)
    return number if number is not None and abs(number) <= _GREATEST_SCORE else None


def _read_label(value: Json) -> str | None:
    """A word, or a number or a boolean in place of a word."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else read_words(value)


def _read_condition(value: Json) -> Mapping[str, Json]:
    """The condition as an object, which has only a type if the condition is a text."""
    return {"type": value} if isinstance(value, str) else read_mapping(value)


Latency = Annotated[int | None, BeforeValidator(_read_latency)]
Count = Annotated[int | None, BeforeValidator(_read_count)]
Label = Annotated[str | None, BeforeValidator(limited(_read_label, MAX_ID_CHARACTERS))]
Evaluation = Annotated[str | None, BeforeValidator(limited(_read_label, MAX_REASON_CHARACTERS))]
EndedMessage = Annotated[str | None, BeforeValidator(limited(read_words, MAX_ENDED_MESSAGE_CHARACTERS))]


class PerformanceMetrics(Reading):
    """`artifact.performanceMetrics`."""

    turn_latencies: Items = Field((), alias="turnLatencies")
    turn: Latency = Field(None, alias="turnLatencyAverage")
    model: Latency = Field(None, alias="modelLatencyAverage")
    voice: Latency = Field(None, alias="voiceLatencyAverage")
    transcriber: Latency = Field(None, alias="transcriberLatencyAverage")
    endpointing: Latency = Field(None, alias="endpointingLatencyAverage")
    from_transport: Latency = Field(None, alias="fromTransportLatencyAverage")
    to_transport: Latency = Field(None, alias="toTransportLatencyAverage")
    user_interrupted: Count = Field(None, alias="numUserInterrupted")
    assistant_interrupted: Count = Field(None, alias="numAssistantInterrupted")


class Activation(Reading):
    """An item of `artifact.assistantActivations`: an assistant that spoke, in the order of their first turns."""

    assistant_id: Id = Field(None, alias="assistantId")
    assistant_name: Name = Field(None, alias="assistantName")
    assistant_version: Label = Field(None, alias="assistantVersion")


class Speaker(Reading):
    """`message.assistant`: the assistant that spoke last."""

    id: Id = None
    name: Name = None


class RecordingConsent(Reading):
    """`compliance.recordingConsent`; without a time the consent was not given."""

    type: Label = None
    granted_at: PastTime = Field(None, alias="grantedAt")


class Compliance(Reading):
    """`compliance`: only the consent to the recording is read."""

    recording_consent: Annotated[RecordingConsent, BeforeValidator(read_mapping)] = absent(
        RecordingConsent, "recordingConsent"
    )


class Destination(Reading):
    """The destination of a transfer, without its number and address."""

    type: Label = None
    assistant_name: Name = Field(None, alias="assistantName")


class Transfer(Reading):
    """An item of `artifact.transfers`."""

    destination: Annotated[Destination, BeforeValidator(read_mapping)] = absent(Destination)
    mode: Label = None
    status: Label = None


class SkippedOutput(Reading):
    """An item of `artifact.skippedStructuredOutputs`."""

    name: Name = None
    unmet_condition: Annotated[Mapping[str, Any], SkipValidation(), BeforeValidator(_read_condition)] = Field(
        default_factory=dict, alias="unmetCondition"
    )


class Scorecard(Reading):
    """An item of `artifact.scorecards`."""

    name: Name = None
    score: Annotated[Decimal | None, BeforeValidator(_read_score)] = None
    percent: Annotated[Decimal | None, BeforeValidator(_read_score)] = Field(None, alias="scoreNormalized")


class QualityArtifact(Reading):
    """Fields of the artifact about the call's quality."""

    performance: Annotated[PerformanceMetrics, BeforeValidator(read_mapping)] = absent(
        PerformanceMetrics, "performanceMetrics"
    )
    transfers: Items = ()
    skipped: Items = Field((), alias="skippedStructuredOutputs")
    activations: Items = Field((), alias="assistantActivations")


class EvaluatedAnalysis(Reading):
    """Fields of the analysis about the whole call."""

    success_evaluation: Evaluation = Field(None, alias="successEvaluation")


class QualityMessage(Reading):
    """`end-of-call-report`, with the fields about the call's quality."""

    artifact: Annotated[QualityArtifact, BeforeValidator(read_mapping)] = absent(QualityArtifact)
    analysis: Annotated[EvaluatedAnalysis, BeforeValidator(read_mapping)] = absent(EvaluatedAnalysis)
    compliance: Annotated[Compliance, BeforeValidator(read_mapping)] = absent(Compliance)
    assistant: Annotated[Speaker, BeforeValidator(read_mapping)] = absent(Speaker)
    call: Annotated[CallSnapshot, BeforeValidator(read_mapping)] = absent(CallSnapshot)
    assistant_version: Label = Field(None, alias="assistantVersion")
    campaign_id: Id = Field(None, alias="campaignId")
    ended_message: EndedMessage = Field(None, alias="endedMessage")
    costs: Items = ()
    cost_breakdown: Object = Field(default_factory=dict, alias="costBreakdown")


def read_quality(content: Mapping[str, Any], report: ReportMessage, received_at: datetime) -> Quality:
    """Read the quality of a call; `content` is the envelope's message, and `report` is the same message, parsed."""
    message = QualityMessage.model_validate(content, context={RECEIVED_AT: received_at})
    performance = message.artifact.performance
    latencies = [_latencies(item) for item in performance.turn_latencies[:MAX_TURN_LATENCIES]]
    turns = [one.turn for one in latencies if one.turn is not None]
    assistant = _assistant(message)
    consent = message.compliance.recording_consent
    outputs = list(_outputs(report.artifact.structured_outputs))
    lost = [output for output in outputs if _is_lost(output)]
    return Quality(
        turn_latencies=tuple(latencies),
        turn_latency_median=_median(turns) if turns else None,
        averages=_averages(performance),
        from_transport_average=performance.from_transport,
        to_transport_average=performance.to_transport,
        user_interruptions=performance.user_interrupted,
        assistant_interruptions=performance.assistant_interrupted,
        cost=report.cost,
        costs=_costs(message),
        assistant_id=assistant.assistant_id,
        assistant_name=assistant.assistant_name,
        assistant_version=assistant.assistant_version,
        vapi_campaign_id=message.campaign_id,
        success_evaluation=message.analysis.success_evaluation,
        consent_type=consent.type,
        consent_granted_at=consent.granted_at,
        ended_message=message.ended_message,
        outputs_expected=len(outputs),
        outputs_lost=len(lost),
        details=dict(_details(message, report.artifact.scorecards, lost)),
    )


def _median(milliseconds: Sequence[int]) -> int:
    """The median of at least one latency, with half a millisecond rounded up. `statistics` takes 5 ms to import."""
    ordered = sorted(milliseconds)
    middle = len(ordered) // 2
    return (ordered[middle] + ordered[~middle] + 1) // 2


def _averages(metrics: PerformanceMetrics) -> Latencies:
    return Latencies(metrics.turn, metrics.model, metrics.voice, metrics.transcriber, metrics.endpointing)


def _latencies(item: Json) -> Latencies:
    """An item of `performanceMetrics.turnLatencies`."""
    given = read_mapping(item)
    return Latencies._make(_read_latency(given.get(name)) for name in _TURN) if given else NO_LATENCIES


def _assistant(message: QualityMessage) -> Activation:
    """The assistant that the call began with, if the activations name it; else the one that spoke last."""
    activations = _activations(message)
    speaker = Activation.model_validate(
        {
            "assistantId": message.assistant.id or message.call.assistant_id,
            "assistantName": message.assistant.name,
            "assistantVersion": message.assistant_version,
        }
    )
    known = [*activations, speaker]
    return next((one for one in known if one.assistant_version is not None), known[0])


def _activations(message: QualityMessage) -> list[Activation]:
    read = (Activation.model_validate(read_mapping(item)) for item in message.artifact.activations[:MAX_PARTS])
    return [one for one in read if one != Activation()]


def _costs(message: QualityMessage) -> dict[str, Decimal]:
    """US dollars by type: the sum of the parts, if any part has a cost, else the breakdown."""
    return _sums(_parts(message.costs)) or _sums(_of_breakdown(message.cost_breakdown))


def _sums(costs: Iterator[tuple[str, Json]]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for name, value in costs:
        cost = read_number(value)
        if cost is not None:
            sums[name] = sums.get(name, Decimal(0)) + cost
    return {name: cost for name, amount in sums.items() if (cost := read_cost(amount)) is not None}


def _parts(costs: Sequence[Json]) -> Iterator[tuple[str, Json]]:
    for part in map(read_mapping, costs[:MAX_PARTS]):
        yield _OF_COST_TYPE.get(str(part.get("type")), "other"), part.get("cost")


def _of_breakdown(breakdown: Mapping[str, Json]) -> Iterator[tuple[str, Json]]:
    for name, type_ in _OF_BREAKDOWN.items():
        yield type_, breakdown.get(name)
    for cost in islice(read_mapping(breakdown.get("analysisCostBreakdown")).values(), MAX_PARTS):
        yield "analysis", cost


def _outputs(outputs: Json) -> Iterator[Mapping[str, Json]]:
    """Yield the structured outputs that were to be extracted, which come by id or as a list."""
    items = list(outputs.values()) if isinstance(outputs, dict) else read_list(outputs)
    return (item for item in items if isinstance(item, dict))


def _is_lost(output: Mapping[str, Json]) -> bool:
    """Whether an output has a name and no result, which means that its extraction failed."""
    return "name" in output and all(output.get(name) is None for name in _RESULTS) and output.keys() <= _KNOWN


_KNOWN: Final = frozenset({"id", "name", "compliancePlan", *_RESULTS})
"""Applies to an output that names its result; an output without one may have its answers beside the name."""


def _details(
    message: QualityMessage, scorecards: Json, lost: Sequence[Mapping[str, Json]]
) -> Iterator[tuple[str, Any]]:
    """Yield the lists that are not empty, with their names."""
    cards = list(scorecards.values()) if isinstance(scorecards, dict) else read_list(scorecards)
    lists: dict[str, list[Any]] = {
        "lost_answers": [name for output in lost if (name := _name(output.get("name")))],
        "skipped_answers": [_skipped(item) for item in message.artifact.skipped[:MAX_PARTS]],
        "transfers": [_transfer(item) for item in message.artifact.transfers[:MAX_PARTS]],
        "scorecards": [_scorecard(item) for item in cards[:MAX_PARTS]],
        "activations": [one.model_dump() for one in _activations(message)],
    }
    for name, items in lists.items():
        if given := [item for item in items[:MAX_PARTS] if item]:
            yield name, given


def _name(value: Json) -> str | None:
    return limited(read_words, MAX_NAME_CHARACTERS)(value)


def _skipped(item: Json) -> dict[str, Any] | None:
    """The name of an output, and the type, limit or ended reasons of its condition; None if it has no name."""
    output = SkippedOutput.model_validate(read_mapping(item))
    if output.name is None:
        return None
    condition = output.unmet_condition
    rest = {name: value for name, value in condition.items() if name != "type"}
    limits = [limit for value in rest.values() if (limit := _read_score(value)) is not None]
    reasons = [reason for value in rest.values() for reason in read_list(value)[:MAX_PARTS]]
    words = [word for reason in reasons if (word := limited(read_words, MAX_REASON_CHARACTERS)(reason))]
    return {
        "name": output.name,
        "condition": limited(_read_label, MAX_ID_CHARACTERS)(condition.get("type")),
        "limit": _as_json(limits[0]) if limits else None,
        "reasons": words[:MAX_PARTS],
    }


def _transfer(item: Json) -> dict[str, Any] | None:
    transfer = Transfer.model_validate(read_mapping(item))
    told = {
        "to": transfer.destination.type,
        "assistant_name": transfer.destination.assistant_name,
        "mode": transfer.mode,
        "status": transfer.status,
    }
    return told if any(told.values()) else None


def _scorecard(item: Json) -> dict[str, Any] | None:
    card = Scorecard.model_validate(read_mapping(item))
    if card.score is None and card.percent is None:
        return None
    return {"name": card.name, "score": _as_json(card.score), "percent": _as_json(card.percent)}


def _as_json(number: Decimal | None) -> float | None:
    return None if number is None else float(number)
