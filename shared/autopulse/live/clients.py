"""The AWS clients of the live notices, made on first use and kept per container."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from autopulse.settings import live_settings

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient
    from mypy_boto3_dynamodb import DynamoDBClient

POSTERS: Final = 32
"""Posts at once. One takes about 10 ms, so a thousand connections take a third of a second."""
CONFIG: Final = Config(
    connect_timeout=1,  # seconds
    read_timeout=2,  # seconds
    retries={"mode": "standard", "total_max_attempts": 2},
    max_pool_connections=POSTERS,
    tcp_keepalive=True,
)
"""Two tries of three seconds stay inside the functions' 10 s."""
AWS_ERRORS: Final = (BotoCoreError, ClientError)
"""Everything that a call of a client raises: not reached, not answered, or answered with an error."""


def code_of(error: BotoCoreError | ClientError) -> str:
    """What went wrong, as AWS or botocore calls it, without the text: that may quote the request."""
    code = error.response.get("Error", {}).get("Code") if isinstance(error, ClientError) else None
    return code or type(error).__name__


@cache
def dynamodb() -> DynamoDBClient:
    """Return the one client."""
    return boto3.client("dynamodb", config=CONFIG)


@cache
def management() -> ApiGatewayManagementApiClient:
    """Return the one client; it posts to connections, and closes them."""
    return boto3.client("apigatewaymanagementapi", endpoint_url=live_settings().connections_url, config=CONFIG)
