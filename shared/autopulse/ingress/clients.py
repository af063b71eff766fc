"""The AWS clients of the functions that queue messages: the verifier and the fetcher."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from autopulse import aws
from autopulse.aws import AWS_ERRORS, bounded, name_of
from autopulse.errors import Transient
from autopulse.ingress.webhook_secret import UNAVAILABLE

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Clients(aws.Clients):
    """The clients of these functions; the bucket's is rarely needed."""

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
