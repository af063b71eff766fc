"""`vapi_call`: convert the facts of an attempt to columns and JSON, and back."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from autopulse.domain.attempts import CallColumns
from autopulse.domain.facts import BY_WEBHOOK, Ending, Facts, Identity, Precedence, ReportFacts
from autopulse.domain.feedback import Feedback
from autopulse.domain.lists import Lists, Rank, TurnList
from autopulse.domain.status import Status
from autopulse.domain.turns import Turn

ATTEMPT_COLUMNS: Final = """
    made_call boolean, call_type text, phone_number_id text, assistant_id text, squad_id text, workflow_id text,
    customer_number text, customer_sip_uri text, customer_name text, created_at timestamptz, first_at timestamptz,
    status varchar, status_at timestamptz, in_progress_at timestamptz, ended_at timestamptz,
    ended_reason_at timestamptz, ended_status_reason text,
    reported_at timestamptz, reported_timed boolean, report_has_answers boolean, report_has_turns boolean,
    report_event_id text, report_start_time timestamptz, report_end_time timestamptz, report_duration_sec integer,
    report_ended_reason text, report_origin varchar, human_turn boolean, segments jsonb, reported_columns text[],
    reconciliation varchar,
    start_time timestamptz, end_time timestamptz, duration_sec integer, ended_reason text, outcome varchar,
    nps_score integer, call_reason varchar, feedback_summary text, recording_url text, recording_expires_at timestamptz,
    cost numeric, feedback jsonb
"""
ATTEMPT_NAMES: Final = tuple(column.split()[0] for column in ATTEMPT_COLUMNS.split(","))
OF_REPORTS_AND_LISTS: Final = frozenset(
    {
        *("reported_at", "reported_timed", "report_has_answers", "report_has_turns", "report_event_id"),
        *("report_start_time", "report_end_time", "report_duration_sec", "report_ended_reason", "report_origin"),
        *("nps_score", "call_reason", "feedback_summary", "recording_url", "recording_expires_at", "cost", "feedback"),
        "segments",
    }
)
"""Columns that stay null until an attempt has a report or a list of turns, and then keep their values."""
_IDENTITY: Final = Identity._fields
_PLAIN: Final = (
    *_IDENTITY,
    *("created_at", "first_at", "in_progress_at", "ended_at", "human_turn", "reconciliation"),
    *("start_time", "end_time", "duration_sec", "ended_reason"),
)
"""Columns whose values `_plain` returns unchanged."""


def read_facts(stored: Mapping[str, Any]) -> Facts:
    """Read facts from a `vapi_call` row as JSON."""
    return Facts(
        identity=Identity(*(stored[name] for name in _IDENTITY)),
        created_at=read_stored_time(stored["created_at"]),
        first_at=read_stored_time(stored["first_at"]),
        status=Status(stored["status"], read_stored_time(stored["status_at"])) if stored["status"] else None,
        in_progress_at=read_stored_time(stored["in_progress_at"]),
        ended_at=read_stored_time(stored["ended_at"]),
        ending=_read_ending(stored),
        report=_read_report(stored),
        lists=_read_lists(stored["segments"] or ()),
        human_turn=bool(stored["human_turn"]),
        reported_columns=frozenset(stored["reported_columns"] or ()),
        reconciliation=stored["reconciliation"],
    )


def read_stored_time(value: str | None) -> datetime | None:
    """Read a time from Postgres' JSON."""
    return None if value is None else datetime.fromisoformat(value)


def read_stored_cost(value: float | None) -> Decimal | None:
    """Read a `numeric(12, 6)` from Postgres' JSON; a float keeps its 12 digits."""
    return None if value is None else Decimal(repr(value)).quantize(Decimal("0.000001"))


def read_stored_feedback(value: Mapping[str, Any] | None) -> Feedback | None:
    """Read feedback from JSON that `feedback_as_json` wrote, or from a row of `call_feedback`."""
    if value is None:
        return None
    return Feedback(
        value["content"],
        value.get("detractors"),
        value.get("positives"),
        value.get("action_items"),
        value.get("structured_data"),
        value.get("reason_category"),
    )


def _read_ending(stored: Mapping[str, Any]) -> Ending | None:
    at = read_stored_time(stored["ended_reason_at"])
    return None if at is None else Ending(at, stored["ended_status_reason"])


def _read_report(stored: Mapping[str, Any]) -> ReportFacts | None:
    at = read_stored_time(stored["reported_at"])
    if at is None:
        return None
    return ReportFacts(
        Precedence(
            answers=bool(stored["report_has_answers"]),
            turns=bool(stored["report_has_turns"]),
            timed=bool(stored["reported_timed"]),
            at=at,
            event_id=stored["report_event_id"],
        ),
        start_time=read_stored_time(stored["report_start_time"]),
        end_time=read_stored_time(stored["report_end_time"]),
        duration_sec=stored["report_duration_sec"],
        ended_reason=stored["report_ended_reason"],
        nps_score=stored["nps_score"],
        call_reason=stored["call_reason"],
        feedback_summary=stored["feedback_summary"],
        recording_url=stored["recording_url"],
        recording_expires_at=read_stored_time(stored["recording_expires_at"]),
        cost=read_stored_cost(stored["cost"]),
        feedback=read_stored_feedback(stored["feedback"]),
        origin=stored["report_origin"] or BY_WEBHOOK,
    )


def _read_lists(stored: Any) -> Lists:  # noqa: ANN401 - JSON
    return tuple(
        TurnList(
            source,
            key,
            Rank(answers, timed, datetime.fromisoformat(at), length, event_id),
            datetime.fromisoformat(begin),
            offset,
            tuple(Turn(place, role, content, datetime.fromisoformat(time)) for place, role, content, time in hidden),
        )
        for source, key, answers, timed, at, length, event_id, begin, offset, hidden in stored
    )


def attempt_as_json(facts: Facts, columns: CallColumns) -> dict[str, Any]:
    """A row of `vapi_call`: facts and computed columns, without unknown ones: json_to_recordset reads null."""
    values: dict[str, Any] = {
        name: value for name, value in zip(_PLAIN, _plain(facts, columns), strict=True) if value is not None
    }
    values["reported_columns"] = sorted(facts.reported_columns)
    if columns.outcome:
        values["outcome"] = columns.outcome.value
    if facts.status:
        values |= {"status": facts.status.name, "status_at": facts.status.at}
    if facts.ending:
        values |= {"ended_reason_at": facts.ending.at, "ended_status_reason": facts.ending.reason}
    if facts.report:
        values |= _report_as_json(facts.report)
    if facts.lists:
        values["segments"] = [
            (
                *(list_.source, list_.key, *list_.rank, list_.begin, list_.offset),
                [tuple(turn) for turn in list_.hidden],
            )
            for list_ in facts.lists
        ]
    return values


def _plain(facts: Facts, columns: CallColumns) -> tuple[Any, ...]:
    return (
        *facts.identity,
        *(facts.created_at, facts.first_at, facts.in_progress_at, facts.ended_at),
        *(facts.human_turn, facts.reconciliation),
        *(columns.start_time, columns.end_time, columns.duration_sec, columns.ended_reason),
    )


def _report_as_json(report: ReportFacts) -> dict[str, Any]:
    precedence = report.precedence
    return {
        "reported_at": precedence.at,
        "reported_timed": precedence.timed,
        "report_has_answers": precedence.answers,
        "report_has_turns": precedence.turns,
        "report_event_id": precedence.event_id,
        "report_start_time": report.start_time,
        "report_end_time": report.end_time,
        "report_duration_sec": report.duration_sec,
        "report_ended_reason": report.ended_reason,
        "report_origin": report.origin,
        "nps_score": report.nps_score,
        "call_reason": report.call_reason,
        "feedback_summary": report.feedback_summary,
        "recording_url": report.recording_url,
        "recording_expires_at": report.recording_expires_at,
        "cost": report.cost,
        "feedback": feedback_as_json(report.feedback),
    }


def feedback_as_json(feedback: Feedback | None) -> dict[str, Any] | None:
    """A row of `call_feedback`, or the value of a column that stores one."""
    return None if feedback is None else feedback._asdict()
