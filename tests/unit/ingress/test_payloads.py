"""Every recorded webhook of the folder VAPI_PAYLOADS; without one, the documented shapes of our own samples."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from autopulse.vapi import routes
from functions.verifier.app import handler
from tests.unit.ingress.conftest import Account
from tests.unit.ingress.requests import signed
from tests.unit.vapi import samples

_OWN: dict[str, Any] = {
    **{f"own {kind}": body for kind, body in samples.BY_KIND.items()},
    "own simple status": samples.SIMPLE_STATUS,
    "own simple conversation": samples.SIMPLE_CONVERSATION,
    "own simple report": samples.SIMPLE_REPORT,
    "own simple hang": samples.SIMPLE_HANG,
    "own speech-update": {"message": {"type": "speech-update", "status": "started"}},
    "own tool-calls": {"message": {"type": "tool-calls", "toolCallList": [{"id": "call_1"}]}},
}


def payloads() -> dict[str, Any]:
    folder = os.environ.get("VAPI_PAYLOADS")
    if not folder:
        return _OWN
    return {path.name: json.loads(path.read_bytes()) for path in sorted(Path(folder).rglob("*.json"))}


PAYLOADS = payloads()


def test_there_are_payloads() -> None:
    assert PAYLOADS


@pytest.mark.parametrize("body", PAYLOADS.values(), ids=PAYLOADS)
def test_a_payload_is_queued_answered_or_ignored_by_its_type(account: Account, body: dict[str, Any]) -> None:
    message = body.get("message", body)
    response = handler(signed(body), None)
    answer = json.loads(response["body"])
    queued = account.everything_queued()
    assert response["statusCode"] == 200
    if routes.kind_of(message):
        assert answer["status"] == "accepted"
        (envelope,) = [json.loads(text) for text in queued]
        assert envelope["vapi_call_id"] == message.get("call", {}).get("id")
        assert len(queued[0]) < 2_000 or envelope["kind"] in {"conversation_update", "end_of_call_report"}
    else:
        assert queued == []
        assert answer == {"status": "ignored"} or message["type"] in routes.ANSWERS


SECRET_FIELDS = {
    "secret",
    "serverUrlSecret",
    "twilioAuthToken",
    "twilioAccountSid",
    "accountSid",
    "listenUrl",
    "controlUrl",
    "webCallUrl",
    "callUrl",
}


@pytest.mark.parametrize("body", PAYLOADS.values(), ids=PAYLOADS)
def test_no_secret_of_a_payload_is_queued_or_logged(
    account: Account, body: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    handler(signed(body), None)
    durable = "".join(account.everything_queued()) + "".join(capsys.readouterr())
    for secret in secrets_of(body):
        assert secret not in durable


def secrets_of(value: Any, name: str = "") -> list[str]:  # noqa: ANN401 - any JSON
    """The texts of the fields that are known to hold secrets, and the prompts; structured data is the user's own."""
    if isinstance(value, dict):
        value = {key: item for key, item in value.items() if key != "structuredData"}
        prompt = value.get("role") == "system"
        return [
            text for key in value for text in secrets_of(value[key], "secret" if prompt else key) if text != "system"
        ]
    if isinstance(value, list):
        return [text for item in value for text in secrets_of(item, name)]
    return [value] if isinstance(value, str) and name in SECRET_FIELDS and value else []
