"""An AWS account in memory, for boto3's clients and for the requests of `autopulse.aws`."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from botocore.httpsession import URLLib3Session
from moto import mock_aws
from moto.core.models import botocore_stubber
from moto.sqs.models import sqs_backends

from autopulse.aws import credentials

ACCOUNT_ID = "123456789012"
"""moto's account id."""


@contextmanager
def moto_account() -> Iterator[None]:
    """Intercept requests at the connection: moto intercepts boto3's clients earlier, and other requests not at all."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.setattr(URLLib3Session, "send", lambda _, request: botocore_stubber("before-send", request))
        credentials.cache_clear()
        yield
        credentials.cache_clear()


def empty_queue(url: str, region: str) -> None:
    """Empty a queue of moto's without a request, because requests for each queue would take most of a test."""
    queues, name = sqs_backends[ACCOUNT_ID][region], url.rpartition("/")[2]
    queues.get_queue(name).last_purged_at = None  # like SQS, moto allows one purge a minute
    queues.purge_queue(name)


def has_messages(url: str, region: str) -> bool:
    """Return whether a queue of moto's has a visible message, without a request."""
    return bool(sqs_backends[ACCOUNT_ID][region].get_queue(url.rpartition("/")[2]).messages)
