"""The AWS clients of the functions that queue messages: the verifier and the fetcher."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from autopulse.aws import AWS_ERRORS, SECRETS_MANAGER, SQS, SecretsManager, Sqs, bounded, name_of
from autopulse.errors import Transient
from autopulse.ingress.webhook_secret import UNAVAILABLE

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Clients:
    """Clients that are created on first use and kept as long as the container."""

    @cached_property
    def sqs(self) -> Sqs:
        """The client of the queues."""
        return Sqs(SQS)

    @cached_property
    def secretsmanager(self) -> SecretsManager:
        """The client of Secrets Manager."""
        return SecretsManager(SECRETS_MANAGER)

    @cached_property
    def s3(self) -> S3Client:
        """The client of the payload bucket, which only messages too long for a queue need."""
        import boto3  # noqa: PLC0415 - the import takes 0.1 s

        return boto3.client("s3", config=bounded())

    def read_text(self, arn: str, **version: str) -> str:
        """Return a secret's value: the current version, or the one that `version` selects; raises Transient."""
        try:
            return str(self.secretsmanager.get_secret_value(SecretId=arn, **version).get("SecretString", ""))
        except AWS_ERRORS as error:
            raise Transient(UNAVAILABLE, name_of(error)) from error
