"""Sample events of the live call events as gateways and the bus send them, independent of clock and random numbers."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from autopulse.consumers.publisher import SOURCE, detail_of
from autopulse.domain.events import CallEvent, CallEventType
from local.simulator.application_rows import ORGANIZATION_ID
from local.stack_paths import REGION

_ACCOUNT: Final = "111122223333"
_AT: Final = datetime(2026, 11, 2, 17, tzinfo=timezone.utc)
_CONNECTION_ID: Final = "SampleConnection="
_WATCHER: Final = {
    "organization_id": ORGANIZATION_ID,
    "subject": "sample-reader",
    "expires_at": str(round(datetime(2099, 1, 1, tzinfo=timezone.utc).timestamp())),
}
"""The authorizer's context; API Gateway turns every value into a string."""

Event = dict[str, Any]


def make_live_events(request: Mapping[str, Any]) -> dict[str, Event]:
    """Return every sample by its path below `events/`; `request` is any proxy event of the REST API."""
    return {
        "apigw/live.json": _ticket(request),
        "websocket/connect.json": _opening(),
        "websocket/subscribe.json": _message('{"action":"subscribe","topic":"calls"}'),
        "websocket/ping.json": _message('{"action":"ping"}'),
        "websocket/disconnect.json": {
            "requestContext": _context("$disconnect", "DISCONNECT"),
            "isBase64Encoded": False,
        },
        "sqs/broadcaster.json": _batch("call-events", _call_event()),
        "sqs/alerts.json": _batch("alerts", _follow_up_event()),
    }


def _ticket(request: Mapping[str, Any]) -> Event:
    path = "/v1/live/tickets"
    context = {**request["requestContext"], "path": f"/api{path}", "resourcePath": path, "authorizer": _WATCHER}
    return {
        **request,
        "resource": path,
        "path": path,
        "requestContext": context,
        "body": None,
        "isBase64Encoded": False,
    }


def _opening() -> Event:
    """Return a connection with a ticket that the stack has not issued and therefore refuses; it shows the form."""
    ticket = "sample-ticket"
    return {
        "headers": {"Host": "live.example.com"},
        "multiValueHeaders": {"Host": ["live.example.com"]},
        "queryStringParameters": {"ticket": ticket},
        "multiValueQueryStringParameters": {"ticket": [ticket]},
        "requestContext": _context("$connect", "CONNECT"),
        "isBase64Encoded": False,
    }


def _message(body: str) -> Event:
    context = _context("$default", "MESSAGE") | {"messageId": "SampleMessage="}
    return {"requestContext": context, "body": body, "isBase64Encoded": False}


def _context(route: str, kind: str) -> Event:
    milliseconds = round(_AT.timestamp() * 1000)
    return {
        "routeKey": route,
        "eventType": kind,
        "stage": "live",
        "apiId": "sampleapi1",
        "domainName": "live.example.com",
        "connectionId": _CONNECTION_ID,
        "connectedAt": milliseconds,
        "requestTimeEpoch": milliseconds,
        "requestId": "SampleRequest=",
        "extendedRequestId": "SampleRequest=",
        "identity": {"sourceIp": "192.0.2.1"},
    }


def _batch(queue: str, event: Event) -> Event:
    body = json.dumps(event, separators=(",", ":"))
    milliseconds = str(round(_AT.timestamp() * 1000))
    record = {
        "messageId": "00000000-0000-4000-8000-000000000000",
        "receiptHandle": "sample-call-event",
        "body": body,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": milliseconds,
            "SenderId": "AIDSAMPLE",
            "ApproximateFirstReceiveTimestamp": milliseconds,
        },
        "messageAttributes": {},
        "md5OfBody": hashlib.md5(body.encode(), usedforsecurity=False).hexdigest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{REGION}:{_ACCOUNT}:autopulse-{queue}",
        "awsRegion": REGION,
    }
    return {"Records": [record]}


def _call_event() -> Event:
    call_event = CallEvent(
        CallEventType.CALL_STATUS_CHANGED,
        15,
        None,
        ORGANIZATION_ID,
        {"status": "In Progress", "previous": "Ready"},
        _AT,
        _AT + timedelta(milliseconds=80),
    )
    return _on_the_bus(call_event)


def _follow_up_event() -> Event:
    """Return an event of a follow-up that the sample database does not contain, so no alert is sent."""
    changed = {"follow_up_id": 1, "state": "open", "trigger": "score"}
    return _on_the_bus(
        CallEvent(
            CallEventType.FOLLOW_UP_OPENED, 15, None, ORGANIZATION_ID, changed, _AT, _AT + timedelta(milliseconds=80)
        )
    )


def _on_the_bus(call_event: CallEvent) -> Event:
    return {
        "version": "0",
        "id": "00000000-0000-4000-8000-000000000004",
        "detail-type": call_event.type.value,
        "source": SOURCE,
        "account": _ACCOUNT,
        "time": "2026-11-02T17:00:00Z",
        "region": REGION,
        "resources": [],
        "detail": detail_of(call_event),
    }
