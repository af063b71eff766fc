"""The open WebSocket connections in DynamoDB.

A connection has two items: one under its organization with its topics, which the broadcaster finds in one Query, and
one under its own id, because the gateway's events of messages and of closing have only this id.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from autopulse.auth.principal import Principal
from autopulse.live.bounds import bound_item, bound_of
from autopulse.live.protocol import Topic

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    from autopulse.live.services import Services

    Key = dict[str, AttributeValueTypeDef]

LONGEST_SECONDS: Final = 2 * 60 * 60
"""The gateway closes a connection after this time, in seconds, even if it is in use."""
MAX_TOPICS: Final = 50
"""The maximum number of topics of one connection."""


@dataclass(frozen=True, slots=True)
class Connection:
    """An open WebSocket connection and its owner."""

    id: str
    organization_id: str
    expires_at: int
    """Epoch seconds of the token's expiry or the gateway's closing, whichever is first; also the items' TTL."""
    advisor_id: int | None = None
    """The service advisor to whose visits' calls it is restricted; None for all calls of the organization."""

    def has_expired(self) -> bool:
        """Return whether nothing may be posted to it any more; the table deletes it hours later."""
        return self.expires_at <= time.time()


def open_connection(services: "Services", connection_id: str, principal: Principal, now: int) -> Connection:
    """Store a new connection, which has no topic yet."""
    expires_at = min(principal.expires_at, now + LONGEST_SECONDS)
    connection = Connection(connection_id, principal.organization_id, expires_at, principal.advisor_id)
    values: Key = {
        "organization_id": {"S": connection.organization_id},
        "subject": {"S": principal.subject},
        "expires_at": {"N": str(connection.expires_at)},
        **bound_item(connection.advisor_id),
    }
    keys = (_own_key(connection.id), _member_key(connection))
    services.dynamodb.transact_write_items(
        TransactItems=[{"Put": {"TableName": services.table, "Item": {**key, **values}}} for key in keys]
    )
    return connection


def find_connection(services: "Services", connection_id: str) -> Connection | None:
    """Return the connection, which may have expired; None if it is unknown."""
    found = services.dynamodb.get_item(TableName=services.table, Key=_own_key(connection_id), ConsistentRead=True)
    return _connection(connection_id, found["Item"]) if "Item" in found else None


def close_connection(services: "Services", connection_id: str) -> None:
    """Delete a connection by its id."""
    deleted = services.dynamodb.delete_item(
        TableName=services.table, Key=_own_key(connection_id), ReturnValues="ALL_OLD"
    )
    if "Attributes" in deleted:
        member = _member_key(_connection(connection_id, deleted["Attributes"]))
        services.dynamodb.delete_item(TableName=services.table, Key=member)


def forget_connection(services: "Services", connection: Connection) -> None:
    """Delete a connection. The item that leads to the other one is deleted last, so that a failure can be repaired."""
    for key in (_member_key(connection), _own_key(connection.id)):
        services.dynamodb.delete_item(TableName=services.table, Key=key)


def subscribe(services: "Services", connection: Connection, topic: Topic) -> bool:
    """Add a topic; False if the connection has the maximum number, or was deleted in the meantime."""
    client = services.dynamodb
    try:
        client.update_item(
            TableName=services.table,
            Key=_member_key(connection),
            UpdateExpression="ADD topics :topics",
            ConditionExpression=(
                "attribute_exists(pk)"
                " AND (attribute_not_exists(topics) OR size(topics) < :most OR contains(topics, :topic))"
            ),
            ExpressionAttributeValues={
                ":topics": {"SS": [topic.key]},
                ":topic": {"S": topic.key},
                ":most": {"N": str(MAX_TOPICS)},
            },
        )
    except client.exceptions.ConditionalCheckFailedException:
        return False
    return True


def unsubscribe(services: "Services", connection: Connection, topic: Topic) -> None:
    """Remove a topic; a missing one is no error."""
    client = services.dynamodb
    try:
        client.update_item(
            TableName=services.table,
            Key=_member_key(connection),
            UpdateExpression="DELETE topics :topics",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeValues={":topics": {"SS": [topic.key]}},
        )
    except client.exceptions.ConditionalCheckFailedException:
        return  # the connection was deleted in the meantime, with its topics


def find_watchers(
    services: "Services", organization_id: str, call_id: int, advisor_id: int | None = None
) -> Iterator[Connection]:
    """The connections of one organization that have subscribed to this call, from one consistent Query.

    `advisor_id` is that of the call's visit: connections that are restricted to another advisor are left out.
    """
    pages = services.dynamodb.get_paginator("query").paginate(
        TableName=services.table,
        KeyConditionExpression="pk = :organization",
        FilterExpression="contains(topics, :calls) OR contains(topics, :call)",
        ExpressionAttributeValues={
            ":organization": {"S": _organization(organization_id)},
            ":calls": {"S": Topic().key},
            ":call": {"S": Topic(call_id).key},
        },
        ConsistentRead=True,
    )
    for page in pages:
        for item in page["Items"]:
            connection = _connection(item["sk"]["S"].removeprefix(_PREFIX), item)
            if connection.advisor_id in {None, advisor_id}:
                yield connection


_PREFIX: Final = "connection#"


def _organization(organization_id: str) -> str:
    return f"organization#{organization_id}"


def _own_key(connection_id: str) -> "Key":
    return {"pk": {"S": f"{_PREFIX}{connection_id}"}, "sk": {"S": "connection"}}


def _member_key(connection: Connection) -> "Key":
    return {"pk": {"S": _organization(connection.organization_id)}, "sk": {"S": f"{_PREFIX}{connection.id}"}}


def _connection(connection_id: str, item: Mapping[str, Any]) -> Connection:
    return Connection(connection_id, item["organization_id"]["S"], int(item["expires_at"]["N"]), bound_of(item))
