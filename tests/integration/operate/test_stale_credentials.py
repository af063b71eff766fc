"""A sender that signs with a former secret is found; what nobody uses any more is deleted, and nothing else."""

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from local.vapi_api import Vapi
from operate import rotation
from operate.confirmation import always
from operate.rotation import OVERLAP, Clock
from operate.target import OperationFailed, Target
from operate.vapi.api import VapiApi
from operate.vapi.authentication_plans import plan_of
from operate.vapi.configure import configure
from operate.vapi.desired_state import DesiredState
from operate.vapi.scopes import Scope
from operate.vapi.stale_credentials import StaleCredentials
from tests.integration.operate.conftest import SECRET, URL

NOW = datetime(2026, 11, 2, 15, tzinfo=timezone.utc)


@pytest.fixture
def old() -> DesiredState:
    return DesiredState("autopulse-test", URL, plan_of({"kind": "hmac", "secret": "old-secret"}))


@pytest.fixture
def stale(api: VapiApi, desired: DesiredState) -> StaleCredentials:
    return StaleCredentials(api, desired)


def _add(vapi: Vapi, desired: DesiredState) -> str:
    return str(vapi.add("credential", **desired.credential)["id"])


def test_each_level_that_signs_with_a_former_secret_is_named(
    vapi: Vapi, api: VapiApi, old: DesiredState, desired: DesiredState, stale: StaleCredentials
) -> None:
    assistant = vapi.add("assistant", name="Follow-up")
    number = vapi.add("phone-number", provider="vapi")
    levels = [Scope("assistant", assistant["id"]), Scope("phone number", number["id"]), Scope("organization")]
    for scope in levels:
        configure(api, scope, old, always)
    assert [user.split()[0] for user in stale.users()] == ["assistant", "phone", "organization"]
    configure(api, levels[0], desired, always)
    assert len(stale.users()) == 2


def test_what_nobody_uses_is_deleted(
    vapi: Vapi, old: DesiredState, desired: DesiredState, stale: StaleCredentials
) -> None:
    unused, current = _add(vapi, old), _add(vapi, desired)
    assert stale.delete_unused() == 1
    assert unused not in vapi.stored["credential"]
    assert current in vapi.stored["credential"]


def test_what_somebody_uses_stays(vapi: Vapi, old: DesiredState, stale: StaleCredentials) -> None:
    used, by_a_tool = _add(vapi, old), _add(vapi, old)
    vapi.add("phone-number", provider="vapi", server={"url": URL, "credentialId": used})
    vapi.add("tool", type="function", server={"url": "https://tool.example.com", "credentialId": by_a_tool})
    assert stale.delete_unused() == 0
    assert set(vapi.stored["credential"]) == {used, by_a_tool}


def test_credentials_of_others_stay(vapi: Vapi, old: DesiredState, stale: StaleCredentials) -> None:
    others = [
        DesiredState("autopulse-test-two", URL, old.plan).credential,
        {"provider": "webhook", "name": "autopulse-test by hand"},
        {"provider": "webhook", "name": None},
    ]
    for other in others:
        vapi.add("credential", **other)
    assert stale.delete_unused() == 0
    assert len(vapi.stored["credential"]) == len(others)


def test_a_rotation_is_not_finished_while_vapi_has_the_old_secret(
    vapi: Vapi, api: VapiApi, old: DesiredState, desired: DesiredState, stale: StaleCredentials
) -> None:
    account = Account()
    scope = Scope("assistant", vapi.add("assistant", name="Follow-up")["id"])
    configure(api, scope, old, always)
    clock = Clock(lambda: NOW + OVERLAP + timedelta(minutes=1))
    with pytest.raises(OperationFailed, match="still signs with the old secret for assistant"):
        rotation.finish(account.target, always, stale, clock=clock)
    configure(api, scope, desired, always)
    assert rotation.finish(account.target, always, stale, clock=clock) == 0
    assert account.document == {"secret": SECRET, "credentials": [{"kind": "hmac"}]}
    assert [item["name"] for item in vapi.stored["credential"].values()] == [desired.credential_name]


class Account:
    """All of AWS that the end of a rotation needs."""

    def __init__(self) -> None:
        entries: list[dict[str, Any]] = [{"kind": "hmac"}, {"kind": "hmac", "secret": "old-secret"}]
        self.document: dict[str, Any] = {"secret": SECRET, "credentials": entries}
        self.document |= {"former_secret": "old-secret", "rotated_at": NOW.isoformat()}

    @property
    def target(self) -> Target:
        return Target("test", "autopulse-test", lambda _: self, {"WebhookSecretArn": "arn"})

    def get_secret_value(self, **_arguments: object) -> dict[str, str]:
        return {"SecretString": json.dumps(self.document)}

    def put_secret_value(self, SecretString: str, **_arguments: object) -> None:  # noqa: N803 - as boto3
        self.document = json.loads(SecretString)

    def describe_stack_resource(self, **_arguments: object) -> Any:  # noqa: ANN401 - as boto3
        return {"StackResourceDetail": {"PhysicalResourceId": "log-group"}}

    def get_paginator(self, _name: str) -> "Account":
        return self

    def paginate(self, **_arguments: object) -> list[Any]:
        return [{"events": [{"message": '{"credential": 0}'}]}]
