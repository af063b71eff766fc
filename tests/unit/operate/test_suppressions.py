"""`make suppress` and `make unsuppress` ask the function, and say what it did."""

import io
import json
from typing import Any

import pytest

from operate.suppressions import Number, suppress, unsuppress
from operate.target import OperationFailed
from tests.unit.operate.conftest import Account

FUNCTION = "autopulse-test-callers"
NUMBER = Number("+12025550142", "asked by mail", "organization-1")


class Function:
    """The stack's function, as the Lambda client invokes it."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.says: dict[str, Any] = {"organization": "organization-1", "changed": True}

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - as boto3
        assert FunctionName == FUNCTION
        self.asked.append(json.loads(Payload))
        return {"Payload": io.BytesIO(json.dumps(self.says).encode())}


@pytest.fixture
def function(account: Account) -> Function:
    function = Function()
    account.clients["lambda"] = function
    return function


def test_a_number_is_suppressed(account: Account, function: Function, capsys: pytest.CaptureFixture[str]) -> None:
    assert suppress(account.target, NUMBER) == 0
    function.says["changed"] = False
    assert suppress(account.target, NUMBER) == 0
    said = capsys.readouterr().out
    assert said.index("Suppressed") < said.index("It was suppressed before")
    asked = {"number": "+12025550142", "reason": "asked by mail", "organization": "organization-1"}
    assert function.asked == [{"operate": "suppress", **asked}] * 2


def test_a_number_is_taken_back(account: Account, function: Function, capsys: pytest.CaptureFixture[str]) -> None:
    number = Number("+12025550142")
    assert unsuppress(account.target, number) == 0
    function.says["changed"] = False
    assert unsuppress(account.target, number) == 1
    said = capsys.readouterr().out
    assert said.index("May be called again") < said.index("It was not suppressed")
    assert {event["operate"] for event in function.asked} == {"unsuppress"}


def test_what_is_wrong_is_told(account: Account, function: Function) -> None:
    function.says = {"error": "ORGANIZATION: there are several organizations; say which"}
    with pytest.raises(OperationFailed, match="several organizations"):
        suppress(account.target, NUMBER)
