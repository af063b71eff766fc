"""The AWS clients of the verifier, made on first use and kept per container."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

CONFIG: Final = Config(
    connect_timeout=1,  # seconds
    read_timeout=3,  # seconds
    retries={"mode": "standard", "total_max_attempts": 2},
    tcp_keepalive=True,
)
"""Two tries of four seconds stay inside the function's 10 s, and that inside API Gateway's 29 s."""
AWS_ERRORS: Final = (BotoCoreError, ClientError)
"""Everything that a call of a client raises: not reached, not answered, or answered with an error."""


def name_of(error: Exception) -> str:
    """What went wrong, as AWS or botocore calls it, without the text: that may quote the request."""
    code = error.response.get("Error", {}).get("Code") if isinstance(error, ClientError) else None
    return code or type(error).__name__


@cache
def sqs() -> SQSClient:
    """Return the one client."""
    return boto3.client("sqs", config=CONFIG)


@cache
def s3() -> S3Client:
    """Return the one client."""
    return boto3.client("s3", config=CONFIG)


@cache
def secretsmanager() -> SecretsManagerClient:
    """Return the one client."""
    return boto3.client("secretsmanager", config=CONFIG)
