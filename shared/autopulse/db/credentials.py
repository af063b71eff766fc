"""The database credentials: a password from Secrets Manager, or an IAM token that is signed here."""

import json
from functools import cache
from typing import Final
from urllib.parse import urlencode

from autopulse.errors import Transient
from autopulse.settings import DatabaseSettings

TOKEN_SECONDS: Final = 900
"""The time during which a token opens connections, which is the maximum; an open connection outlives it."""
SECRET_READ_SECONDS: Final = 2
"""Timeout in seconds for reading the secret. With the connection and one retry it may take six seconds."""


def database_credentials(settings: DatabaseSettings, *, refresh: bool = False) -> tuple[str, str]:
    """Return user and password: a new token, or the cached secret, which `refresh` reads again."""
    if settings.by_iam:
        return settings.user, _token(settings)
    if refresh:
        read_secret.cache_clear()
    return read_secret(settings.secret_arn)


def _token(settings: DatabaseSettings) -> str:
    """Sign a token, without a request to AWS.

    boto3's `generate_db_auth_token` returns the same, but first reads the description of the whole RDS API: 0.6 s.
    """
    from botocore.auth import SigV4QueryAuth  # noqa: PLC0415 - the import takes 0.1 s, and only a connection needs it
    from botocore.awsrequest import AWSRequest  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415

    from autopulse import aws  # noqa: PLC0415

    query = urlencode({"Action": "connect", "DBUser": settings.user})
    request = AWSRequest("GET", f"https://{settings.host}:{settings.port}/?{query}")
    try:
        signer = SigV4QueryAuth(aws.keys(), "rds-db", aws.region(), TOKEN_SECONDS)
        signer.add_auth(request)
    except BotoCoreError as error:
        raise Transient("database-token-unavailable") from error
    return str(request.url).removeprefix("https://")


@cache
def read_secret(secret_arn: str) -> tuple[str, str]:
    """Return user and password from a secret, cached as long as the container; raises Transient."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - needed for a connection only

    from autopulse.aws import SECRETS_MANAGER, SecretsManager  # noqa: PLC0415

    client = SecretsManager(SECRETS_MANAGER, SECRET_READ_SECONDS)
    try:
        secret = client.get_secret_value(SecretId=secret_arn)["SecretString"]
    except (BotoCoreError, ClientError) as error:
        raise Transient("database-secret-unavailable") from error
    try:
        credentials = json.loads(secret)
        return credentials["username"], credentials["password"]
    except (ValueError, KeyError, TypeError):
        # The texts of the error and of its cause may contain the secret.
        raise Transient("database-secret-unreadable") from None
