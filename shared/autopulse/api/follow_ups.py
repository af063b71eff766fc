"""The routes of follow-ups: the inbox, one follow-up with its entries, and statistics."""

from typing import Annotated, Any, Final

from aws_lambda_powertools.event_handler.api_gateway import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import TypeAdapter

from autopulse.api import cursors
from autopulse.api.database import ask
from autopulse.api.dependencies import CurrentPrincipal
from autopulse.api.feedback import time_of
from autopulse.api.follow_up_models import FollowUpDetail, FollowUpPage, FollowUpSummary, ListedFollowUp, etag_of
from autopulse.api.parameters import FollowUpList, FollowUpSummaryQuery
from autopulse.api.sizes import bytes_of, count_fitting, is_small
from autopulse.api.trace import note_shown
from autopulse.db.queries import follow_ups as questions
from autopulse.db.queries.pages import Position
from autopulse.db.queries.summary import Span
from autopulse.errors import Problem
from autopulse.json_coercion import MAX_CALL_ID

_ITEMS: Final = TypeAdapter(list[ListedFollowUp])
_DOCUMENT: Final = TypeAdapter(dict[str, Any])
_SHARE_DIGITS: Final = 4
FollowUpId = Annotated[int, Path(ge=1, le=MAX_CALL_ID, description="The id of the follow-up.")]


def list_follow_ups(principal: CurrentPrincipal, query: Annotated[FollowUpList, Query()]) -> FollowUpPage:
    """List follow-ups in descending order of their due times."""
    filters, states = query.conditions(), query.states()
    asked = filters | {"states": ",".join(states)} | ({"me": repr(principal.user)} if "me" in filters else {})
    binding = cursors.binding_of("follow-ups", principal.scope, "newest", asked)
    wanted = questions.FollowUpPage(
        scope=principal.scope,
        user=principal.user,
        states=states,
        filters=filters,
        rows=query.limit + 1,
        after=cursors.decode(query.cursor, binding) if query.cursor else None,
    )
    found = ask(lambda session: questions.read_follow_ups(session, wanted))
    items = _ITEMS.validate_json(found.document)[: query.limit]
    if not is_small(found.document):
        items = items[: count_fitting(map(bytes_of, items))]
    note_shown([item.call_id for item in items])
    more = found.rows > len(items)
    cursor = cursors.encode(Position(items[-1].due_at.isoformat(), items[-1].id), binding) if more else None
    return FollowUpPage(items=items, next_cursor=cursor)


def show_follow_up(principal: CurrentPrincipal, follow_up_id: FollowUpId) -> Response[FollowUpDetail]:
    """Return one follow-up with its latest 500 entries."""
    document = ask(lambda session: questions.read_follow_up(session, principal.scope, follow_up_id))
    if document is None:
        raise Problem(404, "There is no such follow-up.")
    detail = FollowUpDetail.model_validate_json(document)
    note_shown([detail.call_id])
    return Response(
        status_code=200, content_type="application/json", body=detail, headers={"etag": etag_of(detail.version)}
    )


def summarize_follow_ups(
    principal: CurrentPrincipal, query: Annotated[FollowUpSummaryQuery, Query()]
) -> FollowUpSummary:
    """Count the follow-ups that are open now, and return statistics of those that were opened in the time span."""
    since, until = time_of(query, query.period)
    span = Span(since.isoformat(), until.isoformat(), query.period, query.zone)
    document = ask(lambda session: questions.read_follow_up_summary(session, principal.scope, span))
    found = _DOCUMENT.validate_json(document)
    return FollowUpSummary.model_validate(
        {
            **found["now"],
            "since": since,
            "until": until,
            "answered_in_time": _with_share(found["answered_in_time"]),
            "next_score": found["next_score"],
            "total": _figures(found["total"]),
            "causes": [_figures(row) for row in found["causes"]],
            "assignees": [_figures(row) for row in found["assignees"]],
            "periods": [_figures(row) for row in found["periods"]],
        }
    )


def _with_share(row: dict[str, int]) -> dict[str, float | None]:
    return {**row, "share": round(row["count"] / row["of"], _SHARE_DIGITS) if row["of"] else None}


def _figures(row: dict[str, Any]) -> dict[str, Any]:
    """Statistics with the share that was answered in time, of those that were answered or are overdue."""
    decided = row.pop("decided")
    share = round(row["in_time"] / decided, _SHARE_DIGITS) if decided else None
    return row | {"in_time_share": share}
