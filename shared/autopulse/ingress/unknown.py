"""Find unknown message types and unknown top-level fields; the consumers check the fields further down."""

from collections.abc import Mapping
from functools import cache
from typing import Final

from autopulse.json_coercion import Json, clean_text
from autopulse.vapi import routes
from autopulse.vapi.drift import UnknownValue, What, printable
from autopulse.vapi.masking import mask_secrets
from autopulse.vapi.redaction import KEPT

_MAX_READ_CHARACTERS: Final = 1024
"""The number of characters of a name that are examined."""
_COMMON: Final = frozenset(
    {
        *("type", "timestamp", "call", "artifact", "assistant", "assistantVersion", "customer", "phoneNumber", "chat"),
        # These fields may have our call id or the speakers' names: see `vapi.call_ids` and `vapi.speaker_names`.
        *("metadata", "variables", "variableValues", "squad", "workflow", "artifactPlan"),
        *("assistantOverrides", "squadOverrides", "membersOverrides", "workflowOverrides"),
    }
)
_TURNS: Final = frozenset({"messages", "messagesOpenAIFormatted", "conversation", "transcript"})
_FIELDS: Final[Mapping[str, frozenset[str]]] = {
    "status-update": _TURNS | {"status", "endedReason", "destination", "summary", "inboundPhoneCallDebuggingArtifacts"},
    "conversation-update": _TURNS,
    "end-of-call-report": _TURNS
    | {"endedReason", "cost", "costs", "costBreakdown", "destination", "compliance", "analysis", "startedAt", "endedAt"}
    | {"durationMs", "durationSeconds", "durationMinutes", "summary", "recordingUrl", "stereoRecordingUrl"}
    | {"structuredData", "structuredDataMulti", "successEvaluation", "structuredOutputs", "scorecards"},
    "transcript": frozenset({"role", "transcriptType", "transcript", "assistantId", "assistantName", "isFiltered"})
    | {"detectedThreats", "originalTranscript", "confidence", "confidenceSource"},
    "assistant.speechStarted": frozenset({"text", "turn", "source", "timing"}),
    "call.artifact.upload": frozenset({"artifacts"}),
    "call.endpointing.request": _TURNS,
    "campaign.predial": frozenset({"campaignId", "contact"}),
    "function-call": frozenset({"functionCall"}),
    "handoff-destination-request": frozenset({"parameters"}),
    "knowledge-base-request": _TURNS,
    "language-change-detected": frozenset({"language"}),
    "language-changed": frozenset({"language"}),
    "model-output": frozenset({"output", "turnId"}),
    "phone-call-control": frozenset({"request", "destination"}),
    "session.created": frozenset({"session"}),
    "session.deleted": frozenset({"session"}),
    "session.updated": frozenset({"session"}),
    "speech-update": frozenset({"status", "role", "turn"}),
    "tool-calls": frozenset({"toolCalls", "toolCallList", "toolWithToolCallList"}),
    "transfer-update": frozenset({"destination", "toAssistant", "fromAssistant", "toStepRecord", "fromStepRecord"}),
    "user-interrupted": frozenset({"turnId"}),
    "voice-input": frozenset({"input"}),
    "voice-request": frozenset({"text", "sampleRate"}),
    routes.PING: frozenset({"id"}),
}
"""Message type -> its own fields in Vapi's schemas of 2024 to 2026 and in recorded bodies, less the common ones."""


_WITHOUT_SCHEMA: Final = ("campaign.", "contact.")
"""Prefixes of types that Vapi offers without publishing the fields of their messages."""


@cache
def known_fields(type_name: str) -> frozenset[str] | None:
    """The top-level fields that messages of a known type may have; None if Vapi does not publish them."""
    if type_name.startswith(_WITHOUT_SCHEMA) and type_name not in _FIELDS:
        return None
    kind = routes.KIND_BY_TYPE.get(type_name)
    kept = KEPT[kind].allowed.keys() if kind else ()
    own = _FIELDS.get(routes.TRANSCRIPT if type_name == routes.FINAL_TRANSCRIPT else type_name, frozenset())
    return _COMMON.union(own, kept)


def unknown_in(message: Mapping[str, Json]) -> list[UnknownValue]:
    """Return the type if it is unknown, else the message's unknown fields in their order. Takes a microsecond."""
    type_name = message["type"]
    if routes.dimension_of(type_name) == routes.OTHER:
        return [UnknownValue(What.MESSAGE_TYPE, type_name)]
    known = known_fields(type_name)
    if known is None or message.keys() <= known:
        return []
    return [UnknownValue(What.FIELD, name) for name in message if name not in known]


def printable_name(name: str) -> str:
    """The name of a type or a field as it may be logged, with secrets masked."""
    return printable(mask_secrets(clean_text(name[:_MAX_READ_CHARACTERS])))
