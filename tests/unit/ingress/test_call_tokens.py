"""Check where a stack demands a proof of our call ids (docs/vapi.md)."""

import json
from typing import Any, Final
from unittest.mock import Mock

import pytest

from autopulse.ingress.webhook_secret import REREAD_SECONDS
from autopulse.vapi.call_tokens import call_token
from functions.verifier.app import SERVICES, handler
from tests.unit.ingress.conftest import DEFAULT_CREDENTIALS, Account
from tests.unit.ingress.requests import signed
from tests.unit.vapi import samples

KEY: Final = "an-invented-key-of-the-application"
CALL_ID: Final = 4711
TOKEN: Final = call_token(CALL_ID, KEY.encode())


@pytest.fixture(autouse=True)
def demanding(account: Account, monkeypatch: pytest.MonkeyPatch) -> Account:
    monkeypatch.setenv("REQUIRE_CALL_TOKEN", "true")
    account.put_secret(DEFAULT_CREDENTIALS | {"call_token_secret": KEY})
    return account


def body(**variables: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON value
    call = {"id": "vapi-call-1", "type": "outboundPhoneCall", "assistantOverrides": {"variableValues": variables}}
    artifact = {"variables": variables, "variableValues": variables}
    return {"message": {"type": "status-update", "status": "ringing", "call": call, "artifact": artifact}}


def status_of(message: dict[str, Any]) -> int:
    status: int = handler(signed(message), None)["statusCode"]
    return status


def queued_id(account: Account) -> int | None:
    (envelope,) = account.everything_queued()
    assert TOKEN not in envelope
    call_id: int | None = json.loads(envelope)["call_id"]
    return call_id


def test_a_proven_id_counts_and_its_token_goes_nowhere(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of(body(call_id=str(CALL_ID), call_token=TOKEN)) == 200
    assert queued_id(account) == CALL_ID
    captured = capsys.readouterr()
    assert TOKEN not in captured.out + captured.err
    assert KEY not in captured.out + captured.err


@pytest.mark.parametrize(
    "variables",
    [
        {"call_id": CALL_ID},
        {"call_id": CALL_ID, "call_token": None},
        {"call_id": CALL_ID, "call_token": ""},
        {"call_id": CALL_ID + 1, "call_token": TOKEN},
        {"call_id": CALL_ID, "call_token": call_token(CALL_ID, b"another-key")},
        {"call_id": CALL_ID, "call_token": KEY},
    ],
)
def test_an_id_without_its_token_does_not_count(
    account: Account, variables: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert status_of(body(**variables)) == 200
    assert queued_id(account) is None
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (said,) = [line["call_token"] for line in lines if "call_token" in line]
    assert said == ("mismatch" if variables.get("call_token") is not None else "missing")
    assert [line["CallTokenRefused"] for line in lines if "CallTokenRefused" in line] == [[1]]
    assert TOKEN not in json.dumps(lines)


def test_a_message_without_an_id_of_ours_needs_no_token(account: Account) -> None:
    assert status_of(body()) == 200
    assert queued_id(account) is None


def test_a_ping_needs_no_token(account: Account) -> None:
    account.put_secret(DEFAULT_CREDENTIALS)
    assert status_of(samples.PING) == 200


@pytest.mark.parametrize("secrets", [[KEY, "a-new-key"], ["a-new-key", KEY], ["a-new-key", "", KEY]])
def test_of_several_secrets_each_is_accepted(account: Account, secrets: list[str]) -> None:
    account.put_secret(DEFAULT_CREDENTIALS | {"call_token_secret": secrets})
    for key in (KEY, "a-new-key"):
        assert status_of(body(call_id=CALL_ID, call_token=call_token(CALL_ID, key.encode()))) == 200
        assert queued_id(account) == CALL_ID


@pytest.mark.parametrize("secret", [None, "", "  ", [], [""], 7, {"key": KEY}])
def test_without_a_secret_nothing_that_names_a_call_is_taken(account: Account, secret: object) -> None:
    account.put_secret(DEFAULT_CREDENTIALS | {"call_token_secret": secret})
    for token in (None, TOKEN, call_token(CALL_ID, b"")):
        assert status_of(body(call_id=CALL_ID, call_token=token)) == 503
    assert account.everything_queued() == []


def test_a_secret_that_was_added_a_moment_ago_is_read_at_once(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Mock(return_value=1_000.0)
    monkeypatch.setattr(SERVICES.secret, "clock", clock)
    assert status_of(body(call_id=CALL_ID, call_token=TOKEN)) == 200
    assert queued_id(account) == CALL_ID
    account.put_secret(DEFAULT_CREDENTIALS | {"call_token_secret": [KEY, "a-new-key"]})
    clock.return_value += REREAD_SECONDS
    assert status_of(body(call_id=CALL_ID, call_token=call_token(CALL_ID, b"a-new-key"))) == 200
    assert queued_id(account) == CALL_ID


@pytest.mark.parametrize("value", ["yes", "True", "1", ""])
def test_a_switch_that_says_anything_but_false_is_on(
    account: Account, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUIRE_CALL_TOKEN", value)
    assert status_of(body(call_id=CALL_ID)) == 200
    assert queued_id(account) is None


def test_where_none_is_demanded_an_id_counts_alone(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUIRE_CALL_TOKEN", "false")
    account.put_secret(DEFAULT_CREDENTIALS)
    assert status_of(body(call_id=CALL_ID, call_token="anything")) == 200
    assert queued_id(account) == CALL_ID
