"""Who connects to the database, and what proves it: a password of Secrets Manager, or a token that IAM's keys sign."""

import json
from functools import cache
from typing import Final
from urllib.parse import urlencode

from autopulse.errors import Transient
from autopulse.settings import DatabaseSettings

TOKEN_SECONDS: Final = 900
"""How long a token opens connections, the most there is; a connection that it opened lives on."""
SECRET_READ_SECONDS: Final = 2
"""With the connection and one more try, the secret may cost six seconds of the function's time."""


def database_credentials(settings: DatabaseSettings, *, refresh: bool = False) -> tuple[str, str]:
    """User and password: a token made for this connection, or of the secret as once read, again on `refresh`."""
    if settings.by_iam:
        return settings.user, _token(settings)
    if refresh:
        read_secret.cache_clear()
    return read_secret(settings.secret_arn)


def _token(settings: DatabaseSettings) -> str:
    """Sign a token, without a request to anybody.

    boto3's `generate_db_auth_token` makes the same, but reads the description of all of RDS for it: 0.6 s.
    """
    from botocore.auth import SigV4QueryAuth  # noqa: PLC0415 - 0.1 s that only a connection needs
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
    """User and password of a secret, kept as long as the container; raises Transient."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - 0.1 s that only a connection needs

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
        # The text of the error, and of its cause, may be the secret's.
        raise Transient("database-secret-unreadable") from None
