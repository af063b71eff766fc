"""The services of the live functions: settings, the table of connections, the gateway's management API, posters.

Each function's app.py makes one `Services` and hands it to its handler; a test makes one with parts of its own. Nothing
is read or made before it is needed, and then it is kept as long as the container.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING, Final

import boto3

from autopulse.aws import bounded
from autopulse.settings import LiveSettings, from_environ

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient
    from mypy_boto3_dynamodb import DynamoDBClient

POSTERS: Final = 32
"""Posts at once. One takes about 10 ms, so a thousand connections take a third of a second."""
CONFIG: Final = bounded(read_timeout=2, max_pool_connections=POSTERS)
"""The time-out in seconds: two tries stay within the functions' 10 s."""


class Services:
    """A container's services."""

    @cached_property
    def settings(self) -> LiveSettings:
        """The function's configuration; raises SettingMissing."""
        return from_environ(LiveSettings)

    @property
    def table(self) -> str:
        """The name of the table with connections and tickets."""
        return self.settings.connections_table

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        """The client of that table."""
        return boto3.client("dynamodb", config=CONFIG)

    @cached_property
    def management(self) -> ApiGatewayManagementApiClient:
        """The management API of the gateway, which posts to connections, and closes them."""
        return boto3.client("apigatewaymanagementapi", endpoint_url=self.settings.connections_url, config=CONFIG)

    @cached_property
    def posters(self) -> ThreadPoolExecutor:
        """The threads that post."""
        return ThreadPoolExecutor(POSTERS, "poster")
