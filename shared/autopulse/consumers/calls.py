"""Bring calls up to date with new facts: the write that all kinds share."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic

from sqlalchemy.orm import Session

from autopulse.consumers.news import CallNews, M
from autopulse.db.calls import UNKNOWN_NUMBER, CallRow, LockedCall, ReportedValues, save_calls
from autopulse.db.feedback import follow_reports
from autopulse.domain.facts import CallState, Facts, state_of
from autopulse.domain.notices import Notice, NoticeType
from autopulse.domain.status import COMPLETED
from autopulse.vapi.ended_reasons import family_of
from autopulse.vapi.messages import CallSnapshot

MAX_NUMBER_CHARACTERS = 20
"""Of `call.customer_number`."""


@dataclass(frozen=True, slots=True)
class Change(Generic[M]):
    """A call with its new messages' facts joined to what was known."""

    news: CallNews[M]
    facts: Facts
    reported: ReportedValues | None = None
    """The winning report's values, if it is new."""


def customer_number(snapshot: CallSnapshot) -> str | None:
    """The customer's number, else SIP URI, as the column takes it."""
    number = snapshot.customer.number or snapshot.customer.sip_uri
    return number[:MAX_NUMBER_CHARACTERS] if number else None


def record_changes(session: Session, changes: Iterable[Change[M]]) -> list[Notice]:
    """Write what changed of each call, and the service records that follow; tells what people will see change."""
    rows = [(change, row) for change in changes if (row := _row(change)) is not None]
    if rows:
        save_calls(session, [row for _, row in rows])
    followed = {
        change.news.call.service_record_id
        for change, _ in rows
        if change.facts.report is not None and change.news.call.service_record_id is not None
    }
    if followed:
        follow_reports(session, sorted(followed))
    return [notice for change, row in rows for notice in _notices(change, row.state)]


def _row(change: Change[M]) -> CallRow | None:
    """What to write, or None if the database says so already."""
    call, snapshots = change.news.call, [record.message.call for record in change.news.records]
    link = _link(call, change.news)
    number = _number(call, snapshots)
    if change.facts == change.news.facts and (link, number, change.reported) == (None, None, None):
        return None
    state = state_of(change.facts, call.status, family_of)
    return CallRow(call.id, link, number, change.facts, state, change.reported, _is_reason_known(change))


def _is_reason_known(change: Change[M]) -> bool:
    """Whether the application's `call_reason` gives way: to a winning report, or to the first that gives any.

    A report that loses may be the first to give one; then the winner's, which is null, counts from now on.
    """
    given = "call_reason" in change.facts.given
    return given and (change.reported is not None or "call_reason" not in change.news.facts.given)


def _link(call: LockedCall, news: CallNews[M]) -> str | None:
    if call.vapi_call_id is not None:
        return None
    return next((id_ for record in news.records if (id_ := record.envelope.vapi_call_id) is not None), None)


def _number(call: LockedCall, snapshots: Sequence[CallSnapshot]) -> str | None:
    if call.customer_number != UNKNOWN_NUMBER:
        return None
    return next((number for snapshot in snapshots if (number := customer_number(snapshot))), None)


def _notices(change: Change[M], state: CallState) -> Iterable[Notice]:
    call = change.news.call
    if state.status != call.status:
        yield notice(NoticeType.CALL_STATUS_CHANGED, change.news, status=state.status, previous=call.status)
        if state.status == COMPLETED:
            outcome = state.outcome.value if state.outcome else None
            yield notice(NoticeType.CALL_COMPLETED, change.news, outcome=outcome, duration_sec=state.duration_sec)


def notice(type_: NoticeType, news: CallNews[M], **changed: object) -> Notice:
    """A notice about the call of `news`."""
    vapi_call_id = news.call.vapi_call_id or _link(news.call, news)
    received_at = min(record.envelope.received_at for record in news.records)
    return Notice(type_, news.call.id, vapi_call_id, news.call.organization_id, changed, received_at)
