"""`POST /v1/live/tickets`: whoever has a good token gets a ticket for one WebSocket connection."""

import json
import time
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, Final

from autopulse.access.reader import TokenRefused, reader_of
from autopulse.access.trace import read_keys
from autopulse.domain.reading import Json
from autopulse.live.clients import AWS_ERRORS, code_of
from autopulse.live.tickets import issue_ticket
from autopulse.observability import Measurements, Metric, logger

Answer = dict[str, Any]
ROUTE: Final = "/v1/live/tickets"
_HEADERS: Final = {"content-type": "application/json", "cache-control": "no-store"}


def handle(event: Mapping[str, Any]) -> Answer:
    """Answer a REST API's proxy event that the authorizer has let through; the log says whom a ticket was for."""
    answer = _answer_reader(event)
    logger().info("answered", extra={"route": ROUTE, "status": answer["statusCode"], **read_keys(event, ())})
    return answer


def _answer_reader(event: Mapping[str, Any]) -> Answer:
    try:
        ticket = issue_ticket(reader_of(event), int(time.time()))
    except TokenRefused:
        return _error(401, "unauthorized", "The request carries no valid token.")
    except AWS_ERRORS as error:
        logger().warning("live unavailable", extra={"cause": code_of(error)})
        return _error(503, "unavailable", "No ticket can be issued at the moment; try again later.")
    measurements = Measurements()
    measurements.count(Metric.TICKET_ISSUED)
    measurements.flush()
    expires_at = datetime.fromtimestamp(ticket.expires_at, timezone.utc)
    return _answer(201, {"ticket": ticket.text, "expires_at": expires_at.isoformat()})


def _error(status: int, code: str, message: str) -> Answer:
    return _answer(status, {"error": {"code": code, "message": message}})


def _answer(status: int, body: Json) -> Answer:
    return {"statusCode": status, "headers": dict(_HEADERS), "body": json.dumps(body), "isBase64Encoded": False}
