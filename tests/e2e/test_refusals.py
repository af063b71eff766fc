"""Garbage of every sort at the webhook URL: the right status, nothing stored, no exception in a log."""

import json
from collections.abc import Mapping
from typing import Final

import pytest

from local.deploy import SAMPLE_SECRET
from local.simulator.webhook_client import encode, read_object, sign
from tests.deployed import DeployedStack, wait_for

PING: Final = encode({"message": {"type": "autopulse.ping", "id": "refusals", "timestamp": 1793631600000}})
GARBAGE: Final[Mapping[str, tuple[int, bytes]]] = {
    "empty": (400, b""),
    "not JSON": (400, b"{"),
    "text": (400, b'"hello"'),
    "number": (400, b"17"),
    "null": (400, b"null"),
    "array": (400, b"[{}]"),
    "no type": (400, b'{"message": {}}'),
    "type of the wrong type": (400, b'{"message": {"type": {"a": 1}}}'),
    "nested too deeply": (400, b'{"message":' + b"[" * 20_000 + b"]" * 20_000 + b"}"),
    "an integer of 5,000 digits": (400, b'{"message": {"type": "hang", "timestamp": ' + b"9" * 5_000 + b"}}"),
    "unknown type": (200, b'{"message": {"type": "invented.type"}}'),
    "unneeded type": (200, b'{"message": {"type": "speech-update", "status": "started"}}'),
    "NaN in an unneeded type": (200, b'{"message": {"type": "speech-update", "turn": NaN}}'),
}
FORGERIES: Final[Mapping[str, Mapping[str, str]]] = {
    "no header": {},
    "empty secret": {"X-Vapi-Secret": ""},
    "wrong secret": {"X-Vapi-Secret": "guessed"},
    "empty signature": {"X-Vapi-Signature": ""},
    "prefix alone": {"X-Vapi-Signature": "sha256="},
    "wrong signature": {"X-Vapi-Signature": "0" * 64},
    "signature that is no hex": {"X-Vapi-Signature": "sha256=\u00fc\u00fc"},
    "the secret where a signature belongs": {"X-Vapi-Signature": SAMPLE_SECRET},
}


@pytest.mark.parametrize("name", GARBAGE)
def test_signed_garbage_gets_its_status_and_leaves_nothing(deployed: DeployedStack, name: str) -> None:
    status, content = GARBAGE[name]
    before = deployed.count_rows()
    answer = deployed.send(content)
    assert answer.status == status, answer.body
    assert answer.event_id is None
    assert "code" in read_object(answer.body)["error"] if status == 400 else answer.verdict == "ignored"
    assert (deployed.count_rows(), deployed.waiting()) == (before, 0)


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_webhook_is_refused_without_saying_why(deployed: DeployedStack, name: str) -> None:
    before = deployed.count_rows()
    answer = deployed.send(PING, FORGERIES[name])
    assert answer.status == 401
    assert answer.body == deployed.send(PING, {}).body
    assert (deployed.count_rows(), deployed.waiting()) == (before, 0)


def test_types_that_wait_for_an_answer_get_one(deployed: DeployedStack) -> None:
    answer = deployed.send({"message": {"type": "tool-calls", "toolCallList": [{"id": "call_0"}]}})
    assert answer.status == 200
    assert [result["toolCallId"] for result in read_object(answer.body)["results"]] == ["call_0"]


def test_the_secret_is_accepted_in_every_documented_form(deployed: DeployedStack) -> None:
    secret = deployed.stack["webhook_secret"]
    signature = sign(secret, PING)["X-Vapi-Signature"]
    forms = [{"X-Vapi-Secret": secret}, {"X-Vapi-Signature": signature}, {"x-vapi-signature": f"sha256={signature}"}]
    assert [deployed.send(PING, form).verdict for form in forms] == ["accepted"] * 3


def test_no_function_logged_an_exception(deployed: DeployedStack) -> None:
    deployed.send(b"\xff\xfe{", {"X-Vapi-Secret": deployed.stack["webhook_secret"]})
    wait_for(lambda: any("Webhook refused" in line for line in deployed.log_lines()), "the refusals in the log")
    # The authorizer has to fail for the gateway to answer 401, and Lambda logs that.
    lines = deployed.log_lines(but_of="authorizer")
    assert [line for line in lines if "Traceback" in line or '"unexpected"' in line] == []


def test_logs_are_json_lines(deployed: DeployedStack) -> None:
    ours = [line for line in deployed.log_lines() if line.startswith("{")]
    assert ours
    assert all(json.loads(line) for line in ours)
