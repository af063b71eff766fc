"""`make unlink` shows links, takes back the one that is meant, and redrives what was refused for it."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from autopulse.consumers.registry import REGISTRY
from operate.confirmation import always
from operate.target import OperationFailed
from operate.unlink import unlink
from tests.unit.operate.conftest import Account

CALL_ID, WRONG, OTHER = 15, "0193a000-0000-7000-8000-00000000dead", "0193a000-0000-7000-8000-00000000600d"
FUNCTION = "autopulse-test-unlink"


def link(vapi_call_id: str, **values: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON value
    usual = {
        "vapi_call_id": vapi_call_id,
        "made_call": False,
        "is_shown": False,
        "has_attempt": True,
        "call_type": "webCall",
        "created_at": "2026-07-11T00:59:40+00:00",
        "status": "Completed",
        "reported_at": None,
        "receipts": 3,
        "first_type": "status-update",
        "first_occurred_at": None,
        "first_received_at": "2026-07-11T01:00:30+00:00",
        "last_received_at": "2026-07-11T01:02:30+00:00",
    }
    return usual | values


class Function:
    """The stack's function, as the Lambda client invokes it."""

    def __init__(self, *links: dict[str, Any]) -> None:
        self.links = list(links)
        self.asked: list[dict[str, Any]] = []

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - as boto3
        assert FunctionName == FUNCTION
        event = json.loads(Payload)
        self.asked.append(event)
        answer: dict[str, Any] = {"links": list(self.links)}
        if event.get("unlink"):
            self.links = [one for one in self.links if one["vapi_call_id"] != event["vapi_call_id"]]
            answer = {"links": self.links, "removed": {"attempts": 1, "turns": 5, "incidents": 0, "receipts": 3}}
        return {"Payload": io.BytesIO(json.dumps(answer).encode())}

    @property
    def unlinked(self) -> list[str]:
        return [event["vapi_call_id"] for event in self.asked if event.get("unlink")]


@pytest.fixture
def put_function(account: Account) -> Callable[..., Function]:
    def put(*links: dict[str, Any]) -> Function:
        function = Function(*links)
        account.clients["lambda"] = function
        return function

    return put


def bury(account: Account, kind: str, call_id: int | None, vapi_call_id: str, reason: str) -> str:
    queue = f"{REGISTRY[kind].prefix}DeadLetterQueue"
    body = json.dumps({"kind": kind, "call_id": call_id, "vapi_call_id": vapi_call_id, "event_id": "e"})
    account.put(queue, body, reason=reason, kind=kind, detail="")
    return body


def test_the_only_link_is_taken_back_and_what_was_refused_for_it_goes_back(
    account: Account, put_function: Callable[..., Function], capsys: pytest.CaptureFixture[str]
) -> None:
    function = put_function(link(WRONG))
    conflict = "CallIdentityConflict"
    back = [
        bury(account, "end_of_call_report", CALL_ID, OTHER, conflict),
        bury(account, "end_of_call_report", 99, WRONG, conflict),
    ]
    first = bury(account, "status_update", None, WRONG, conflict)
    stay = [
        bury(account, "end_of_call_report", 99, OTHER, conflict),
        bury(account, "end_of_call_report", CALL_ID, WRONG, "UnknownCall"),
    ]
    assert unlink(account.target, CALL_ID, None, always) == 0
    assert function.unlinked == [WRONG]
    assert account.bodies("EndOfCallReportQueue") == sorted(back)
    assert account.bodies("StatusUpdateQueue") == [first]
    assert account.bodies("EndOfCallReportDeadLetterQueue") == sorted(stay)
    shown = capsys.readouterr().out
    for fact in (WRONG, "webCall", "status-update", "2026-07-11T01:00:30+00:00", "1 attempt, 5 turns, 0 incidents"):
        assert fact in shown


def test_of_several_the_one_that_is_named_is_taken_back(
    account: Account, put_function: Callable[..., Function]
) -> None:
    function = put_function(link(OTHER, is_shown=True), link(WRONG))
    assert unlink(account.target, CALL_ID, WRONG, always) == 0
    assert function.unlinked == [WRONG]


def test_of_several_none_is_chosen_for_anybody(
    account: Account, put_function: Callable[..., Function], capsys: pytest.CaptureFixture[str]
) -> None:
    function = put_function(link(OTHER), link(WRONG))
    assert unlink(account.target, CALL_ID, None, always) == 0
    assert function.unlinked == []
    assert f"make unlink CALL={CALL_ID} VAPI_CALL=… ENV=test" in capsys.readouterr().out


def test_who_says_no_changes_nothing(account: Account, put_function: Callable[..., Function]) -> None:
    function = put_function(link(WRONG))
    letter = bury(account, "end_of_call_report", CALL_ID, WRONG, "CallIdentityConflict")
    assert unlink(account.target, CALL_ID, None, lambda _: False) == 0
    assert function.unlinked == []
    assert account.bodies("EndOfCallReportDeadLetterQueue") == [letter]


def test_where_nothing_is_linked_nothing_is_asked(account: Account, put_function: Callable[..., Function]) -> None:
    def never(_question: str) -> bool:
        raise AssertionError

    function = put_function()
    assert unlink(account.target, CALL_ID, None, never) == 0
    assert function.unlinked == []


def test_a_call_that_is_not_linked_is_not_taken_back(account: Account, put_function: Callable[..., Function]) -> None:
    function = put_function(link(OTHER))
    with pytest.raises(OperationFailed, match="not linked"):
        unlink(account.target, CALL_ID, WRONG, always)
    assert function.unlinked == []


@pytest.mark.parametrize(
    "answer",
    [
        {"Payload": io.BytesIO(b'{"errorMessage": "x"}'), "FunctionError": "Unhandled"},
        {"Payload": io.BytesIO(b'{"error": "there is no call 15"}')},
        {"Payload": io.BytesIO(b"not JSON")},
        {"Payload": io.BytesIO(b"[]")},
        ClientError({"Error": {"Code": "AccessDeniedException"}}, "Invoke"),
    ],
)
def test_a_function_that_fails_is_said(account: Account, answer: Any) -> None:  # noqa: ANN401 - as boto3 has it
    class Failing:
        def invoke(self, **_: object) -> Any:  # noqa: ANN401 - as above
            if isinstance(answer, Exception):
                raise answer
            return answer

    account.clients["lambda"] = Failing()
    with pytest.raises(OperationFailed):
        unlink(account.target, CALL_ID, None, always)


def test_what_comes_from_vapi_cannot_command_the_terminal(
    account: Account, put_function: Callable[..., Function], capsys: pytest.CaptureFixture[str]
) -> None:
    put_function(link("a\x1b[31m\x07b", call_type="web\x9bCall", first_type="x\u202ey"))
    unlink(account.target, CALL_ID, None, lambda _: False)
    shown = capsys.readouterr().out
    assert all(character.isprintable() or character == "\n" for character in shown)
