"""`end-of-call-report`: everything about a call that is over. The latest report replaces all that reports write."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from autopulse.consumers.calls import Change, notice, record_changes
from autopulse.consumers.news import CallNews, Consumer, Record
from autopulse.db.calls import ReportedValues
from autopulse.db.feedback import replace_feedback
from autopulse.db.transcripts import REPORT, replace_turns
from autopulse.domain.answers import AnswerNames
from autopulse.domain.facts import Facts, Precedence, ReportFacts, TurnsFacts, join, join_all
from autopulse.domain.feedback import Analysis
from autopulse.domain.notices import Notice, NoticeType
from autopulse.domain.status import COMPLETED, Status
from autopulse.domain.turns import Turns, read_spoken_text, read_turns
from autopulse.settings import consumer_settings
from autopulse.vapi.analysis import read_analysis
from autopulse.vapi.messages import Envelope, ReportMessage

MAX_REASON_CHARACTERS = 100
"""Of `call.call_reason`."""


@dataclass(frozen=True, slots=True)
class Report:
    """One report, read."""

    event_id: str
    facts: Facts
    turns: Turns
    analysis: Analysis
    values: ReportedValues


def apply(session: Session, calls: Sequence[CallNews[ReportMessage]]) -> list[Notice]:
    """Store what the winning reports say, and the turns of the latest that has any."""
    names = consumer_settings().answer_names
    reports = {news.call.id: [read_report(record, names) for record in news.records] for news in calls}
    winners = [(news, *_winners(news, reports[news.call.id])) for news in calls]
    recorded = [(change, report) for _, change, report, _ in winners if report is not None]
    turned = [(change, report) for _, change, _, report in winners if report is not None]
    if recorded:
        replace_feedback(session, [(change.news.call.id, report.analysis.feedback) for change, report in recorded])
    if turned:
        replace_turns(session, REPORT, {change.news.call.id: report.turns.turns for change, report in turned})
    notices = record_changes(session, [change for _, change, _, _ in winners])
    return notices + [_transcript_notice(*item) for item in turned] + [_feedback_notice(*item) for item in recorded]


def read_report(record: Record[ReportMessage], names: AnswerNames) -> Report:
    """Read one report; nothing in it is required. `names` are what the answers may be called."""
    envelope, message = record.envelope, record.message
    turns = _turns(envelope, message)
    analysis = read_analysis(message, names)
    reason = analysis.call_reason[:MAX_REASON_CHARACTERS] if analysis.call_reason else None
    values = ReportedValues(analysis.nps_score, analysis.summary, message.recording_url, message.cost, reason)
    return Report(envelope.event_id, _facts(envelope, message, turns, values), turns, analysis, values)


def _turns(envelope: Envelope, message: ReportMessage) -> Turns:
    turns = read_turns(message.messages, envelope.news_at, message.started_at)
    if turns.turns or not message.transcript:
        return turns
    return read_spoken_text(message.transcript, envelope.news_at, message.speaker_names)


def _facts(envelope: Envelope, message: ReportMessage, turns: Turns, values: ReportedValues) -> Facts:
    timed = envelope.occurred_at is not None
    precedence = Precedence(timed, envelope.news_at, envelope.event_id)
    report = ReportFacts(precedence, message.started_at, message.ended_at, message.duration_sec, message.ended_reason)
    given = {
        "start_time": report.start_time,
        "end_time": report.end_time,
        "duration_sec": report.duration_sec,
        "ended_reason": report.ended_reason,
        "call_reason": values.call_reason,
    }
    return Facts(
        status=Status(COMPLETED, envelope.occurred_at),
        report=report,
        turns=TurnsFacts(precedence, turns.human) if turns.turns else None,
        given=frozenset(column for column, value in given.items() if value is not None),
    )


def _winners(
    news: CallNews[ReportMessage], reports: Sequence[Report]
) -> tuple[Change[ReportMessage], Report | None, Report | None]:
    """The change, and the reports of this batch whose values and whose turns are to be stored."""
    facts = join(news.facts, join_all(report.facts for report in reports))
    by_event = {report.event_id: report for report in reports}
    values = (
        by_event.get(facts.report.precedence.event_id) if facts.report != news.facts.report and facts.report else None
    )
    turns = by_event.get(facts.turns.precedence.event_id) if facts.turns != news.facts.turns and facts.turns else None
    return Change(news, facts, values.values if values else None), values, turns


def _transcript_notice(change: Change[ReportMessage], report: Report) -> Notice:
    count = {"turns": len(report.turns.turns), "skipped": report.turns.skipped}
    return notice(NoticeType.TRANSCRIPT_UPDATED, change.news, source=REPORT, **count)


def _feedback_notice(change: Change[ReportMessage], report: Report) -> Notice:
    recorded = report.analysis.feedback is not None
    return notice(NoticeType.FEEDBACK_RECORDED, change.news, nps_score=report.analysis.nps_score, feedback=recorded)


CONSUMER = Consumer("report", ReportMessage, apply)
