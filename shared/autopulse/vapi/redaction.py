"""The allow-list of each kind of message: only what it keeps is stored anywhere.

Vapi's bodies contain the whole assistant with its prompts and server secret, provider credentials, unauthenticated
monitor URLs, and up to four copies of the turns. `apply_allow_list` moves fields that Vapi's versions put in different
places to one place, then keeps the listed fields under Vapi's own names. A value of the wrong type is dropped.
"""

from collections.abc import Mapping
from typing import Final

from autopulse.domain.bounds import MAX_PARTS, MAX_TURN_LATENCIES
from autopulse.json_coercion import Json
from autopulse.vapi import field_rules as keep
from autopulse.vapi.field_rules import Each, EachById, Fields, Rule, UrlOr
from autopulse.vapi.gathering import gather
from autopulse.vapi.routes import PING, RECONCILIATION, RECORDING

_FUNCTION: Final = Fields({"name": keep.text, "arguments": keep.whole})
_TOOL_CALL: Final = Fields({"function": _FUNCTION, "name": keep.text, "arguments": keep.whole})
_TURN: Final = Fields(
    {
        "role": keep.text,
        "message": keep.said,
        "content": keep.said,
        "text": keep.said,
        "time": keep.time,
        "secondsFromStart": keep.number,
        "toolCalls": Each(_TOOL_CALL),
        "tool_calls": Each(_TOOL_CALL),
        "name": keep.text,
        "args": keep.whole,
        "arguments": keep.whole,
        "result": keep.whole,
        "functionCall": _FUNCTION,
        "function_call": _FUNCTION,
    }
)
_CALL: Final = Fields(
    {
        "id": keep.identifier,
        "type": keep.text,
        "status": keep.text,
        "createdAt": keep.time,
        "phoneNumberId": keep.id_text,
        "assistantId": keep.id_text,
        "squadId": keep.id_text,
        "workflowId": keep.id_text,
        "customer": Fields({"number": keep.phone_number, "sipUri": keep.text, "name": keep.text}),
    }
)
_ANALYSIS: Final = Fields(
    {
        "summary": keep.text,
        "structuredData": keep.whole,
        "structuredDataMulti": keep.whole,
        "successEvaluation": keep.whole,
    }
)
_RECORDING: Final = UrlOr(Fields({"stereoUrl": keep.url, "mono": UrlOr(Fields({"combinedUrl": keep.url}))}))
_LATENCIES: Final = ("turn", "model", "voice", "transcriber", "endpointing")
_PERFORMANCE: Final = Fields(
    {
        "turnLatencies": Each(Fields({f"{name}Latency": keep.figure for name in _LATENCIES}), MAX_TURN_LATENCIES),
        **{f"{name}LatencyAverage": keep.figure for name in (*_LATENCIES, "fromTransport", "toTransport")},
        "numUserInterrupted": keep.figure,
        "numAssistantInterrupted": keep.figure,
    }
)
# The destination of a transfer is a person's number. The conversation there is not part of the call.
_TRANSFER: Final = Fields(
    {"destination": Fields({"type": keep.text, "assistantName": keep.text}), "mode": keep.text, "status": keep.text}
)
_SKIPPED: Final = Fields({"name": keep.text, "unmetCondition": keep.condition})
_ACTIVATION: Final = Fields({"assistantId": keep.id_text, "assistantName": keep.text, "assistantVersion": keep.label})
_COST: Final = Fields({"type": keep.text, "cost": keep.figure})
_ANALYSIS_COSTS: Final = ("summary", "structuredData", "successEvaluation", "structuredOutput")
_COST_BREAKDOWN: Final = Fields(
    {
        **dict.fromkeys(("transport", "stt", "llm", "tts", "vapi", "chat", "total"), keep.figure),
        **dict.fromkeys(("voicemailDetectionCost", "knowledgeBaseCost"), keep.figure),
        "analysisCostBreakdown": Fields(dict.fromkeys(_ANALYSIS_COSTS, keep.figure)),
    }
)
_ARTIFACT: Final = Fields(
    {
        "recordingUrl": keep.url,
        "stereoRecordingUrl": keep.url,
        "recordingPath": keep.url,
        "recording": _RECORDING,
        "presignedMonoUrl": keep.url,
        "presignedStereoUrl": keep.url,
        "presignedUrlsExpiresAt": keep.time,
        "structuredOutputs": keep.whole,
        "scorecards": keep.whole,
        "performanceMetrics": _PERFORMANCE,
        "transfers": Each(_TRANSFER, MAX_PARTS),
        "skippedStructuredOutputs": EachById(_SKIPPED, MAX_PARTS),
        "assistantActivations": Each(_ACTIVATION, MAX_PARTS),
    }
)
_COMMON: Final[Mapping[str, Rule]] = {"type": keep.text, "call": _CALL}

_OF_OURS: Final[Mapping[str, Fields]] = {
    PING: Fields({"type": keep.text, "id": keep.ping_id}),
    RECONCILIATION: Fields({**_COMMON, "result": keep.text}),
    RECORDING: Fields(
        {
            **_COMMON,
            "state": keep.text,
            "key": keep.id_text,
            "bytes": keep.number,
            "content_type": keep.text,
            "sha256": keep.id_text,
        }
    ),
}
"""Internal type -> the fields that are kept."""
KEPT: Final[Mapping[str, Fields]] = {
    "status_update": Fields({**_COMMON, "status": keep.text, "endedReason": keep.text}),
    "hang": Fields({**_COMMON, "reason": keep.text}),
    "conversation_update": Fields(
        {**_COMMON, "messages": Each(_TURN), "transcript": Fields({"speaker": keep.text, "text": keep.text})}
    ),
    "transcript": Fields({**_COMMON, "role": keep.text, "transcript": keep.text}),
    "end_of_call_report": Fields(
        {
            **_COMMON,
            "endedReason": keep.text,
            "startedAt": keep.time,
            "endedAt": keep.time,
            "durationSeconds": keep.number,
            "durationMs": keep.number,
            "durationMinutes": keep.number,
            "cost": keep.number,
            "costs": Each(_COST, MAX_PARTS),
            "costBreakdown": _COST_BREAKDOWN,
            "assistant": Fields({"id": keep.id_text, "name": keep.text}),
            "assistantVersion": keep.label,
            "campaignId": keep.id_text,
            "compliance": Fields({"recordingConsent": Fields({"type": keep.text, "grantedAt": keep.time})}),
            "endedMessage": keep.foreign_text,
            "summary": keep.text,
            "analysis": _ANALYSIS,
            "messages": Each(_TURN),
            "transcript": keep.text,
            "transcriptNames": Fields({"assistant": keep.names, "customer": keep.names}),
            "recordingUrl": keep.url,
            "stereoRecordingUrl": keep.url,
            "artifact": _ARTIFACT,
        }
    ),
}
"""Kind -> the fields that are kept."""

URL_FIELDS: Final = frozenset(
    {
        "recordingUrl",
        "stereoRecordingUrl",
        "recordingPath",
        "recording",
        "presignedMonoUrl",
        "presignedStereoUrl",
        "presignedUrlsExpiresAt",
    }
)
"""Fields of a report and of its artifact that have URLs, which are signed anew for each delivery."""
RESTATED_FIELDS: Final = frozenset({"assistant"})
"""Fields with names as they are when a message is sent; a resend may have other names."""


def apply_allow_list(kind: str, message: Mapping[str, Json]) -> dict[str, Json]:
    """Return the fields of a message that its kind keeps, always with its type; all values are clean."""
    rule = _OF_OURS.get(message["type"]) or KEPT[kind]
    kept: dict[str, Json] = rule(gather(kind, message))
    return kept
