"""The services of AWS that whoever puts messages into the queues calls: the verifier, and the fetcher as it does."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from autopulse.aws import AWS_ERRORS, SECRETS_MANAGER, SQS, SecretsManager, Sqs, bounded, name_of
from autopulse.errors import Transient
from autopulse.ingress.webhook_secret import UNAVAILABLE

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Clients:
    """Made when they are needed, and then kept as long as the container."""

    @cached_property
    def sqs(self) -> Sqs:
        """The queues."""
        return Sqs(SQS)

    @cached_property
    def secretsmanager(self) -> SecretsManager:
        """The keeper of the secrets."""
        return SecretsManager(SECRETS_MANAGER)

    @cached_property
    def s3(self) -> S3Client:
        """The payload bucket; only a message that is too long for a queue needs it."""
        import boto3  # noqa: PLC0415 - 0.1 s

        return boto3.client("s3", config=bounded())

    def read_text(self, arn: str, **version: str) -> str:
        """What a secret holds, now or as `version` says; raises Transient."""
        try:
            return str(self.secretsmanager.get_secret_value(SecretId=arn, **version).get("SecretString", ""))
        except AWS_ERRORS as error:
            raise Transient(UNAVAILABLE, name_of(error)) from error
