"""boto3's clients of the local stack's emulator."""

from collections.abc import Callable
from functools import cache
from typing import Any

import boto3

from local.emulator import ACCESS_KEY, endpoint
from local.stack_paths import REGION


def clients_of(port: int) -> Callable[[Any], Any]:
    """Return what makes the client of a service, once for each, because that takes longer than most requests.

    The types are Any, since boto3's overloads, one for each service, cannot be passed on.
    """
    session = boto3.Session(ACCESS_KEY, ACCESS_KEY, region_name=REGION)
    return cache(lambda service: session.client(service, endpoint_url=endpoint(port)))
