"""A table for the live functions, and a gateway whose connections are lists."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from moto import mock_aws

from autopulse.auth import principal
from autopulse.live import broadcaster, connections, ticket_endpoint, websocket
from autopulse.live.services import Services
from functions.live.app import SERVICES
from tests.harness import start_anew
from tests.unit.live.gateway import TABLE, Gateway, StoppedClock

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture(scope="module")
def _table() -> "Iterator[DynamoDBClient]":
    """Create the client once per module, because it takes a tenth of a second."""
    with pytest.MonkeyPatch.context() as environment, mock_aws():
        environment.setenv("AWS_DEFAULT_REGION", "us-west-2")
        dynamodb = Services().dynamodb
        dynamodb.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        )
        yield dynamodb


@pytest.fixture
def gateway(_table: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    """Return an empty table without connections, and a stopped clock."""
    monkeypatch.setenv("CONNECTIONS_TABLE", TABLE)
    monkeypatch.setenv("CONNECTIONS_URL", "https://live.example.com/live")
    for item in _table.scan(TableName=TABLE)["Items"]:
        _table.delete_item(TableName=TABLE, Key={name: item[name] for name in ("pk", "sk")})
    for module in (principal, ticket_endpoint, broadcaster, connections, websocket):
        monkeypatch.setattr(module, "time", StoppedClock)
    monkeypatch.setattr(broadcaster, "datetime", StoppedClock)
    gateway = Gateway()
    start_anew(SERVICES, dynamodb=_table, management=gateway)
    yield gateway
    start_anew(SERVICES)
