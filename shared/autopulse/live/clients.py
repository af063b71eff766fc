"""The AWS clients of the live call events, made on first use and kept per container."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from autopulse.aws import bounded, name_of
from autopulse.settings import live_settings

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient
    from mypy_boto3_dynamodb import DynamoDBClient

POSTERS: Final = 32
"""Posts at once. One takes about 10 ms, so a thousand connections take a third of a second."""
CONFIG: Final = bounded(read_timeout=2, max_pool_connections=POSTERS)
"""The time-out in seconds: two tries stay within the functions' 10 s."""
AWS_ERRORS: Final = (BotoCoreError, ClientError)
"""Everything that a call of a client raises: not reached, not answered, or answered with an error."""


__all__ = ["AWS_ERRORS", "CONFIG", "POSTERS", "dynamodb", "management", "name_of"]


@cache
def dynamodb() -> DynamoDBClient:
    """Return the one client."""
    return boto3.client("dynamodb", config=CONFIG)


@cache
def management() -> ApiGatewayManagementApiClient:
    """Return the one client; it posts to connections, and closes them."""
    return boto3.client("apigatewaymanagementapi", endpoint_url=live_settings().connections_url, config=CONFIG)
