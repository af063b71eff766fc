"""Who connects to the database, and what proves it: a password of Secrets Manager, or a token that IAM's keys sign."""

import json
from functools import cache
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from autopulse.errors import Transient
from autopulse.settings import DatabaseSettings

if TYPE_CHECKING:
    from boto3 import Session

TOKEN_SECONDS: Final = 900
"""How long a token opens connections, the most there is; a connection that it opened lives on."""


def database_credentials(settings: DatabaseSettings, *, refresh: bool = False) -> tuple[str, str]:
    """User and password: a token made for this connection, or of the secret as once read, again on `refresh`."""
    if settings.by_iam:
        return settings.user, _token(settings)
    if refresh:
        _read.cache_clear()
    return _read(settings.secret_arn)


def _token(settings: DatabaseSettings) -> str:
    """Sign a token, without a request to anybody.

    boto3's `generate_db_auth_token` makes the same, but reads the description of all of RDS for it: 0.6 s.
    """
    from botocore.auth import SigV4QueryAuth  # noqa: PLC0415 - 0.2 s that only a connection needs
    from botocore.awsrequest import AWSRequest  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError, NoCredentialsError  # noqa: PLC0415

    query = urlencode({"Action": "connect", "DBUser": settings.user})
    request = AWSRequest("GET", f"https://{settings.host}:{settings.port}/?{query}")
    try:
        keys = _session().get_credentials()
        if keys is None:
            raise NoCredentialsError
        signer = SigV4QueryAuth(keys.get_frozen_credentials(), "rds-db", _session().region_name, TOKEN_SECONDS)
        signer.add_auth(request)
    except BotoCoreError as error:
        raise Transient("database-token-unavailable") from error
    return str(request.url).removeprefix("https://")


@cache
def _session() -> "Session":
    """Finds the function's keys once (50 ms), and renews those that end."""
    import boto3  # noqa: PLC0415 - 0.2 s that only a connection needs

    return boto3.Session()


@cache
def _read(secret_arn: str) -> tuple[str, str]:
    import boto3  # noqa: PLC0415 - 0.2 s that only a connection needs
    from botocore.config import Config  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    # Six seconds at most, not boto3's five tries of a minute each.
    config = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 2, "mode": "standard"})
    try:
        secret = boto3.client("secretsmanager", config=config).get_secret_value(SecretId=secret_arn)["SecretString"]
    except (BotoCoreError, ClientError) as error:
        raise Transient("database-secret-unavailable") from error
    try:
        credentials = json.loads(secret)
        return credentials["username"], credentials["password"]
    except (ValueError, KeyError, TypeError):
        # The text of the error, and of its cause, may be the secret's.
        raise Transient("database-secret-unreadable") from None
