"""An AWS account in memory, for boto3's clients and for the calls of `autopulse.aws`."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from botocore.httpsession import URLLib3Session
from moto import mock_aws
from moto.core.models import botocore_stubber
from moto.sqs.models import sqs_backends

from autopulse.aws import credentials

ACCOUNT_ID = "123456789012"
"""The account that moto gives everybody."""


@contextmanager
def moto_account() -> Iterator[None]:
    """moto answers boto3's clients before they send anything; the other requests get as far as the connection."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.setattr(URLLib3Session, "send", lambda _, request: botocore_stubber("before-send", request))
        credentials.cache_clear()
        yield
        credentials.cache_clear()


def empty_queue(url: str, region: str) -> None:
    """Take all messages out of a queue of moto's, without a call: calls for each queue would be most of a test."""
    queues, name = sqs_backends[ACCOUNT_ID][region], url.rpartition("/")[2]
    queues.get_queue(name).last_purged_at = None  # moto lets a minute pass between two, as SQS does
    queues.purge_queue(name)


def has_messages(url: str, region: str) -> bool:
    """Whether somebody could receive a message from a queue of moto's now; asked without a call."""
    return bool(sqs_backends[ACCOUNT_ID][region].get_queue(url.rpartition("/")[2]).messages)
