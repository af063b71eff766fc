"""What every route needs: who reads, and the form of a file."""

from collections.abc import Sequence
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Depends
from aws_lambda_powertools.event_handler.api_gateway import Response
from aws_lambda_powertools.event_handler.request import Request
from pydantic import BaseModel

from autopulse.access.reader import Reader, reader_of
from autopulse.api.tables import as_csv


def current_reader(request: Request) -> Reader:
    """The reader of this request; raises TokenRefused."""
    return reader_of(request.resolved_event.raw_event)


CurrentReader = Annotated[Reader, Depends(current_reader)]


def csv_response(
    name: str, model: type[BaseModel], items: Sequence[BaseModel], next_cursor: str | None
) -> Response[str]:
    """A file of these items, to be saved; where the next one begins is in a header."""
    rows: list[dict[str, Any]] = [item.model_dump(mode="json") for item in items]
    headers: dict[str, str | list[str]] = {"content-disposition": f'attachment; filename="{name}.csv"'}
    if next_cursor:
        headers["x-next-cursor"] = next_cursor
    body = as_csv(tuple(model.model_fields), rows)
    return Response(status_code=200, content_type="text/csv; charset=utf-8", body=body, headers=headers)
