"""SQS records of simulated calls, as the verifier and Lambda create them."""

import hashlib
import json
import uuid
from datetime import datetime, timedelta, timezone
from typing import Any

START = datetime(2026, 11, 2, 15, 0, tzinfo=timezone.utc)
Record = dict[str, Any]


def vapi_id(call_id: int) -> str:
    return f"0193a000-0000-7000-8000-{call_id:012d}"


def status(call_id: int, word: str = "in-progress", at: int = 10, **message: object) -> Record:
    return record("status_update", call_id, at, {"type": "status-update", "status": word, **message})


def hang(call_id: int, at: int = 20, **message: object) -> Record:
    return record("hang", call_id, at, {"type": "hang", **message})


def conversation(call_id: int, turns: int = 2, at: int = 30, words: str = "Turn") -> Record:
    return record("conversation_update", call_id, at, {"type": "conversation-update", "messages": spoken(turns, words)})


def transcript(call_id: int, words: str = "Hello.", at: int = 15) -> Record:
    message = {"type": "transcript", "transcriptType": "final", "role": "user", "transcript": words}
    return record("transcript", call_id, at, message)


def report(call_id: int, score: object = 9, turns: int = 4, at: int = 60, **message: object) -> Record:
    content = {
        "type": "end-of-call-report",
        "endedReason": "customer-ended-call",
        "startedAt": (START + timedelta(seconds=10)).isoformat(),
        "endedAt": (START + timedelta(seconds=50)).isoformat(),
        "durationSeconds": 40,
        "cost": 0.12,
        "analysis": {"summary": "All is well.", "structuredData": {"nps_score": score, "overall_feedback": "Fine."}},
        "messages": spoken(turns),
    }
    return record("end_of_call_report", call_id, at, content | message)


def spoken(turns: int, words: str = "Turn") -> list[dict[str, Any]]:
    return [{"role": ("bot", "user")[n % 2], "message": f"{words} {n}.", "secondsFromStart": n} for n in range(turns)]


def record(kind: str, call_id: int, at: int, message: dict[str, Any], **envelope: object) -> Record:
    """Return a record of an SQS event; `at` is the sender's time in seconds after START."""
    content = {
        "version": 1,
        "kind": kind,
        "event_id": hashlib.sha256(json.dumps([kind, call_id, at, message]).encode()).hexdigest(),
        "vapi_call_id": vapi_id(call_id),
        "call_id": call_id,
        "occurred_at": (START + timedelta(seconds=at)).isoformat(),
        "received_at": (START + timedelta(seconds=at + 1)).isoformat(),
        "message": {"call": {"id": vapi_id(call_id), "type": "outboundPhoneCall"}, **message},
        **envelope,
    }
    return posted(json.dumps(content))


def posted(body: str, receive_count: int = 1) -> Record:
    return {
        "messageId": str(uuid.uuid4()),
        "receiptHandle": f"handle-{uuid.uuid4()}",
        "body": body,
        "attributes": {"ApproximateReceiveCount": str(receive_count)},
    }


def received(record: Record, times: int) -> Record:
    """Return the same message with this receive count."""
    return record | {"attributes": {"ApproximateReceiveCount": str(times)}}


def event_id_of(record: Record) -> str:
    return str(json.loads(record["body"])["event_id"])
