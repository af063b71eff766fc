"""What the verifier works with besides the webhook: settings, the secret, the queues, the payload bucket.

The function's app.py makes one `Services` and hands it to the handler; a test makes one with parts of its own. Nothing
is read, made or connected to before it is needed, and then it is kept as long as the container.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from autopulse.aws import AWS_ERRORS, SECRETS_MANAGER, SQS, SecretsManager, Sqs, bounded, name_of
from autopulse.errors import Transient
from autopulse.ingress.webhook_secret import UNAVAILABLE, WebhookSecret
from autopulse.settings import VerifierSettings, from_environ

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Services:
    """A container's services."""

    @cached_property
    def settings(self) -> VerifierSettings:
        """The function's configuration; raises SettingMissing or SettingInvalid."""
        return from_environ(VerifierSettings)

    @cached_property
    def secret(self) -> WebhookSecret:
        """The accepted credentials; nothing is read before the first webhook."""
        return WebhookSecret(self.read_secret, read_former=lambda: self.read_secret(VersionStage="AWSPREVIOUS"))

    @cached_property
    def sqs(self) -> Sqs:
        """The queues of all kinds."""
        return Sqs(SQS)

    @cached_property
    def secretsmanager(self) -> SecretsManager:
        """The keeper of the webhook secret."""
        return SecretsManager(SECRETS_MANAGER)

    @cached_property
    def s3(self) -> S3Client:
        """The payload bucket; only a message that is too long for a queue needs it."""
        import boto3  # noqa: PLC0415 - 0.1 s

        return boto3.client("s3", config=bounded())

    def read_secret(self, **version: str) -> str:
        """The JSON of the webhook secret, as it is now or as `version` says; raises Transient."""
        arn = self.settings.webhook_secret_arn
        try:
            return str(self.secretsmanager.get_secret_value(SecretId=arn, **version).get("SecretString", ""))
        except AWS_ERRORS as error:
            raise Transient(UNAVAILABLE, name_of(error)) from error
