"""Statistics of the quality of calls: costs, latencies by the assistant's version, lost answers."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Final

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import TypeAdapter

from autopulse.api.database import ask
from autopulse.api.dependencies import CurrentPrincipal
from autopulse.api.feedback import time_of
from autopulse.api.parameters import QualitySummary
from autopulse.api.quality_models import AnswerFigures, CostFigures, QualityFigures, VersionFigures
from autopulse.db.queries.quality import read_quality_summary
from autopulse.db.queries.summary import Span

_FIGURES: Final = TypeAdapter(dict[str, Any])
_DOLLAR_DIGITS: Final = 4


def summarize_quality(principal: CurrentPrincipal, query: Annotated[QualitySummary, Query()]) -> QualityFigures:
    """Return costs of calls, latencies by week and assistant version, and numbers of lost structured outputs."""
    since, until = time_of(query, "week")
    span = Span(since.isoformat(), until.isoformat(), "week", query.zone)
    document = ask(lambda session: read_quality_summary(session, principal.scope, span, query.conditions()))
    found = _FIGURES.validate_json(document)
    told = found["told"]
    return QualityFigures(
        since=since,
        until=until,
        costs=_costs(found["counts"], told),
        answers=AnswerFigures(
            expected=told["expected"],
            lost=told["lost"],
            lost_share=round(told["lost"] / told["expected"], 4) if told["expected"] else None,
        ),
        measured=told["measured"],
        median_turn_latency_ms=told["latency"],
        versions=[VersionFigures(**version) for version in found["versions"]],
    )


def _costs(counts: Mapping[str, int], told: Mapping[str, Any]) -> CostFigures:
    dollars = told["dollars"]
    return CostFigures(
        **counts,
        dollars=Decimal(str(dollars)),
        unpriced=told["unpriced"],
        per_call=_per(dollars, counts["calls"]),
        per_reached=_per(dollars, counts["reached"]),
        per_response=_per(dollars, counts["responses"]),
    )


def _per(dollars: float, count: int) -> float | None:
    """The cost per item; null if the total is 0, because the costs are then not known."""
    return round(dollars / count, _DOLLAR_DIGITS) if dollars and count else None
