"""Fakes for the live functions: moto's table, and a gateway with open connections."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, tzinfo
from typing import Any, Final

import pytest
from botocore.exceptions import EndpointConnectionError

from autopulse.auth.principal import Principal
from autopulse.live import broadcaster, connections, websocket
from functions.live.app import SERVICES
from tests.harness import Context

TABLE: Final = "autopulse-test-connections"
OURS: Final = "0a11ce00-0000-4000-8000-000000000001"
THEIRS: Final = "0b0b0000-0000-4000-8000-000000000002"
NOW: Final = 1_795_000_000
"""The test clock's time, in seconds since the epoch."""


class GoneException(Exception):
    """Replaces the client's exception, whose class is created at run time."""


class Gateway:
    """A fake of the management API with the methods that are called."""

    class exceptions:  # noqa: N801 - as boto3 has it
        GoneException = GoneException

    def __init__(self) -> None:
        self.open: dict[str, list[dict[str, Any]]] = {}
        """Connection -> the messages that were posted to it."""
        self.closed: list[str] = []
        self.broken: set[str] = set()
        """Connections that time out."""

    def post_to_connection(self, ConnectionId: str, Data: bytes) -> None:  # noqa: N803 - as boto3 has it
        if ConnectionId in self.broken:
            raise EndpointConnectionError(endpoint_url="https://live.example.com")
        if ConnectionId not in self.open:
            raise GoneException
        self.open[ConnectionId].append(json.loads(Data))

    def delete_connection(self, ConnectionId: str) -> None:  # noqa: N803 - as boto3 has it
        if self.open.pop(ConnectionId, None) is None:
            raise GoneException
        self.closed.append(ConnectionId)

    def said(self, connection_id: str) -> list[dict[str, Any]]:
        """Return the messages since the last call."""
        said, self.open[connection_id] = self.open[connection_id], []
        return said


class StoppedClock:
    """A stopped clock that replaces `time` and `datetime`."""

    @staticmethod
    def time() -> int:
        return NOW

    @staticmethod
    def monotonic() -> int:
        return NOW

    @staticmethod
    def now(zone: tzinfo) -> datetime:
        return datetime.fromtimestamp(NOW, zone)


def principal(organization_id: str = OURS, seconds: float = 3600) -> Principal:
    return Principal(organization_id, "sample-reader", int(NOW + seconds))


def connect(
    gateway: Gateway,
    connection_id: str,
    organization_id: str = OURS,
    seconds: float = 3600,
    advisor_id: int | None = None,
) -> None:
    """Open a connection whose token is valid for `seconds`; a negative number has expired."""
    who = replace(principal(organization_id, seconds), advisor_id=advisor_id)
    connections.open_connection(SERVICES, connection_id, who, NOW)
    gateway.open[connection_id] = []


def say(gateway: Gateway, connection_id: str, message: object) -> list[dict[str, Any]]:
    """Send a client's message; returns what the client receives."""
    body = message if isinstance(message, str) else json.dumps(message)
    context = {"eventType": "MESSAGE", "routeKey": "$default", "connectionId": connection_id}
    assert websocket.handle(SERVICES, {"requestContext": context, "body": body}) == {"statusCode": 200}
    return gateway.said(connection_id) if connection_id in gateway.open else []


def subscribe(gateway: Gateway, connection_id: str, **topic: object) -> None:
    assert say(gateway, connection_id, {"action": "subscribe", **topic})[0]["type"] == "subscribed"


def call_event(organization_id: object = OURS, call_id: object = 15, **detail: object) -> dict[str, Any]:
    """Return an event of the bus."""
    usual = {
        "version": 1,
        "call_id": call_id,
        "vapi_call_id": "sample-call",
        "organization_id": organization_id,
        "changed": {"status": "Ended"},
    }
    return {"id": "sample-event", "detail-type": "CallStatusChanged", "detail": usual | detail}


def broadcast(*events: Mapping[str, Any], seconds: float = 10) -> list[int]:
    """Invoke the broadcaster with one batch; returns the indexes of the records that it returns."""
    records = [{"messageId": str(place), "body": json.dumps(event)} for place, event in enumerate(events)]
    answer = broadcaster.handle(SERVICES, {"Records": records}, Context(seconds))
    return [int(failure["itemIdentifier"]) for failure in answer["batchItemFailures"]]


def items() -> list[tuple[str, str]]:
    """Return the keys of all items in the table."""
    return sorted((item["pk"]["S"], item["sk"]["S"]) for item in SERVICES.dynamodb.scan(TableName=TABLE)["Items"])


def metrics(output: str) -> dict[str, list[float]]:
    """Return metric -> values, from the EMF lines in an output."""
    found: dict[str, list[float]] = {}
    for line in output.splitlines():
        fields = json.loads(line)
        for group in fields.get("_aws", {}).get("CloudWatchMetrics", []):
            for metric in group["Metrics"]:
                found.setdefault(metric["Name"], []).extend(fields[metric["Name"]])
    return found


def lose_table(patch: pytest.MonkeyPatch) -> None:
    """Configure a table that does not exist."""
    patch.setitem(vars(SERVICES), "settings", SERVICES.settings._replace(connections_table="no-such-table"))
