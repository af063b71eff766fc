"""What every route needs: who reads, and the form of a file."""

from collections.abc import Sequence
from typing import Annotated, Protocol

from aws_lambda_powertools.event_handler import Depends
from aws_lambda_powertools.event_handler.api_gateway import Response
from aws_lambda_powertools.event_handler.request import Request
from pydantic import BaseModel

from autopulse.access.reader import Reader, reader_of
from autopulse.api.people import as_people_read, headings_of
from autopulse.api.tables import as_csv


def current_reader(request: Request) -> Reader:
    """The reader of this request; raises TokenRefused."""
    return reader_of(request.resolved_event.raw_event)


CurrentReader = Annotated[Reader, Depends(current_reader)]


class Asked(Protocol):
    """The parameters of a file."""

    @property
    def form(self) -> str:
        """`programs` or `people`."""
        ...

    @property
    def zone(self) -> str:
        """The time zone of a file for people."""
        ...


def csv_response(
    name: str, model: type[BaseModel], asked: Asked, items: Sequence[BaseModel], next_cursor: str | None
) -> Response[str]:
    """A file of these items, to be saved; where the next one begins is in a header."""
    headers: dict[str, str | list[str]] = {"content-disposition": f'attachment; filename="{name}.csv"'}
    if next_cursor:
        headers["x-next-cursor"] = next_cursor
    if asked.form == "people":
        body = as_csv(headings_of(name, asked.zone), as_people_read(name, map(dict, items), asked.zone))
    else:
        body = as_csv(tuple(model.model_fields), [item.model_dump(mode="json") for item in items])
    return Response(status_code=200, content_type="text/csv; charset=utf-8", body=body, headers=headers)
