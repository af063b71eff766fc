"""The route that shows whether a ping was stored."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path

from autopulse.api.database import ask
from autopulse.api.dependencies import CurrentPrincipal
from autopulse.api.models import Ping
from autopulse.db.queries.pings import read_ping
from autopulse.errors import Problem

EventId = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="The event id from the response to the webhook.")]


def show_ping(_principal: CurrentPrincipal, event_id: EventId) -> Ping:
    """Return the receipt of an `autopulse.ping`; 404 until it is stored. Pings belong to no organization."""
    document = ask(lambda session: read_ping(session, event_id))
    if document is None:
        raise Problem(404, "There is no such ping, or it is not stored yet.")
    return Ping.model_validate_json(document)
