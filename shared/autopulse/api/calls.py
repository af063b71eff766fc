"""Calls: the list, one of them, its words, its recording."""

from datetime import datetime, timezone
from typing import Annotated, Final

from aws_lambda_powertools.event_handler.api_gateway import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import TypeAdapter

from autopulse.api.asking import ask
from autopulse.api.lists import List
from autopulse.api.models import Call, CallCount, CallDetail, CallPage, KeptRecording, Recording, Transcript
from autopulse.api.parameters import AttemptChoice, CallExport, CallFilters, CallList
from autopulse.api.reading import CurrentReader, csv_response
from autopulse.api.recording import offer_recording
from autopulse.db.reading.calls import NO_ATTEMPT, read_call, read_recording, read_transcript
from autopulse.db.reading.pages import Wanted, count_calls, read_calls
from autopulse.domain.reading import MAX_CALL_ID
from autopulse.errors import Problem

CALLS: Final = List("calls", read_calls, TypeAdapter(list[Call]), lambda call: call.id)
MOST_COUNTED: Final = 1000
"""More would cost more than a page of the list, and tell people no more."""
CallId = Annotated[int, Path(ge=1, le=MAX_CALL_ID, description="The call's id.")]


def list_calls(reader: CurrentReader, query: Annotated[CallList, Query()]) -> CallPage:
    """Calls, by when they began."""
    items, next_cursor = CALLS.page(reader, query)
    return CallPage(items=items, next_cursor=next_cursor)


def show_count(reader: CurrentReader, query: Annotated[CallFilters, Query()]) -> CallCount:
    """How many calls there are, counted to 1,000."""
    wanted = Wanted(reader.organization_id, query.conditions(), MOST_COUNTED + 1)
    found = ask(lambda session: count_calls(session, wanted))
    return CallCount(count=min(found, MOST_COUNTED), is_all=found <= MOST_COUNTED)


def export_calls(reader: CurrentReader, query: Annotated[CallExport, Query()]) -> Response[str]:
    """Calls as CSV, for spreadsheets."""
    return csv_response("calls", Call, query, *CALLS.page(reader, query))


def show_call(reader: CurrentReader, call_id: CallId) -> CallDetail:
    """One call with its attempts, feedback, visit, incidents and webhooks."""
    document = ask(lambda session: read_call(session, reader.organization_id, call_id))
    return CallDetail.model_validate_json(document or _no_call())


def show_transcript(reader: CurrentReader, call_id: CallId, query: Annotated[AttemptChoice, Query()]) -> Transcript:
    """What was said in one attempt, in order: in the one that the call shows, if no other is asked for."""
    document = ask(lambda session: read_transcript(session, reader.organization_id, call_id, query.attempt))
    return Transcript.model_validate_json(_of_an_attempt(document))


def show_recording(reader: CurrentReader, call_id: CallId, query: Annotated[AttemptChoice, Query()]) -> Recording:
    """Where an attempt's recording can be played; 404 without one that can, 410 once its URL has expired."""
    document = ask(lambda session: read_recording(session, reader.organization_id, call_id, query.attempt))
    kept = KeptRecording.model_validate_json(_of_an_attempt(document))
    return offer_recording(kept.url, kept.expires_at, datetime.now(timezone.utc))


def _of_an_attempt(document: str | None) -> str:
    if document == NO_ATTEMPT:
        raise Problem(404, "The call has no such attempt.", code="attempt_not_found", field="attempt")
    return document or _no_call()


def _no_call() -> str:
    raise Problem(404, "There is no such call.")
