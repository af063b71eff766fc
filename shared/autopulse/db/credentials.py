"""The database user and password, from Secrets Manager."""

import json
from functools import cache

from autopulse.errors import Transient


def database_credentials(secret_arn: str, *, refresh: bool = False) -> tuple[str, str]:
    """User and password of a JSON secret with `username` and `password`; read once per container, or on `refresh`."""
    if refresh:
        _read.cache_clear()
    return _read(secret_arn)


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
