"""The webhooks of a simulated call, in the shapes that Vapi sends. Pure: the same script gives the same bodies.

Like real ones, every body repeats the whole assistant configuration with prompt and secrets, and has the turns in up to
four copies. All secrets contain `CANARY`, so that a test can check that they are stored nowhere.
"""

import json
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from local.simulator.scenario import CallScript, Turn

Body = dict[str, Any]
CANARY: Final = "canary-"
EVERY_TYPE: Final = frozenset(
    {"status-update", "conversation-update", "speech-update", "transcript", "hang", "end-of-call-report"}
)
ESSENTIAL_TYPES: Final = frozenset({"status-update", "hang", "end-of-call-report"})
"""The messages of a minimal subscription."""
WATCHING_TYPES: Final = ESSENTIAL_TYPES | {"conversation-update"}
"""The messages of a subscription for watching calls live."""

_ORGANIZATION: Final = str(uuid5(NAMESPACE_URL, "https://example.com/organization"))
_ASSISTANT: Final = str(uuid5(NAMESPACE_URL, "https://example.com/assistant"))
_PHONE_NUMBER: Final = str(uuid5(NAMESPACE_URL, "https://example.com/phone-number"))
_GUIDELINES: Final = (
    "Be polite, brief and patient, and let the customer finish.",
    "Ask one question at a time, and repeat the score back before you go on.",
    "If the customer is upset, apologise once, note the reason, and offer a call by a manager.",
    "Never promise a price, a date or a part; say that the service desk will get back to them.",
    "If you reach a mailbox, say who called and why in one sentence, and end the call.",
    "If the customer asks for a person, use the transfer tool without further questions.",
)
_PROMPT: Final = "\n".join(
    [f"You call customers of Example Motors after a service visit ({CANARY}prompt)."]
    + [f"{number}. {_GUIDELINES[number % len(_GUIDELINES)]}" for number in range(1, 71)]
)
"""About 6 KB, as long as real prompts are."""
_ENDED_AFTER: Final = 2.5
"""Seconds from the end of a call to its status-update; published measurements of 20 real calls."""
_REPORTED_AFTER: Final = 5.5
"""Seconds from the end of a call to its report."""


def webhooks(script: CallScript, types: Collection[str] = EVERY_TYPE) -> list[tuple[float, Body]]:
    """Return every webhook of a call in the sender's order, each with its seconds since the call's creation."""
    bodies = [body for body in _write(script) if body["message"]["type"] in types]
    created = script.created_at.timestamp() * 1000
    return [(round((body["message"]["timestamp"] - created) / 1000, 3), body) for body in bodies]


def _write(script: CallScript) -> Iterator[Body]:
    if script.started_at:
        yield from _write_conversation(script, script.started_at)
    ended = {"status": "ended", "endedReason": script.ended_reason}
    yield _body(script, "status-update", script.ended_at + timedelta(seconds=_ENDED_AFTER), script.turns, ended)
    yield _write_report(script)


def _write_conversation(script: CallScript, start: datetime) -> Iterator[Body]:
    yield _body(script, "status-update", start - timedelta(milliseconds=2), (), {"status": "in-progress"})
    for place, turn in enumerate(script.turns):
        so_far = script.turns[: place + 1]
        yield from _write_turn(script, turn, so_far, start + timedelta(seconds=turn.ends))
        if script.stalls_after == turn.ends:
            yield _body(script, "hang", start + timedelta(seconds=turn.ends, milliseconds=100), so_far, {})


def _write_turn(script: CallScript, turn: Turn, so_far: tuple[Turn, ...], at: datetime) -> Iterator[Body]:
    if turn.role in {"bot", "user"}:
        speaker = "assistant" if turn.role == "bot" else "user"
        yield _body(
            script, "speech-update", at, so_far, {"status": "stopped", "role": speaker, "turn": len(so_far) - 1}
        )
        spoken = {"role": speaker, "transcriptType": "final", "transcript": turn.text}
        yield _body(script, "transcript", at + timedelta(milliseconds=10), so_far, spoken)
    history = {"conversation": _openai_items(so_far), "messages": _vapi_items(script, so_far)}
    yield _body(script, "conversation-update", at + timedelta(milliseconds=20), so_far, history)


def _write_report(script: CallScript) -> Body:
    report = {
        "analysis": _analysis(script),
        "endedAt": _iso(script.ended_at),
        "endedReason": script.ended_reason,
        "cost": script.cost,
        "costBreakdown": {"stt": 0.01, "llm": 0.02, "tts": 0.01, "vapi": 0.05, "total": script.cost},
        "costs": [{"type": kind, "cost": 0.01} for kind in ("transcriber", "model", "voice", "vapi")],
        "summary": script.feedback.summary if script.feedback else "",
        "transcript": _plain_transcript(script),
        "messages": _vapi_items(script, script.turns),
        **_recordings(script),
        **_durations(script),
    }
    return _body(
        script, "end-of-call-report", script.ended_at + timedelta(seconds=_REPORTED_AFTER), script.turns, report
    )


def _body(script: CallScript, kind: str, at: datetime, turns: tuple[Turn, ...], fields: Body) -> Body:
    message = {
        "timestamp": round(at.timestamp() * 1000),
        "type": kind,
        **fields,
        "artifact": _artifact(script, turns, complete=kind == "end-of-call-report"),
        "call": _call(script),
        "phoneNumber": _phone_number(),
        "customer": {"number": script.customer_phone, "name": script.customer_name},
        "assistant": _assistant(script),
    }
    return {"message": message}


def _call(script: CallScript) -> Body:
    return {
        "id": script.vapi_call_id,
        "orgId": _ORGANIZATION,
        "createdAt": _iso(script.created_at),
        "updatedAt": _iso(script.created_at),  # Vapi sends the call as it was created
        "type": "outboundPhoneCall",
        "status": "queued",
        "cost": 0,
        "monitor": {
            "listenUrl": f"wss://monitor.example.com/{CANARY}listen",
            "controlUrl": f"https://monitor.example.com/{CANARY}control",
        },
        "transport": {"provider": "twilio", "callSid": "CA0000", "accountSid": "AC0000", "callToken": f"{CANARY}token"},
        "phoneCallProvider": "twilio",
        "phoneCallTransport": "pstn",
        "assistantId": _ASSISTANT,
        "assistantOverrides": {"variableValues": _variables(script)},
        "phoneNumberId": _PHONE_NUMBER,
        "customer": {"number": script.customer_phone, "name": script.customer_name},
    }


def _variables(script: CallScript) -> Body:
    ours = {} if script.call_id is None else {"call_id": str(script.call_id)}
    return ours | {
        "customer_name": script.customer_name,
        "customer_phone": script.customer_phone,
        "vehicle_info": script.vehicle,
        "service_type": script.service,
        "service_advisor_name": script.advisor,
        "organization_name": "Example Motors",
        "location": "Sampleville",
        "is_demo": "true",
    }


def _phone_number() -> Body:
    return {
        "id": _PHONE_NUMBER,
        "orgId": _ORGANIZATION,
        "number": "+12025550100",
        "provider": "twilio",
        "twilioAccountSid": "AC0000",
        "twilioAuthToken": f"{CANARY}twilio",
        "serverUrlSecret": f"{CANARY}number-secret",
    }


def _assistant(script: CallScript) -> Body:
    return {
        "id": _ASSISTANT,
        "orgId": _ORGANIZATION,
        "name": "Follow-up",
        "voice": {"provider": "vapi", "voiceId": "Example"},
        "model": {
            "provider": "openai",
            "model": "example-model",
            "messages": [{"role": "system", "content": _PROMPT}],
            "tools": [_transfer_tool()],
        },
        "transcriber": {"provider": "deepgram", "model": "example", "keywords": ["Example:2", "Motors:2"]},
        "credentials": [{"provider": "openai", "apiKey": f"{CANARY}api-key"}],
        "server": {
            "url": "https://calls.example.com/api/v1/webhooks/vapi-webhook",
            "secret": f"{CANARY}server-secret",
            "headers": {"authorization": f"Bearer {CANARY}header"},
        },
        "analysisPlan": {"structuredDataPlan": {"enabled": True, "schema": _schema()}},
        "variableValues": _variables(script),
        "metadata": {"token": f"{CANARY}metadata"},
    }


def _transfer_tool() -> Body:
    return {
        "type": "transferCall",
        "function": {
            "name": "transfer_call",
            "parameters": {"type": "object", "properties": {"destination": {"type": "string"}}},
        },
        "server": {"url": "https://tools.example.com", "secret": f"{CANARY}tool-secret"},
    }


def _schema() -> Body:
    fields = ("nps_score", "overall_feedback", "positives", "detractors", "action_items")
    return {
        "type": "object",
        "properties": {field: {"type": "string", "description": f"The {field}"} for field in fields},
    }


def _artifact(script: CallScript, turns: tuple[Turn, ...], *, complete: bool) -> Body:
    items = {"messages": _vapi_items(script, turns), "messagesOpenAIFormatted": _openai_items(turns)}
    if not complete:
        return items
    recordings = _recordings(script)
    if recordings:
        recordings["recording"] = {
            "stereoUrl": recordings["stereoRecordingUrl"],
            "mono": {"combinedUrl": recordings["recordingUrl"]},
        }
    nodes = [{"type": "conversation", "name": "start", "prompt": _PROMPT, "messages": items["messages"]}]
    values = {"nodes": nodes, "variables": {}, "variableValues": _variables(script)}
    return items | {"transcript": _plain_transcript(script)} | values | recordings


def _vapi_items(script: CallScript, turns: tuple[Turn, ...]) -> list[Body]:
    start = (script.started_at or script.created_at).timestamp() * 1000
    system = {"role": "system", "message": _PROMPT, "time": start, "secondsFromStart": 0}
    return [system, *(_vapi_item(turn, start) for turn in turns)]


def _vapi_item(turn: Turn, start: float) -> Body:
    times = {"time": round(start + turn.begins * 1000, 4), "secondsFromStart": turn.begins}
    if turn.role == "tool_calls":
        call = {"id": "call_0", "type": "function", "function": {"name": "transfer_call", "arguments": turn.text}}
        return {"role": turn.role, "toolCalls": [call], "message": "", **times}
    if turn.role == "tool_call_result":
        return {"role": turn.role, "toolCallId": "call_0", "name": "transfer_call", "result": turn.text, **times}
    end = round(start + turn.ends * 1000, 4)
    return {
        "role": turn.role,
        "message": turn.text,
        "endTime": end,
        "duration": end - times["time"],
        "source": "",
        **times,
    }


def _openai_items(turns: tuple[Turn, ...]) -> list[Body]:
    return [{"role": "system", "content": _PROMPT}, *(_openai_item(turn) for turn in turns)]


def _openai_item(turn: Turn) -> Body:
    if turn.role == "tool_calls":
        call = {"id": "call_0", "type": "function", "function": {"name": "transfer_call", "arguments": turn.text}}
        return {"role": "assistant", "tool_calls": [call]}
    if turn.role == "tool_call_result":
        return {"role": "tool", "tool_call_id": "call_0", "content": turn.text}
    return {"role": "assistant" if turn.role == "bot" else "user", "content": turn.text}


def _analysis(script: CallScript) -> Body:
    if script.feedback is None:
        return {}
    lists = {
        "positives": script.feedback.positives,
        "detractors": script.feedback.detractors,
        "action_items": script.feedback.actions,
    }
    score = -1 if script.feedback.score is None else script.feedback.score
    data: Body = {"nps_score": score, "nps_validated": score >= 0, "overall_feedback": script.feedback.overall}
    # Vapi omits an empty list as often as it sends it.
    data |= {name: list(items) for name, items in lists.items() if items}
    return {"summary": script.feedback.summary, "structuredData": data, "successEvaluation": "Good"}


def _recordings(script: CallScript) -> Body:
    if script.started_at is None:
        return {}
    base = f"https://recordings.example.com/{script.vapi_call_id}"
    return {"recordingUrl": f"{base}-mono.wav", "stereoRecordingUrl": f"{base}-stereo.wav"}


def _durations(script: CallScript) -> Body:
    if script.started_at is None:
        return {}
    milliseconds = round((script.ended_at - script.started_at) / timedelta(milliseconds=1))
    return {
        "startedAt": _iso(script.started_at),
        "durationMs": milliseconds,
        "durationSeconds": milliseconds / 1000,
        "durationMinutes": round(milliseconds / 60_000, 4),
    }


def _plain_transcript(script: CallScript) -> str:
    speakers = {"bot": "AI", "user": "User"}
    return "".join(f"{speakers[turn.role]}: {turn.text}\n" for turn in script.turns if turn.role in speakers)


def _iso(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def size(body: Body) -> int:
    """Return the number of bytes of a body as it is sent."""
    return len(json.dumps(body, separators=(",", ":")))
