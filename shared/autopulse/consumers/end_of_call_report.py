"""`end-of-call-report`: all data of an attempt that has ended.

Of two reports about an attempt the more complete one counts, then the later one.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from autopulse.consumers.calls import Change, call_event, joined, record_changes
from autopulse.consumers.consumer import AttemptBatch, Consumer, Record
from autopulse.consumers.recordings import ask_for_copies
from autopulse.consumers.suppressions import suppress_who_asks_for_it
from autopulse.consumers.turns import list_of, record_lists, transcript_event
from autopulse.db.engine import Transaction
from autopulse.domain.answers import AnswerNames
from autopulse.domain.bounds import cut
from autopulse.domain.events import CallEvent, CallEventType
from autopulse.domain.facts import Facts, Precedence, ReportFacts
from autopulse.domain.feedback import Analysis
from autopulse.domain.lists import REPORT, Rank, visible
from autopulse.domain.status import COMPLETED, Status
from autopulse.domain.turns import Turns
from autopulse.settings import stack_answer_names
from autopulse.vapi.analysis import read_analysis
from autopulse.vapi.messages import ReceivedEnvelope, ReportMessage
from autopulse.vapi.quality import read_quality
from autopulse.vapi.turns import read_spoken_text, read_turns

MAX_CALL_REASON_CHARACTERS: Final = 100
"""The maximum length of `call.call_reason`."""


class Report(NamedTuple):
    """The content of one report."""

    facts: Facts
    turns: Turns


def apply(transaction: Transaction, attempts: Sequence[AttemptBatch[ReportMessage]]) -> list[CallEvent]:
    """Store the facts of the reports that count, and the turns of each list."""
    names = stack_answer_names()
    reports = {
        record.envelope.event_id: read_report(record, names) for attempt in attempts for record in attempt.records
    }
    changes = [joined(attempt, lambda record: reports[record.envelope.event_id].facts) for attempt in attempts]
    lists = {event_id: report.turns.turns for event_id, report in reports.items()}
    changes = record_lists(transaction, [(change, lists) for change in changes])
    call_events = record_changes(transaction, changes, with_words=True)
    suppress_who_asks_for_it(transaction, changes)
    return call_events + [one for change in changes for one in _call_events(change, reports)]


def read_report(record: Record[ReportMessage], names: AnswerNames) -> Report:
    """Read one report, none of whose fields is required. `names` are the names that answers may have."""
    envelope, message = record.envelope, record.message
    turns = _turns(envelope, message)
    analysis = read_analysis(message, names)
    report = _report_facts(envelope, message, turns, analysis)
    precedence = report.precedence
    rank = Rank(precedence.answers, precedence.timed, precedence.at, 0, precedence.event_id)
    given = {
        "start_time": report.start_time,
        "end_time": report.end_time,
        "duration_sec": report.duration_sec,
        "ended_reason": report.ended_reason,
        "call_reason": report.call_reason,
    }
    facts = Facts(
        status=Status(COMPLETED, envelope.occurred_at),
        report=report,
        lists=list_of(REPORT, turns, rank),
        human_turn=turns.human,
        reported_columns=frozenset(column for column, value in given.items() if value is not None),
    )
    return Report(facts, turns)


def _turns(envelope: ReceivedEnvelope, message: ReportMessage) -> Turns:
    turns = read_turns(message.messages, envelope.event_time, message.started_at, envelope.received_at)
    if turns.turns or not message.transcript:
        return turns
    return read_spoken_text(message.transcript, envelope.event_time, message.speaker_names)


def _report_facts(envelope: ReceivedEnvelope, message: ReportMessage, turns: Turns, analysis: Analysis) -> ReportFacts:
    return ReportFacts(
        Precedence(
            answers=analysis.has_answers,
            turns=bool(turns.turns),
            timed=envelope.occurred_at is not None,
            at=envelope.event_time,
            event_id=envelope.event_id,
        ),
        start_time=message.started_at,
        end_time=message.ended_at,
        duration_sec=message.duration_sec,
        ended_reason=message.ended_reason,
        nps_score=analysis.nps_score,
        call_reason=analysis.call_reason and cut(analysis.call_reason, MAX_CALL_REASON_CHARACTERS),
        feedback_summary=analysis.summary,
        recording_url=message.recording_url,
        recording_expires_at=message.recording_expires_at,
        cost=message.cost,
        feedback=analysis.feedback,
        origin=envelope.origin,
        quality=read_quality(envelope.message or {}, message, envelope.received_at),
    )


def _call_events(change: Change[ReportMessage], reports: dict[str, Report]) -> list[CallEvent]:
    attempt, report = change.attempt, change.facts.report
    new = {record.envelope.event_id for record in attempt.records}
    shown = [reports[id_].turns for list_ in visible(change.facts.lists) if (id_ := list_.rank.event_id) in new]
    call_events = []
    if shown:
        turns, skipped = sum(len(one.turns) for one in shown), sum(one.skipped for one in shown)
        call_events.append(transcript_event(attempt, REPORT, turns=turns, skipped=skipped))
    if report is not None and report.precedence.event_id in new:
        told = report.feedback is not None
        call_events.append(
            call_event(CallEventType.FEEDBACK_RECORDED, attempt, nps_score=report.nps_score, feedback=told)
        )
    return call_events


CONSUMER = Consumer("end_of_call_report", ReportMessage, apply, changes_service_records=True, follow_up=ask_for_copies)
