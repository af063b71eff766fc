"""The routes of calls: the list, one call, its transcript, its recording."""

from dataclasses import replace
from datetime import datetime, timezone
from typing import Annotated, Final

from aws_lambda_powertools.event_handler.api_gateway import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import TypeAdapter

from autopulse.api.database import ask
from autopulse.api.dependencies import CurrentPrincipal, csv_response
from autopulse.api.lists import Listing, fit_json
from autopulse.api.models import Call, CallCount, CallDetail, CallFields, CallPage, KeptRecording, Recording, Transcript
from autopulse.api.parameters import AttemptChoice, CallExport, CallFilters, CallList
from autopulse.api.recording import offer
from autopulse.api.sizes import MAX_BYTES, bytes_of, count_fitting, is_small
from autopulse.api.trace import note_shown
from autopulse.db.queries.calls import NO_ATTEMPT, read_call, read_recording, read_transcript
from autopulse.db.queries.filters import Filters, of_service_records
from autopulse.db.queries.pages import PageRequest, count_calls, read_calls
from autopulse.db.queries.search import is_search
from autopulse.errors import Problem
from autopulse.json_coercion import MAX_CALL_ID

CALLS: Final = Listing("calls", read_calls, TypeAdapter(list[Call]), lambda call: call.id)
MOST_COUNTED: Final = 1000
"""The maximum count; counting more would take longer than a page of the list, and be of no use to people."""
MOST_COUNTED_BY_VISITS: Final = 100
"""The maximum count if the visit or the words of each call have to be looked up."""
CallId = Annotated[int, Path(ge=1, le=MAX_CALL_ID, description="The id of the call.")]


def list_calls(principal: CurrentPrincipal, query: Annotated[CallList, Query()]) -> CallPage:
    """List calls in the order in which they began."""
    page = fit_json(CALLS.page(principal, query))
    note_shown(page.call_ids)
    return CallPage(items=list(page.items), next_cursor=page.next_cursor)


def show_count(principal: CurrentPrincipal, query: Annotated[CallFilters, Query()]) -> CallCount:
    """Count the calls that match: up to 1,000, or up to 100 for an advisor, a customer's name or a search."""
    wanted = PageRequest(principal.scope, query.conditions(), 0)
    most = MOST_COUNTED_BY_VISITS if _is_searched(wanted.bounded) else MOST_COUNTED
    found = ask(lambda session: count_calls(session, replace(wanted, rows=most + 1)))
    return CallCount(count=min(found, most), is_all=found <= most)


def _is_searched(conditions: Filters) -> bool:
    return is_search(conditions) or bool(of_service_records(conditions))


def export_calls(principal: CurrentPrincipal, query: Annotated[CallExport, Query()]) -> Response[str]:
    """Export calls as a CSV file for spreadsheets."""
    return csv_response("calls", CallFields, query, CALLS.page(principal, query))


def show_call(principal: CurrentPrincipal, call_id: CallId) -> CallDetail:
    """Return one call with its attempts, feedback, visit, incidents and webhooks."""
    document = ask(lambda session: read_call(session, principal.scope, call_id))
    note_shown([call_id])
    call = CallDetail.model_validate_json(document or _no_call())
    attempts, timeline = call.attempts, call.timeline
    quality = next((attempt.quality for attempt in attempts if attempt.shown), None)
    call = call.model_copy(update={"quality": quality})
    if not is_small(document or ""):
        room = MAX_BYTES - bytes_of(call.model_copy(update={"attempts": [], "timeline": []}))
        attempts = attempts[: count_fitting(map(bytes_of, attempts), room // 2)]
        room -= sum(map(bytes_of, attempts))
        timeline = timeline[: count_fitting(map(bytes_of, timeline), room)]
    # The shown attempt comes first in the document, so that the limit cannot exclude it.
    attempts = sorted(attempts, key=lambda attempt: attempt.number)
    return call.model_copy(update={"attempts": attempts, "timeline": timeline})


def show_transcript(
    principal: CurrentPrincipal, call_id: CallId, query: Annotated[AttemptChoice, Query()]
) -> Transcript:
    """Return the turns of one attempt in order; by default those of the attempt that the call shows."""
    document = ask(lambda session: read_transcript(session, principal.scope, call_id, query.attempt))
    note_shown([call_id])
    transcript = Transcript.model_validate_json(_of_an_attempt(document))
    if is_small(document or ""):
        return transcript
    room = MAX_BYTES - bytes_of(transcript.model_copy(update={"turns": []}))
    kept = transcript.turns[: count_fitting(map(bytes_of, transcript.turns), room)]
    return transcript.model_copy(update={"turns": kept})


def show_recording(principal: CurrentPrincipal, call_id: CallId, query: Annotated[AttemptChoice, Query()]) -> Recording:
    """Return the URL of an attempt's recording; 404 if there is none to play, 410 if it no longer exists."""
    document = ask(lambda session: read_recording(session, principal.scope, call_id, query.attempt))
    note_shown([call_id])
    kept = KeptRecording.model_validate_json(_of_an_attempt(document))
    return offer(call_id, kept, datetime.now(timezone.utc))


def _of_an_attempt(document: str | None) -> str:
    if document == NO_ATTEMPT:
        raise Problem(404, "The call has no such attempt.", code="attempt_not_found", field="attempt")
    return document or _no_call()


def _no_call() -> str:
    raise Problem(404, "There is no such call.")
