"""Parts that the routes share: the principal, and the answer with a file."""

from typing import Annotated, Any, Protocol

from aws_lambda_powertools.event_handler import Depends
from aws_lambda_powertools.event_handler.api_gateway import Response
from aws_lambda_powertools.event_handler.request import Request
from pydantic import BaseModel

from autopulse.api.csv_export import BYTE_ORDER_MARK, csv_lines
from autopulse.api.lists import Page
from autopulse.api.people import Form
from autopulse.api.sizes import bytes_of_text, count_fitting, is_small
from autopulse.api.trace import note_shown
from autopulse.auth.principal import Principal, principal_of


def current_principal(request: Request) -> Principal:
    """The principal of this request; raises TokenRefused."""
    return principal_of(request.resolved_event.raw_event)


CurrentPrincipal = Annotated[Principal, Depends(current_principal)]


class ListParameters(Protocol):
    """The parameters of a file."""

    @property
    def form(self) -> str:
        """`programs` or `people`: who the file is for."""
        ...

    @property
    def zone(self) -> str:
        """The time zone of a file for people."""
        ...

    @property
    def console(self) -> str | None:
        """The console's address, for links in a file for people."""
        ...


def csv_response(name: str, model: type[BaseModel], asked: ListParameters, page: Page[Any]) -> Response[str]:
    """A CSV file of these items, cut to the maximum size of an answer.

    The header `x-next-cursor` has the cursor of the next page.
    """
    if asked.form == "people":
        form = Form(name, asked.zone, asked.console)
        lines = csv_lines(form.headings, form.as_people_read(map(dict, page.items)))
    else:
        lines = csv_lines(tuple(model.model_fields), [item.model_dump(mode="json") for item in page.items])
    written = list(lines)
    body = "".join(written)
    if not is_small(body):
        page = page.first(max(1, count_fitting(map(bytes_of_text, written)) - 1))
        body = "".join(written[: len(page.items) + 1])
    note_shown(page.call_ids)
    headers: dict[str, str | list[str]] = {"content-disposition": f'attachment; filename="{name}.csv"'}
    if page.next_cursor:
        headers["x-next-cursor"] = page.next_cursor
    return Response(
        status_code=200, content_type="text/csv; charset=utf-8", body=BYTE_ORDER_MARK + body, headers=headers
    )
