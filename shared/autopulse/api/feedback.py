"""The routes of feedback: statistics, and the list behind them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Annotated, Any, Final

from aws_lambda_powertools.event_handler.api_gateway import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import TypeAdapter

from autopulse.api.database import ask
from autopulse.api.dependencies import CurrentPrincipal, csv_response
from autopulse.api.lists import Listing, fit_json
from autopulse.api.models import (
    FeedbackItem,
    FeedbackPage,
    FeedbackSummary,
    GroupTally,
    PeriodTally,
    ReasonCount,
    Tally,
)
from autopulse.api.parameters import (
    MAX_PERIODS,
    FeedbackExport,
    FeedbackList,
    FollowUpSummaryQuery,
    QualitySummary,
    Summary,
    periods_between,
)
from autopulse.api.trace import note_shown
from autopulse.db.queries.pages import read_feedback
from autopulse.db.queries.summary import Span, read_summary
from autopulse.domain.nps import nps_of
from autopulse.domain.reasons import label_of
from autopulse.errors import Problem

FEEDBACK: Final = Listing("feedback", read_feedback, TypeAdapter(list[FeedbackItem]), lambda item: item.call_id)
DEFAULT_SPAN: Final = timedelta(days=90)
MAX_GROUPS: Final = 200
_COUNTS: Final = TypeAdapter(list[dict[str, Any]])


def list_feedback(principal: CurrentPrincipal, query: Annotated[FeedbackList, Query()]) -> FeedbackPage:
    """List calls that have feedback, in the order in which they began."""
    page = fit_json(FEEDBACK.page(principal, query))
    note_shown(page.call_ids)
    return FeedbackPage(items=list(page.items), next_cursor=page.next_cursor)


def export_feedback(principal: CurrentPrincipal, query: Annotated[FeedbackExport, Query()]) -> Response[str]:
    """Export feedback as a CSV file for spreadsheets."""
    return csv_response("feedback", FeedbackItem, query, FEEDBACK.page(principal, query))


def summarize_feedback(principal: CurrentPrincipal, query: Annotated[Summary, Query()]) -> FeedbackSummary:
    """Return NPS, reach and response rates: total, by period, campaign or advisor; by default for the last 90 days."""
    since, until = time_of(query, query.period)
    span = Span(since.isoformat(), until.isoformat(), query.period, query.zone)
    document = ask(lambda session: read_summary(session, principal.scope, span, query.group, query.conditions()))
    return _summarize(since, until, query, _COUNTS.validate_json(document))


def time_of(query: Summary | QualitySummary | FollowUpSummaryQuery, period: str | None) -> tuple[datetime, datetime]:
    """The time span of a summary; raises Problem if it is empty, or has too many periods."""
    try:
        until = query.until or max(datetime.now(timezone.utc), query.since or datetime.now(timezone.utc))
        since = query.since or until - DEFAULT_SPAN
    except OverflowError as error:
        raise Problem(400, "The time is out of range.", field="to") from error
    if since >= until:
        raise Problem(400, "The time ends before it begins.", field="to")
    if periods_between(until - since, period) > MAX_PERIODS:
        raise Problem(400, f"The time has more than {MAX_PERIODS} such periods.", field="period")
    return since, until


def _summarize(
    since: datetime, until: datetime, query: Summary, counts: Sequence[Mapping[str, Any]]
) -> FeedbackSummary:
    of = {
        name: [count for count in counts if count["set"] == name]
        for name in ("total", "period", "group", "outcome", "score", "reason")
    }
    given = {count["score"]: int(count["calls"]) for count in of["score"]}
    groups = sorted(of["group"], key=lambda count: -count["calls"])[:MAX_GROUPS] if query.group else []
    return FeedbackSummary(
        since=since,
        until=until,
        total=Tally(**_tally(of["total"][0])),
        outcomes={count["outcome"]: int(count["calls"]) for count in of["outcome"] if count["outcome"] is not None},
        scores=[given.get(score, 0) for score in range(11)],
        periods=[PeriodTally(**_tally(count), starts=count["starts"], ends=count["ends"]) for count in of["period"]]
        if query.period
        else [],
        groups=[
            GroupTally(**_tally(count), key=count["key"], name=count["name"]) for count in groups if count["calls"]
        ],
        reasons=[
            ReasonCount(key=count["key"], label=count["name"] or label_of(count["key"]), count=int(count["calls"]))
            for count in sorted(of["reason"], key=lambda count: (-count["calls"], count["key"]))
        ],
    )


def _tally(count: Mapping[str, Any]) -> dict[str, Any]:
    nps = nps_of(int(count["promoters"]), int(count["passives"]), int(count["detractors"]))
    responses = count["promoters"] + count["passives"] + count["detractors"]
    return {
        "calls": count["calls"],
        "tried": count["tried"],
        "reached": count["reached"],
        "reach_rate": _rate(count["reached"], count["tried"]),
        "responses": responses,
        "response_rate": _rate(responses, count["reached"]),
        "promoters": count["promoters"],
        "passives": count["passives"],
        "detractors": count["detractors"],
        "nps": nps.score if nps else None,
        "nps_low": nps.low if nps else None,
        "nps_high": nps.high if nps else None,
        "average_duration_seconds": _rate(count["seconds"], count["timed"], 1),
    }


def _rate(part: float, whole: float, digits: int = 4) -> float | None:
    return round(part / whole, digits) if whole else None
