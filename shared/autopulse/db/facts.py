"""`vapi_call`: the facts of a call, as its columns and as JSON."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from autopulse.domain.facts import (
    ConversationFacts,
    Ending,
    Facts,
    Precedence,
    ReportFacts,
    TurnsFacts,
)
from autopulse.domain.status import Status

FACT_COLUMNS: Final = """
    status varchar, status_at timestamptz, in_progress_at timestamptz, ended_at timestamptz,
    ended_reason_at timestamptz, ended_status_reason text,
    reported_at timestamptz, reported_timed boolean, report_event_id text, report_start_time timestamptz,
    report_end_time timestamptz, report_duration_sec integer, report_ended_reason text,
    turns_at timestamptz, turns_timed boolean, turns_event_id text, human_turn boolean,
    conversation_at timestamptz, conversation_length integer, conversation_event_id text, given text[]
"""
FACT_NAMES: Final = tuple(column.split()[0] for column in FACT_COLUMNS.split(","))


def read_facts(stored: Mapping[str, Any]) -> Facts:
    """Facts from a `vapi_call` row as JSON."""
    return Facts(
        status=Status(stored["status"], _time(stored["status_at"])) if stored["status"] else None,
        in_progress_at=_time(stored["in_progress_at"]),
        ended_at=_time(stored["ended_at"]),
        ending=_read_ending(stored),
        report=_read_report(stored),
        turns=_read_turns(stored),
        conversation=_read_conversation(stored),
        given=frozenset(stored["given"] or ()),
    )


def _time(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


def _precedence(stored: Mapping[str, Any], timed: str, at: str, event_id: str) -> Precedence | None:
    moment = _time(stored[at])
    return None if moment is None else Precedence(stored[timed], moment, stored[event_id])


def _read_ending(stored: Mapping[str, Any]) -> Ending | None:
    at = _time(stored["ended_reason_at"])
    return None if at is None else Ending(at, stored["ended_status_reason"])


def _read_report(stored: Mapping[str, Any]) -> ReportFacts | None:
    precedence = _precedence(stored, "reported_timed", "reported_at", "report_event_id")
    if precedence is None:
        return None
    return ReportFacts(
        precedence,
        _time(stored["report_start_time"]),
        _time(stored["report_end_time"]),
        stored["report_duration_sec"],
        stored["report_ended_reason"],
    )


def _read_turns(stored: Mapping[str, Any]) -> TurnsFacts | None:
    precedence = _precedence(stored, "turns_timed", "turns_at", "turns_event_id")
    return None if precedence is None else TurnsFacts(precedence, stored["human_turn"])


def _read_conversation(stored: Mapping[str, Any]) -> ConversationFacts | None:
    at = _time(stored["conversation_at"])
    if at is None:
        return None
    return ConversationFacts(at, stored["conversation_length"], stored["conversation_event_id"])


def facts_as_json(facts: Facts) -> dict[str, Any]:
    """Only what is known; json_to_recordset reads the rest as null."""
    values: dict[str, Any] = {"in_progress_at": facts.in_progress_at, "ended_at": facts.ended_at}
    values["given"] = sorted(facts.given)
    if facts.status:
        values |= {"status": facts.status.name, "status_at": facts.status.at}
    if facts.ending:
        values |= {"ended_reason_at": facts.ending.at, "ended_status_reason": facts.ending.reason}
    if facts.report:
        values |= _report_as_json(facts.report)
    if facts.turns:
        at = facts.turns.precedence
        values |= {"turns_at": at.at, "turns_timed": at.timed, "turns_event_id": at.event_id}
        values["human_turn"] = facts.turns.human_turn
    if facts.conversation:
        values |= {"conversation_at": facts.conversation.at, "conversation_length": facts.conversation.length}
        values["conversation_event_id"] = facts.conversation.event_id
    return values


def _report_as_json(report: ReportFacts) -> dict[str, Any]:
    at = report.precedence
    return {
        "reported_at": at.at,
        "reported_timed": at.timed,
        "report_event_id": at.event_id,
        "report_start_time": report.start_time,
        "report_end_time": report.end_time,
        "report_duration_sec": report.duration_sec,
        "report_ended_reason": report.ended_reason,
    }
