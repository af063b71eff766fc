"""What becomes of each type of message that Vapi can send: queued, answered at once, or ignored.

The names are those of Vapi's `ServerMessage` union, its `serverMessages` setting and the older eras of both.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from autopulse.json_coercion import Json, clean_text, read_list, read_mapping

PING: Final = "autopulse.ping"
"""A type of ours: goes through the status queue and leaves only its `webhook_event`."""
RECONCILIATION: Final = "autopulse.reconciliation"
"""A type of ours: what became of asking Vapi for a call, where that gave no message."""
BY_WEBHOOK: Final = "webhook"
BY_ASKING: Final = "reconciliation"
"""The origins of messages: Vapi sent them, or they are made of what Vapi answered when it was asked."""
RECORDING: Final = "autopulse.recording"
"""A type of ours: what became of copying a recording."""
_OWN: Final = "autopulse."
TRANSCRIPT: Final = "transcript"
FINAL_TRANSCRIPT: Final = 'transcript[transcriptType="final"]'
"""Vapi sends this literally when a server subscribed to final transcripts only."""
OTHER: Final = "other"
"""The metric's dimension of every type that is not named here."""

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
"""Type -> kind (`consumers.registry`). Of transcripts the final ones only: partial ones replace each other."""
KINDS: Final = tuple(dict.fromkeys(KIND_BY_TYPE.values()))
"""The kinds of message: one queue, one dead-letter queue and one consumer each."""

INTERNAL: Final[Mapping[str, str]] = {RECONCILIATION: "status_update", RECORDING: "status_update"}
"""Type -> kind, of messages that our own functions put into a queue. A webhook of such a type is ignored."""

SUBSCRIPTION: Final = frozenset(
    {"status-update", "conversation-update", "end-of-call-report", "hang", FINAL_TRANSCRIPT}
)
"""What Vapi is asked to send (`serverMessages`): of what is read here all that it offers, and nothing else.

The other types above are the application's own; `transcript` would bring the partial ones too.
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
"""News that nobody here reads, and that needs no answer."""

DELETIONS: Final[Mapping[str, str]] = {"call.deleted": "deleted", "call.delete.failed": "failed"}
"""Type -> what it says of a call that was to be deleted at Vapi (`erasures.messages.Outcome`)."""

MAX_TOOL_CALLS: Final = 100
MAX_TOOL_CALL_ID_CHARACTERS: Final = 200
"""Real ids have under 50; a response has an end (6 MB)."""
MAX_TOOL_NAME_CHARACTERS: Final = 200
"""Model providers take 64."""
UNNAMED_TOOL: Final = "tool"
"""The `name` of a refusal, which Vapi's schema requires, where the request says none."""
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
    """Ids and names, "" for none, from all three lists: which of them is there changed with the years."""
    wrapped = [(read_mapping(item).get("toolCall"), item) for item in read_list(message.get("toolWithToolCallList"))]
    bare = [(call, None) for name in ("toolCallList", "toolCalls") for call in read_list(message.get(name))]
    for call, tool in (*bare, *wrapped):
        tool_call_id = read_mapping(call).get("id")
        if isinstance(tool_call_id, str) and len(tool_call_id) <= MAX_TOOL_CALL_ID_CHARACTERS:
            yield clean_text(tool_call_id), _tool_name(call) or _tool_name(tool)


def _tool_name(described: Json) -> str:
    """The name of a call's function, or of the tool itself; "" if there is none that can be repeated."""
    described = read_mapping(described)
    for name in (read_mapping(described.get("function")).get("name"), described.get("name")):
        if isinstance(name, str) and 0 < len(name) <= MAX_TOOL_NAME_CHARACTERS and name.isprintable():
            return clean_text(name)
    return ""


ANSWERS: Final[Mapping[str, Callable[[Mapping[str, Json]], Json]]] = {
    "assistant-request": lambda _: {"error": _TO_THE_CALLER},  # spoken to who calls
    "tool-calls": _refuse_tool_calls,
    "function-call": lambda _: {"result": _NOT_SERVED},  # tool-calls of 2024; has no error shape
    "transfer-destination-request": _refuse,
    "handoff-destination-request": _refuse,
    "knowledge-base-request": lambda _: {"documents": []},
    "campaign.predial": lambda _: {"eligible": False},  # nobody is called on a check that was not made
    "call.endpointing.request": lambda _: {"timeoutSeconds": 0.4},  # has no error shape; this is Vapi's own default
    "voice-request": _refuse,
}
"""Type -> the answer that says no. These wait for the HTTP response, so they cannot be queued."""


def kind_of(message: Mapping[str, Json]) -> str | None:
    """Return the queue that the message belongs in, or None."""
    kind = KIND_BY_TYPE.get(message["type"])
    return None if kind == "transcript" and not _is_final(message) else kind


def is_ours(type_name: str) -> bool:
    """Whether the type is one of this project's own, such as a ping, and no word of Vapi's."""
    return type_name.startswith(_OWN)


def _is_final(message: Mapping[str, Json]) -> bool:
    default = "final" if message["type"] == FINAL_TRANSCRIPT else None
    return (message.get("transcriptType") or default) == "final"


def dimension_of(type_name: str) -> str:
    """Return the type as a metric's dimension: one of a bounded set."""
    known = any(type_name in types for types in (KIND_BY_TYPE, INTERNAL, IGNORED, ANSWERS))
    return type_name if known else OTHER
