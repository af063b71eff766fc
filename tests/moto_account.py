"""An AWS account in memory, for boto3's clients and for the calls of `autopulse.aws`."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from botocore.httpsession import URLLib3Session
from moto import mock_aws
from moto.core.models import botocore_stubber

from autopulse.aws import credentials


@contextmanager
def moto_account() -> Iterator[None]:
    """moto answers boto3's clients before they send anything; the other requests get as far as the connection."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.setattr(URLLib3Session, "send", lambda _, request: botocore_stubber("before-send", request))
        credentials.cache_clear()
        yield
        credentials.cache_clear()
