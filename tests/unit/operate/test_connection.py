"""Check where URL, secret and stack come from."""

import json
import traceback
from pathlib import Path

import pytest

from local.stack_paths import PROJECT, StackPaths
from operate import target as targets
from operate.target import OperationFailed, find_target, read_secret
from operate.vapi.authentication_plans import DEFAULT_ENTRY
from operate.vapi.connection import Connection, open_api, read_connection
from operate.vapi.doctor import post_ping
from tests.unit.operate.conftest import WEBHOOK_URL, Account

NOWHERE = StackPaths(PROJECT / ".local" / "nowhere", 1, 2, "")


def test_url_and_secret_are_the_stacks(account: Account) -> None:
    account.put_secret({"secret": "stored", "credentials": [{"kind": "shared-secret"}, {"kind": "hmac"}]})
    assert read_connection(account.target, {}) == Connection(WEBHOOK_URL, {"kind": "hmac", "secret": "stored"})


def test_what_a_person_gives_needs_no_aws() -> None:
    def nobody(_service: str) -> None:
        raise AssertionError

    given = {"VAPI_WEBHOOK_URL": "https://tunnel.example.com/hook", "VAPI_WEBHOOK_SECRET": "given"}
    target = targets.Target("staging", "stack", nobody, {})
    assert read_connection(target, given) == Connection(given["VAPI_WEBHOOK_URL"], DEFAULT_ENTRY | {"secret": "given"})


@pytest.mark.parametrize("url", ["http://api.example.com/hook", "http://localhost.example.com/", "http://192.0.2.1/"])
def test_no_secret_travels_in_plain_text_whatever_the_command(account: Account, url: str) -> None:
    """As smoke and doctor ask, too; with a bearer or a shared secret they send it."""
    for kind in ("hmac", "bearer", "shared-secret"):
        account.put_secret({"secret": "stored", "credentials": [{"kind": kind}]})
        with pytest.raises(OperationFailed, match="is not https"):
            read_connection(account.target, {"VAPI_WEBHOOK_URL": url})
        with pytest.raises(OperationFailed, match="is not https"):
            post_ping(Connection(url, {"kind": kind, "secret": "stored"}))


@pytest.mark.parametrize("url", ["https://api.example.com/hook", "http://localhost:4566/hook", "http://127.0.0.1/hook"])
def test_https_and_this_machine_are_fine(account: Account, url: str) -> None:
    account.put_secret({"secret": "stored", "credentials": [{"kind": "bearer"}]})
    assert read_connection(account.target, {"VAPI_WEBHOOK_URL": url}).url == url


@pytest.mark.parametrize("secret", ["control\x07character", "line\nbreak", "not-latin-\u0142"])
def test_a_secret_that_no_header_carries_is_not_printed(secret: str) -> None:
    with pytest.raises(OperationFailed) as caught:
        post_ping(Connection("http://127.0.0.1:9/hook", {"kind": "bearer", "secret": secret}))
    assert secret not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("url", ["api.example.com/hook", "ftp://api.example.com", "https://"])
def test_a_url_that_is_none(account: Account, url: str) -> None:
    with pytest.raises(OperationFailed, match="VAPI_WEBHOOK_URL"):
        read_connection(account.target, {"VAPI_WEBHOOK_URL": url})


@pytest.mark.parametrize("stored", ["no JSON", "[]", '{"credentials": []}', '{"secret": 1}'])
def test_a_secret_that_is_none(account: Account, stored: str) -> None:
    account.put_secret(stored)
    with pytest.raises(OperationFailed, match="no JSON object"):
        read_secret(account.target)


def test_a_secret_that_is_not_there(account: Account) -> None:
    with pytest.raises(OperationFailed, match="Check the credentials"):
        read_secret(account.target)


def test_an_output_that_is_not_there(account: Account) -> None:
    with pytest.raises(OperationFailed, match="no output Surprise"):
        account.target.output("Surprise")


def test_an_environment_has_the_stack_and_region_of_samconfig(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_TOKEN", "token")
    target = find_target("production", NOWHERE)
    assert (target.stack_name, target.api_token) == ("autopulse-calls-production", "token")
    assert target.client("sqs").meta.region_name == "us-east-1"


@pytest.mark.parametrize("environment", ["nowhere", "version"])
def test_an_environment_that_is_none_is_said(environment: str) -> None:
    with pytest.raises(OperationFailed, match="ENV may be local, default, staging, production"):
        find_target(environment, NOWHERE)


def test_a_local_stack_that_is_down_is_said() -> None:
    with pytest.raises(Exception, match="make up"):
        find_target("local", NOWHERE)


def test_the_samconfig_is_the_projects() -> None:
    assert Path(targets.SAMCONFIG).is_file()


def test_the_key_is_the_environments() -> None:
    with pytest.raises(OperationFailed, match="VAPI_API_KEY"):
        open_api({})
    assert open_api({"VAPI_API_KEY": "key", "VAPI_API_URL": "http://127.0.0.1:9"}) is not None


def test_a_secret_is_put_as_it_is_read(account: Account) -> None:
    document = {"secret": "stored", "credentials": []}
    account.put_secret(document)
    assert read_secret(account.target) == json.loads(json.dumps(document))
