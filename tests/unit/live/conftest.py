"""A table for the live functions, and a gateway whose connections are lists."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from autopulse import settings
from autopulse.auth import principal
from autopulse.live import broadcaster, clients, connections, sockets, ticket_endpoint, websocket
from autopulse.live.clients import dynamodb
from tests.unit.live.gateway import TABLE, Gateway, StoppedClock


@pytest.fixture(scope="module")
def _table() -> Iterator[None]:
    """Made once for a module: a client takes a tenth of a second to make."""
    with pytest.MonkeyPatch.context() as environment, mock_aws():
        environment.setenv("AWS_DEFAULT_REGION", "us-west-2")
        clients.dynamodb.cache_clear()
        dynamodb().create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        )
        yield
        clients.dynamodb.cache_clear()


@pytest.fixture
def gateway(_table: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    """An empty table, no connection, and a clock that stands still."""
    monkeypatch.setenv("CONNECTIONS_TABLE", TABLE)
    monkeypatch.setenv("CONNECTIONS_URL", "https://live.example.com/live")
    settings.live_settings.cache_clear()
    for item in dynamodb().scan(TableName=TABLE)["Items"]:
        dynamodb().delete_item(TableName=TABLE, Key={name: item[name] for name in ("pk", "sk")})
    for module in (principal, ticket_endpoint, broadcaster, connections, websocket):
        monkeypatch.setattr(module, "time", StoppedClock)
    monkeypatch.setattr(broadcaster, "datetime", StoppedClock)
    gateway = Gateway()
    monkeypatch.setattr(sockets, "management", lambda: gateway)
    yield gateway
    settings.live_settings.cache_clear()
