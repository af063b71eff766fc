"""`POST /v1/live/tickets`: whoever has a good token gets a ticket for one WebSocket connection."""

import json
import time
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, Final
from uuid import UUID

from autopulse.domain.reading import Json, read_mapping
from autopulse.live.clients import AWS_ERRORS, code_of
from autopulse.live.tickets import Watcher, issue_ticket
from autopulse.observability import Measurements, Metric, logger

Answer = dict[str, Any]
_HEADERS: Final = {"content-type": "application/json", "cache-control": "no-store"}


def handle(event: Mapping[str, Any]) -> Answer:
    """Answer a REST API's proxy event that the authorizer has let through."""
    now = int(time.time())
    watcher = read_watcher(read_mapping(read_mapping(event.get("requestContext")).get("authorizer")))
    # The gateway keeps an authorizer's answer for minutes, so the token may have expired since.
    if watcher is None or watcher.expires_at <= now:
        return _error(401, "unauthorized", "The request does not carry a valid token.")
    try:
        ticket = issue_ticket(watcher, now)
    except AWS_ERRORS as error:
        logger().warning("live unavailable", extra={"cause": code_of(error)})
        return _error(503, "unavailable", "No ticket can be issued at the moment; try again later.")
    measurements = Measurements()
    measurements.count(Metric.TICKET_ISSUED)
    measurements.flush()
    expires_at = datetime.fromtimestamp(ticket.expires_at, timezone.utc)
    return _answer(201, {"ticket": ticket.text, "expires_at": expires_at.isoformat()})


def read_watcher(context: Mapping[str, Json]) -> Watcher | None:
    """Who watches, by the authorizer's context; None if it is not as our authorizer makes it."""
    try:
        organization_id = str(UUID(context["organization_id"]))
        return Watcher(organization_id, str(context["subject"]), int(context["expires_at"]))
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _error(status: int, code: str, message: str) -> Answer:
    return _answer(status, {"error": {"code": code, "message": message}})


def _answer(status: int, body: Json) -> Answer:
    return {"statusCode": status, "headers": dict(_HEADERS), "body": json.dumps(body), "isBase64Encoded": False}
