"""Vapi's stand-in, and the configuration that the tests' stack needs at Vapi."""

from collections.abc import Iterator

import pytest

from local.vapi_api import KEY, Vapi, serve
from operate.vapi.api import VapiApi
from operate.vapi.authentication_plans import plan_of
from operate.vapi.desired_state import DesiredState

URL = "https://api.example.com/api/v1/webhooks/vapi-webhook"
SECRET = "a-secret-of-the-tests"


@pytest.fixture
def vapi() -> Iterator[Vapi]:
    with serve() as served:
        yield served


@pytest.fixture
def api(vapi: Vapi) -> VapiApi:
    return VapiApi(KEY, vapi.url)


@pytest.fixture
def desired() -> DesiredState:
    return DesiredState("autopulse-test", URL, plan_of({"kind": "hmac", "secret": SECRET}))
