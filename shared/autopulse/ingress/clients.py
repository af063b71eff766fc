"""The AWS services of the verifier, kept per container."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from autopulse.aws import SECRETS_MANAGER, SQS, SecretsManager, Sqs, bounded, name_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

AWS_ERRORS: Final = (BotoCoreError, ClientError)
"""Everything that a call of a client raises: not reached, not answered, or answered with an error."""
__all__ = ["AWS_ERRORS", "name_of", "s3", "secretsmanager", "sqs"]


@cache
def sqs() -> Sqs:
    """Return the one client."""
    return Sqs(SQS)


@cache
def secretsmanager() -> SecretsManager:
    """Return the one client."""
    return SecretsManager(SECRETS_MANAGER)


@cache
def s3() -> S3Client:
    """Return the one client; only a message that is too long for a queue needs it."""
    import boto3  # noqa: PLC0415 - 0.1 s

    return boto3.client("s3", config=bounded())
