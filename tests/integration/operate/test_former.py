"""Who signs with a former secret is found; what nobody uses any more is deleted, and nothing else."""

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from operate import rotation
from operate.confirmation import always
from operate.rotation import OVERLAP, World
from operate.target import OperationFailed, Target
from operate.vapi.api import VapiApi
from operate.vapi.configure import configure
from operate.vapi.former import FormerCredentials
from operate.vapi.levels import Level
from operate.vapi.plans import plan_of
from operate.vapi.wishes import Wishes
from tests.integration.operate.conftest import SECRET, URL
from tests.vapi_api import Vapi

NOW = datetime(2026, 11, 2, 15, tzinfo=timezone.utc)


@pytest.fixture
def old() -> Wishes:
    return Wishes("autopulse-test", URL, plan_of({"kind": "hmac", "secret": "old-secret"}))


@pytest.fixture
def former(api: VapiApi, wishes: Wishes) -> FormerCredentials:
    return FormerCredentials(api, wishes)


def _add(vapi: Vapi, wishes: Wishes) -> str:
    return str(vapi.add("credential", **wishes.credential)["id"])


def test_each_level_that_signs_with_a_former_secret_is_named(
    vapi: Vapi, api: VapiApi, old: Wishes, wishes: Wishes, former: FormerCredentials
) -> None:
    assistant = vapi.add("assistant", name="Follow-up")
    number = vapi.add("phone-number", provider="vapi")
    levels = [Level("assistant", assistant["id"]), Level("phone number", number["id"]), Level("organization")]
    for level in levels:
        configure(api, level, old, always)
    assert [user.split()[0] for user in former.users()] == ["assistant", "phone", "organization"]
    configure(api, levels[0], wishes, always)
    assert len(former.users()) == 2


def test_what_nobody_uses_is_deleted(vapi: Vapi, old: Wishes, wishes: Wishes, former: FormerCredentials) -> None:
    unused, current = _add(vapi, old), _add(vapi, wishes)
    assert former.delete_unused() == 1
    assert unused not in vapi.stored["credential"]
    assert current in vapi.stored["credential"]


def test_what_somebody_uses_stays(vapi: Vapi, old: Wishes, former: FormerCredentials) -> None:
    used, by_a_tool = _add(vapi, old), _add(vapi, old)
    vapi.add("phone-number", provider="vapi", server={"url": URL, "credentialId": used})
    vapi.add("tool", type="function", server={"url": "https://tool.example.com", "credentialId": by_a_tool})
    assert former.delete_unused() == 0
    assert set(vapi.stored["credential"]) == {used, by_a_tool}


def test_credentials_of_others_stay(vapi: Vapi, old: Wishes, former: FormerCredentials) -> None:
    others = [
        Wishes("autopulse-test-two", URL, old.plan).credential,
        {"provider": "webhook", "name": "autopulse-test by hand"},
        {"provider": "webhook", "name": None},
    ]
    for other in others:
        vapi.add("credential", **other)
    assert former.delete_unused() == 0
    assert len(vapi.stored["credential"]) == len(others)


def test_a_rotation_is_not_finished_while_vapi_has_the_old_secret(
    vapi: Vapi, api: VapiApi, old: Wishes, wishes: Wishes, former: FormerCredentials
) -> None:
    account = Account()
    level = Level("assistant", vapi.add("assistant", name="Follow-up")["id"])
    configure(api, level, old, always)
    world = World(lambda: NOW + OVERLAP + timedelta(minutes=1))
    with pytest.raises(OperationFailed, match="still signs with the old secret for assistant"):
        rotation.finish(account.target, always, former, world=world)
    configure(api, level, wishes, always)
    assert rotation.finish(account.target, always, former, world=world) == 0
    assert account.document == {"secret": SECRET, "credentials": [{"kind": "hmac"}]}
    assert [item["name"] for item in vapi.stored["credential"].values()] == [wishes.credential_name]


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
