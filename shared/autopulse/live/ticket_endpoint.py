"""`POST /v1/live/tickets`: exchange a valid token for a ticket for one WebSocket connection."""

import time
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final

from autopulse.auth.principal import principal_of
from autopulse.auth.trace import read_keys
from autopulse.aws import AWS_ERRORS, name_of
from autopulse.errors import TokenRefused
from autopulse.http import Response, answer, answer_error
from autopulse.live.tickets import issue_ticket
from autopulse.observability import Measurements, Metric, logger

if TYPE_CHECKING:
    from autopulse.live.services import Services

ROUTE: Final = "/v1/live/tickets"
_HEADERS: Final = {"cache-control": "no-store"}


def handle(services: "Services", event: Mapping[str, Any]) -> Response:
    """Answer an authorized proxy event of a REST API, and log who got a ticket."""
    response = _answer_reader(services, event)
    logger().info("answered", extra={"route": ROUTE, "status": response["statusCode"], **read_keys(event, ())})
    return response


def _answer_reader(services: "Services", event: Mapping[str, Any]) -> Response:
    try:
        ticket = issue_ticket(services, principal_of(event), int(time.time()))
    except TokenRefused:
        return answer_error(401, "The request carries no valid token.", _HEADERS)
    except AWS_ERRORS as error:
        logger().warning("live unavailable", extra={"cause": name_of(error)})
        return answer_error(503, "No ticket can be issued at the moment; try again later.", _HEADERS)
    measurements = Measurements()
    measurements.count(Metric.TICKET_ISSUED)
    measurements.flush()
    expires_at = datetime.fromtimestamp(ticket.expires_at, timezone.utc)
    return answer(201, {"ticket": ticket.text, "expires_at": expires_at.isoformat()}, _HEADERS)
