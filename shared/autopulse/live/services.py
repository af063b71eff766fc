"""The services of the live functions: settings, the table of connections, the gateway's management API, threads.

Each function's app.py makes one `Services` and passes it to its handler; tests make their own. Each service is created
on first use and kept as long as the container.
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
"""The number of parallel posts. One takes about 10 ms, so a thousand connections take a third of a second."""
CONFIG: Final = bounded(read_timeout=2, max_pool_connections=POSTERS)
"""The timeout in seconds: two tries fit into the functions' 10 s."""


class Services:
    """The services of one container."""

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
        """The threads that post in parallel."""
        return ThreadPoolExecutor(POSTERS, "poster")
