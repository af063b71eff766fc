"""`make vapi-configure`: shows, asks, changes exactly that, and the second time nothing."""

import copy
from dataclasses import replace
from typing import Any

import pytest

from autopulse.vapi.routes import SUBSCRIPTION
from local.vapi_api import ORGANIZATION_ID, Vapi
from operate.confirmation import always
from operate.target import OperationFailed
from operate.vapi.api import VapiApi, VapiRefused
from operate.vapi.authentication_plans import plan_of
from operate.vapi.configure import configure
from operate.vapi.desired_state import BACKOFF_PLAN, DesiredState
from operate.vapi.scopes import Scope, choose_scope
from tests.integration.operate.conftest import SECRET, URL

KEPT = {"headers": {"X-Stage": "hidden-value"}, "staticIpAddressesEnabled": True}


@pytest.fixture
def assistant(vapi: Vapi) -> dict[str, Any]:
    """As somebody left it: another URL, the legacy secret, a header that must survive, every default message."""
    server = {"url": "https://old.example.com/hook?key=hidden-key", "secret": "hidden-legacy", "timeoutSeconds": 5}
    return vapi.add("assistant", name="Follow-up", server=server | KEPT, model={"provider": "openai"})


def _scopes(vapi: Vapi) -> list[Scope]:
    number = vapi.add("phone-number", provider="twilio", number="+12025550147", name="Front desk")
    return [Scope("assistant", vapi.add("assistant")["id"]), Scope("phone number", number["id"]), Scope("organization")]


def _level(assistant: dict[str, Any]) -> Scope:
    return Scope("assistant", assistant["id"])


def test_everything_is_set_and_what_is_not_ours_stays(
    vapi: Vapi, api: VapiApi, desired: DesiredState, assistant: dict[str, Any]
) -> None:
    assert configure(api, _level(assistant), desired, always) == 0
    (credential,) = vapi.stored["credential"].values()
    stored = vapi.stored["assistant"][assistant["id"]]
    ours = {"url": URL, "credentialId": credential["id"], "timeoutSeconds": 20, "backoffPlan": BACKOFF_PLAN}
    assert stored["server"] == KEPT | ours
    assert set(stored["serverMessages"]) == SUBSCRIPTION
    assert stored["model"] == {"provider": "openai"}
    assert "monitorPlan" not in stored
    assert credential["name"] == desired.credential_name
    assert credential["authenticationPlan"] == plan_of({"kind": "hmac", "secret": SECRET})


@pytest.mark.parametrize("place", range(3))
def test_the_second_run_changes_nothing(vapi: Vapi, api: VapiApi, desired: DesiredState, place: int) -> None:
    scope = _scopes(vapi)[place]
    assert configure(api, scope, desired, always) == 0
    before, changes = copy.deepcopy(vapi.stored), len(vapi.changes())

    def never(_question: str) -> bool:
        raise AssertionError

    assert configure(api, scope, desired, never) == 0
    assert vapi.stored == before
    assert len(vapi.changes()) == changes == 2


def test_only_assistants_have_messages(vapi: Vapi, api: VapiApi, desired: DesiredState) -> None:
    for scope in _scopes(vapi)[1:]:
        configure(api, scope, desired, always)
    patches = [body for method, _, body in vapi.changes() if method == "PATCH"]
    assert [set(body) for body in patches] == [{"provider", "server"}, {"server"}]


def test_one_credential_serves_all_levels(vapi: Vapi, api: VapiApi, desired: DesiredState) -> None:
    for scope in _scopes(vapi):
        configure(api, scope, desired, always)
    assert len(vapi.stored["credential"]) == 1
    assert vapi.stored["org"][ORGANIZATION_ID]["server"]["credentialId"] in vapi.stored["credential"]


def test_who_says_no_changes_nothing(
    vapi: Vapi, api: VapiApi, desired: DesiredState, assistant: dict[str, Any]
) -> None:
    before = copy.deepcopy(vapi.stored)
    assert configure(api, _level(assistant), desired, lambda _: False) == 0
    assert vapi.stored == before
    assert vapi.changes() == []


def test_the_difference_is_shown_and_no_secret(
    api: VapiApi, desired: DesiredState, assistant: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    configure(api, _level(assistant), desired, lambda _: False)
    shown = capsys.readouterr().out
    assert "Follow-up" in shown
    assert f"server.url: https://old.example.com/hook?… -> {URL}" in shown
    assert "server.secret: ******** -> none" in shown
    assert "server.timeoutSeconds: 5 -> 20" in shown
    assert "serverMessages: unset (Vapi's default) -> conversation-update, end-of-call-report, hang" in shown
    assert f"new credential {desired.credential_name}" in shown
    assert not any(hidden in shown for hidden in ("hidden-key", "hidden-legacy", "hidden-value", SECRET))


def test_a_new_secret_gets_a_new_credential_and_the_old_one_stays(
    vapi: Vapi, api: VapiApi, desired: DesiredState, assistant: dict[str, Any]
) -> None:
    configure(api, _level(assistant), desired, always)
    renewed = DesiredState(desired.stack_name, desired.url, plan_of({"kind": "hmac", "secret": "another-secret"}))
    configure(api, _level(assistant), renewed, always)
    names = [item["name"] for item in vapi.stored["credential"].values()]
    assert sorted(names) == sorted([desired.credential_name, renewed.credential_name])
    used = vapi.stored["assistant"][assistant["id"]]["server"]["credentialId"]
    assert vapi.stored["credential"][used]["name"] == renewed.credential_name


def test_the_monitor_is_protected_on_request_and_its_plan_merged(
    vapi: Vapi, api: VapiApi, desired: DesiredState, assistant: dict[str, Any]
) -> None:
    assistant["monitorPlan"] = {"listenEnabled": False, "monitorIds": ["a"]}
    asked = DesiredState(desired.stack_name, desired.url, desired.plan, protect_monitor=True, static_addresses=True)
    configure(api, _level(assistant), asked, always)
    stored = vapi.stored["assistant"][assistant["id"]]
    protected = {"listenAuthenticationEnabled": True, "controlAuthenticationEnabled": True}
    assert stored["monitorPlan"] == {"listenEnabled": False, "monitorIds": ["a"]} | protected
    assert stored["server"]["staticIpAddressesEnabled"] is True


def test_what_changed_while_a_person_thought_is_not_overwritten(
    vapi: Vapi, api: VapiApi, desired: DesiredState, assistant: dict[str, Any]
) -> None:
    def meanwhile(_question: str) -> bool:
        assistant["updatedAt"] = "2026-11-02T16:00:00Z"
        return True

    with pytest.raises(OperationFailed, match="run it again"):
        configure(api, _level(assistant), desired, meanwhile)
    assert vapi.changes() == []


def test_a_change_that_did_not_take_is_said(
    vapi: Vapi, api: VapiApi, desired: DesiredState, assistant: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "change", lambda _path, _body: assistant)
    with pytest.raises(OperationFailed, match="server, serverMessages is not as it was sent"):
        configure(api, _level(assistant), desired, always)
    assert len(vapi.stored["credential"]) == 1


def test_an_organization_that_the_key_may_not_change_is_explained(
    vapi: Vapi, api: VapiApi, desired: DesiredState
) -> None:
    vapi.org_is_closed = True
    with pytest.raises(OperationFailed, match="Organization Settings") as refusal:
        configure(api, Scope("organization"), desired, always)
    assert URL in str(refusal.value)


def test_a_url_in_plain_text_is_refused(
    vapi: Vapi, api: VapiApi, desired: DesiredState, assistant: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(OperationFailed, match="plain text"):
        configure(api, _level(assistant), replace(desired, url=URL.replace("https", "http")), always)
    assert vapi.asked == []
    configure(api, _level(assistant), replace(desired, url="http://localhost:4566/hook"), lambda _: False)
    assert "does not reach this machine" in capsys.readouterr().out


def test_an_assistant_that_is_not_there(api: VapiApi, desired: DesiredState) -> None:
    with pytest.raises(VapiRefused, match="check the id"):
        configure(api, Scope("assistant", "nobody"), desired, always)


def test_one_level_at_a_time() -> None:
    assert choose_scope(None, None, organization=False) is None
    assert choose_scope("a", None, organization=False) == Scope("assistant", "a")
    with pytest.raises(OperationFailed, match="say one of"):
        choose_scope("a", "b", organization=False)


def test_the_name_of_a_credential_fits_and_tells_secrets_and_plans_apart(desired: DesiredState) -> None:
    long = DesiredState("autopulse-calls-production-of-a-long-name", URL, desired.plan)
    twin = DesiredState("autopulse-calls-production-of-a-long-twin", URL, desired.plan)
    assert len(long.credential_name) == 40
    assert long.credential_prefix != twin.credential_prefix
    plans = [plan_of({"kind": kind, "secret": secret}) for kind in ("hmac", "bearer") for secret in ("a", "b")]
    assert len({DesiredState("stack", URL, plan).credential_name for plan in plans}) == 4
    assert SECRET not in desired.credential_name
