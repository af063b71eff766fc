"""Webhook bodies: the application's simple shapes, and Vapi's shapes of several years, all invented."""

from typing import Any, Final

from tests.integration.pipeline import after

VAPI_ID: Final = "0197f9d4-aaaa-4000-8000-000000000001"
NUMBER: Final = "+12025550101"
Body = dict[str, Any]


def milliseconds(seconds: float) -> float:
    """Return the test clock's time in Vapi's format."""
    return after(seconds).timestamp() * 1000


def iso(seconds: float) -> str:
    return after(seconds).isoformat().replace("+00:00", "Z")


def outbound(call_id: int | None, vapi_call_id: str = VAPI_ID, **values: Any) -> Body:  # noqa: ANN401 - any JSON value
    """Return `message.call` of a call that the application started."""
    variables = {} if call_id is None else {"call_id": str(call_id), "customer_name": "Testa Placeholder"}
    return {
        "id": vapi_call_id,
        "type": "outboundPhoneCall",
        "status": "queued",
        "createdAt": iso(-20),
        "updatedAt": iso(-20),
        "assistantId": "assistant-1",
        "assistantOverrides": {"variableValues": variables},
        "phoneNumberId": "phone-number-1",
        "customer": {"number": NUMBER, "name": "Testa Placeholder"},
        "monitor": {"controlUrl": "https://control.example/secret"},
        **values,
    }


def inbound(vapi_call_id: str = VAPI_ID, **values: Any) -> Body:  # noqa: ANN401 - any JSON value
    """Return `message.call` of an inbound call."""
    return {
        "id": vapi_call_id,
        "type": "inboundPhoneCall",
        "status": "ringing",
        "createdAt": iso(-20),
        "phoneNumberId": "phone-number-1",
        "assistantId": "assistant-1",
        "customer": {"number": NUMBER},
        **values,
    }


def ours_alone(call_id: int) -> Body:
    """Return `message.call` of a message that has only our id."""
    return {"type": "outboundPhoneCall", "assistantOverrides": {"variableValues": {"call_id": str(call_id)}}}


def web(vapi_call_id: str = VAPI_ID, **values: Any) -> Body:  # noqa: ANN401 - any JSON value
    """Return `message.call` of a web call: no phone number, no customer."""
    overrides = {"clientMessages": ["transcript"]}
    return {
        "id": vapi_call_id,
        "type": "webCall",
        "assistantId": "assistant-1",
        "assistantOverrides": overrides,
        **values,
    }


def message(type_: str, call: Body, at: float | None = None, **fields: Any) -> Body:  # noqa: ANN401 - any JSON value
    """Return a message; `at` is the sender's time in seconds of the test's clock."""
    timestamp = {} if at is None else {"timestamp": milliseconds(at)}
    return {"message": {**timestamp, "type": type_, "call": call, "assistant": {"server": {"secret": "s"}}, **fields}}


def status(word: str, call: Body, at: float | None = None, **fields: Any) -> Body:  # noqa: ANN401 - any JSON value
    return message("status-update", call, at, status=word, **fields)


def conversation(call: Body, at: float | None, *turns: Body) -> Body:
    """Return a conversation-update of December 2024: the whole history, in several copies."""
    prompt = {"role": "system", "message": "You are an assistant.", "time": milliseconds(0), "secondsFromStart": 0}
    plain = [{"role": turn["role"], "content": turn.get("message")} for turn in turns]
    fields = {"messages": [prompt, *turns], "conversation": plain, "messagesOpenAIFormatted": plain}
    return message("conversation-update", call, at, **fields)


def fragment(call: Body, at: float | None, speaker: str, text: str) -> Body:
    """Return a conversation-update as in the application's documents."""
    return message("conversation-update", call, at, transcript={"speaker": speaker, "text": text})


def final_transcript(call: Body, at: float | None, role: str, text: str) -> Body:
    return message("transcript", call, at, role=role, transcriptType="final", transcript=text)


def turn(role: str, text: str, seconds: float) -> Body:
    """Return an item of `messages` since 2024."""
    return {"role": role, "message": text, "time": milliseconds(seconds), "secondsFromStart": seconds, "source": ""}


def tool_call(seconds: float) -> Body:
    call = {"id": "tool-1", "type": "function", "function": {"name": "book", "arguments": '{"day":"Monday"}'}}
    times = {"time": milliseconds(seconds), "secondsFromStart": seconds}
    return {"role": "tool_calls", "toolCalls": [call], "message": "", **times}


def tool_result(seconds: float) -> Body:
    times = {"time": milliseconds(seconds), "secondsFromStart": seconds}
    return {"role": "tool_call_result", "toolCallId": "tool-1", "name": "book", "result": "Booked.", **times}


TURNS: Final = [
    turn("bot", "Hello, how was your visit?", 1.5),
    turn("user", "Very good.", 4),
    tool_call(6),
    tool_result(6.5),
    turn("bot", "Booked. Goodbye.", 7),
]
ANALYSED: Final[Body] = {
    "nps_score": 9,
    "nps_validated": True,
    "overall_feedback": "Very good.",
    "positives": ["Quick", "Friendly"],
    "action_items": ["Send the invoice"],
}


def report(call: Body, at: float | None = 130, **fields: Any) -> Body:  # noqa: ANN401 - any JSON value
    """Return a report as of July 2025; a field given as None is left out."""
    prompt = {"role": "system", "message": "You are an assistant.", "time": milliseconds(0), "secondsFromStart": 0}
    usual = {
        "analysis": {"summary": "The customer was content.", "structuredData": ANALYSED, "successEvaluation": "Good"},
        "artifact": {
            "messages": [prompt, *TURNS],
            "recordingUrl": "https://storage.example/artifact.wav",
            "recording": {"mono": {"combinedUrl": "https://storage.example/combined.wav"}},
            "variables": {},
        },
        "startedAt": iso(0.5),
        "endedAt": iso(120.25),
        "endedReason": "assistant-ended-call",
        "cost": 0.1651,
        "costBreakdown": {"total": 0.1651},
        "durationMs": 119750,
        "durationSeconds": 119.75,
        "durationMinutes": 1.9958,
        "summary": "The customer was content.",
        "transcript": "AI: Hello, how was your visit?\nUser: Very good.\n",
        "messages": [prompt, *TURNS],
        "recordingUrl": "https://storage.example/mono.wav",
    }
    given = {name: value for name, value in (usual | fields).items() if value is not None}
    return message("end-of-call-report", call, at, **given)


def bare_report(call: Body, at: float | None = 130, **fields: Any) -> Body:  # noqa: ANN401 - any JSON value
    """Return a report with the given fields only."""
    return message("end-of-call-report", call, at, **fields)
