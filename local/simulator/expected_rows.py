"""The rows that a simulated call must have after all its webhooks, and a comparison with the stored ones."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from pg8000.native import Connection

from local.database import connect, read_rows
from local.simulator.scenario import CallScript, Turn
from local.stack_paths import LocalStackError

_RECORD_STATUS: Final = {
    "reached": "Completed",
    "transferred": "Completed",
    "voicemail": "Missed",
    "busy": "Missed",
    "no_answer": "Missed",
    "failed": "Failed",
    "cancelled": "Scheduled",  # the application's value: no webhook has changed it
}
_ROLES: Final = {"bot": "assistant", "user": "human", "tool_calls": "tool", "tool_call_result": "tool_result"}


@dataclass(frozen=True)
class Truth:
    """The stored facts of one call that follow from its script."""

    status: str
    outcome: str
    ended_reason: str
    start_time: datetime | None
    end_time: datetime
    duration_sec: int | None
    nps_score: int | None
    turns: tuple[tuple[str, str], ...]
    """Role and content, in order."""
    feedback: tuple[str, ...]
    """Content of every feedback row."""
    positives: tuple[str | None, ...]
    stalls: int
    record_status: str
    record_feedback: str | None
    record_rating: int | None


def truth_of(script: CallScript) -> Truth:
    """Derive the facts that must be stored. The service record must have no other call."""
    score = script.feedback.score if script.feedback else None
    comment = _comment(script)
    return Truth(
        status="Completed",
        outcome=script.outcome,
        ended_reason=script.ended_reason,
        start_time=script.started_at,
        end_time=script.ended_at,
        duration_sec=_duration(script),
        nps_score=score,
        turns=tuple((_ROLES[turn.role], _content(turn)) for turn in script.turns),
        feedback=(comment,) if comment else (),
        positives=("\n".join(script.feedback.positives) or None,) if script.feedback else (),
        stalls=1 if script.stalls_after is not None else 0,
        record_status=_RECORD_STATUS[script.outcome],
        record_feedback=comment,
        record_rating=score,
    )


def read_truth(connection: Connection, call_id: int) -> Truth:
    """Read the same facts from the database."""
    call = read_rows(
        connection,
        "SELECT c.*, r.status AS record_status, r.feedback AS record_feedback, r.rating AS record_rating"
        " FROM call c JOIN service_record r ON r.id = c.service_record_id WHERE c.id = :id",
        id=call_id,
    )[0]
    fields = ("status", "outcome", "ended_reason", "start_time", "end_time", "duration_sec", "nps_score")
    record = ("record_status", "record_feedback", "record_rating")
    feedback = read_rows(connection, "SELECT content, positives FROM call_feedback WHERE call_id = :id", id=call_id)
    return Truth(
        turns=tuple((turn["role"], turn["content"]) for turn in read_turns(connection, call_id)),
        feedback=tuple(row["content"] for row in feedback),
        positives=tuple(row["positives"] for row in feedback),
        stalls=len(read_rows(connection, "SELECT 1 AS stall FROM call_incident WHERE call_id = :id", id=call_id)),
        **{field: call[field] for field in fields + record},
    )


def read_turns(connection: Connection, call_id: int) -> list[dict[str, Any]]:
    """Return the stored turns, in order."""
    return read_rows(
        connection, "SELECT * FROM transcript WHERE call_id = :id ORDER BY sequence, timestamp, id", id=call_id
    )


def differences(expected: Truth, stored: Truth) -> Iterator[str]:
    """Yield a description of every fact that differs."""
    is_value = asdict(stored)
    for field, value in asdict(expected).items():
        if value != is_value[field]:
            yield f"{field} is {is_value[field]!r} instead of {value!r}"


def compare(database_url: str, scripts: Sequence[CallScript]) -> Iterator[str]:
    """Yield a description of every fact about these calls that is wrong in the database."""
    with connect(database_url) as connection:
        for script in scripts:
            if script.call_id is None:
                raise LocalStackError("only calls with a row can be compared")
            for difference in differences(truth_of(script), read_truth(connection, script.call_id)):
                yield f"call {script.call_id}: {difference}"


def _duration(script: CallScript) -> int | None:
    if script.started_at is None:
        return None
    seconds = Decimal(round((script.ended_at - script.started_at).total_seconds() * 1000)) / 1000
    return int(seconds.quantize(Decimal(1), ROUND_HALF_UP))


def _comment(script: CallScript) -> str | None:
    if script.feedback is None:
        return None
    return script.feedback.summary if script.feedback.overall == "UNKNOWN" else script.feedback.overall


def _content(turn: Turn) -> str:
    return f"transfer_call({turn.text})" if turn.role == "tool_calls" else turn.text
