"""How each type of message that Vapi can send is processed: queued, answered at once, or ignored.

The names are those of Vapi's `ServerMessage` union, its `serverMessages` setting and older versions of both.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from autopulse.json_coercion import Json, clean_text, read_list, read_mapping

PING: Final = "autopulse.ping"
"""An internal type: it passes through the status queue and stores only its `webhook_event`."""
RECONCILIATION: Final = "autopulse.reconciliation"
"""An internal type: the result of asking Vapi for a call, if there was no record to make a message of."""
BY_WEBHOOK: Final = "webhook"
BY_ASKING: Final = "reconciliation"
"""The origins of messages: Vapi sent them, or they were made from answers of its API."""
RECORDING: Final = "autopulse.recording"
"""An internal type: the result of copying a recording."""
_OWN: Final = "autopulse."
TRANSCRIPT: Final = "transcript"
FINAL_TRANSCRIPT: Final = 'transcript[transcriptType="final"]'
"""Vapi sends this literally if a server subscribes to final transcripts only."""
OTHER: Final = "other"
"""The metric's dimension of all types that are not named here."""

KIND_BY_TYPE: Final[Mapping[str, str]] = {
    "status-update": "status_update",
    "call.started": "status_update",
    "call.ended": "status_update",
    "call.failed": "status_update",
    PING: "status_update",
    "conversation-update": "conversation_update",
    "end-of-call-report": "end_of_call_report",
    "hang": "hang",
    TRANSCRIPT: "transcript",
    FINAL_TRANSCRIPT: "transcript",
}
"""Type -> kind (`consumers.registry`). Only final transcripts are queued, because partial ones replace each other."""
KINDS: Final = tuple(dict.fromkeys(KIND_BY_TYPE.values()))
"""The kinds of messages; each has a queue, a dead-letter queue and a consumer."""

INTERNAL: Final[Mapping[str, str]] = {RECONCILIATION: "status_update", RECORDING: "status_update"}
"""Type -> kind, of messages that our own functions queue. A webhook of such a type is ignored."""

SUBSCRIPTION: Final = frozenset(
    {"status-update", "conversation-update", "end-of-call-report", "hang", FINAL_TRANSCRIPT}
)
"""The types to subscribe to at Vapi (`serverMessages`): all types read here that Vapi offers, and no others.

The other types above are the application's own; `transcript` would add the partial transcripts.
"""

IGNORED: Final = frozenset(
    {
        "assistant.speechStarted",
        "assistant.started",
        "call.artifact.upload",
        "call.delete.failed",
        "call.deleted",
        "campaign.archived",
        "campaign.cancelled",
        "campaign.ended",
        "campaign.job.continued",
        "campaign.started",
        "campaign.unarchived",
        "chat.created",
        "chat.deleted",
        "contact.completed",
        "contact.dispatched",
        "contact.failed",
        "contact.predial-failed",
        "contact.skipped",
        "language-change-detected",
        "language-changed",
        "model-output",
        "phone-call-control",
        "session.created",
        "session.deleted",
        "session.updated",
        "speech-update",
        "transfer-update",
        "user-interrupted",
        "voice-input",
    }
)
"""Notifications that are ignored and need no answer."""

DELETIONS: Final[Mapping[str, str]] = {"call.deleted": "deleted", "call.delete.failed": "failed"}
"""Type -> the result that it reports of a call's deletion at Vapi (`erasures.messages.Outcome`)."""

MAX_TOOL_CALLS: Final = 100
MAX_TOOL_CALL_ID_CHARACTERS: Final = 200
"""The maximum length of a tool call's id; real ids have under 50 characters, and a response is limited to 6 MB."""
MAX_TOOL_NAME_CHARACTERS: Final = 200
"""The maximum length of a tool's name; model providers accept 64 characters."""
UNNAMED_TOOL: Final = "tool"
"""The `name` in a refusal if the request has none; Vapi's schema requires one."""
_NOT_SERVED: Final = "This server does not answer such requests."
_TO_THE_CALLER: Final = "Sorry, this number cannot take your call right now. Goodbye."


def _refuse(_message: Mapping[str, Json]) -> Json:
    return {"error": _NOT_SERVED}


def _refuse_tool_calls(message: Mapping[str, Json]) -> Json:
    names: dict[str, str] = {}
    for tool_call_id, name in _tool_calls(message):
        names[tool_call_id] = names.get(tool_call_id) or name
    return {
        "results": [
            {"name": name or UNNAMED_TOOL, "toolCallId": tool_call_id, "error": _NOT_SERVED}
            for tool_call_id, name in list(names.items())[:MAX_TOOL_CALLS]
        ]
    }


def _tool_calls(message: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """Yield ids and names ("" for none) from all three lists; Vapi's versions use different ones."""
    wrapped = [(read_mapping(item).get("toolCall"), item) for item in read_list(message.get("toolWithToolCallList"))]
    bare = [(call, None) for name in ("toolCallList", "toolCalls") for call in read_list(message.get(name))]
    for call, tool in (*bare, *wrapped):
        tool_call_id = read_mapping(call).get("id")
        if isinstance(tool_call_id, str) and len(tool_call_id) <= MAX_TOOL_CALL_ID_CHARACTERS:
            yield clean_text(tool_call_id), _tool_name(call) or _tool_name(tool)


def _tool_name(described: Json) -> str:
    """The name of a call's function, or of the tool itself; "" if there is none that is safe to repeat."""
    described = read_mapping(described)
    for name in (read_mapping(described.get("function")).get("name"), described.get("name")):
        if isinstance(name, str) and 0 < len(name) <= MAX_TOOL_NAME_CHARACTERS and name.isprintable():
            return clean_text(name)
    return ""


ANSWERS: Final[Mapping[str, Callable[[Mapping[str, Json]], Json]]] = {
    "assistant-request": lambda _: {"error": _TO_THE_CALLER},  # Vapi speaks this text to the caller
    "tool-calls": _refuse_tool_calls,
    "function-call": lambda _: {"result": _NOT_SERVED},  # tool calls of 2024, which have no form for errors
    "transfer-destination-request": _refuse,
    "handoff-destination-request": _refuse,
    "knowledge-base-request": lambda _: {"documents": []},
    "campaign.predial": lambda _: {"eligible": False},  # without a check the customer must not be called
    "call.endpointing.request": lambda _: {"timeoutSeconds": 0.4},  # has no form for errors; this is Vapi's default
    "voice-request": _refuse,
}
"""Type -> the answer that refuses. Vapi waits for these responses, so the requests cannot be queued."""


def kind_of(message: Mapping[str, Json]) -> str | None:
    """Return the kind of the message, whose queue it belongs in; None if it is not queued."""
    kind = KIND_BY_TYPE.get(message["type"])
    return None if kind == "transcript" and not _is_final(message) else kind


def is_ours(type_name: str) -> bool:
    """Whether the type is internal, such as a ping, and not one of Vapi's."""
    return type_name.startswith(_OWN)


def _is_final(message: Mapping[str, Json]) -> bool:
    default = "final" if message["type"] == FINAL_TRANSCRIPT else None
    return (message.get("transcriptType") or default) == "final"


def dimension_of(type_name: str) -> str:
    """Return the type as a value of the metric's dimension, of which there is a limited number."""
    known = any(type_name in types for types in (KIND_BY_TYPE, INTERNAL, IGNORED, ANSWERS))
    return type_name if known else OTHER
