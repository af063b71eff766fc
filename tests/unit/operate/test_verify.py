"""`make verify` shows what differs from Vapi, whether anything does, and that it could not tell."""

import sys
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from autopulse.reconciliation.requests import ErrorReason, ListQuestion, NotFound
from operate import __main__ as commands
from operate import comparison
from operate.commands import arguments
from operate.comparison import read_window
from operate.target import OperationFailed
from operate.verify import verify
from tests.unit.operate.conftest import Account
from tests.unit.operate.vapi_calls import NOW, Calls, Clock, call, id_of


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def calls(account: Account) -> Calls:
    found = Calls()
    account.clients["lambda"] = found
    return found


def run(account: Account, clock: Clock, since: str = "7d") -> int:
    return verify(account.target, since, clock.inquiry(account.target))


def test_nothing_differs(account: Account, calls: Calls, clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    calls.put(*(call(number, number) for number in range(1, 6)))
    assert run(account, clock) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "5 calls of Vapi's compared since 2026-11-23 12:00:00Z: none differs"


def test_what_differs_is_a_table_with_a_sum(
    account: Account, calls: Calls, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    """All pages are read, each is compared, and what Vapi does not list is seen on the page of its time."""
    calls.put(*(call(number, number) for number in range(1, 6)))
    calls.put(call(6, 6), here=None)
    calls.put(call(7, 7, call_id=None), missing=True)
    calls.put(call(8, 2.5))
    calls.gone[id_of(8)] = ErrorReason.UNKNOWN_CALL
    assert run(account, clock) == 1
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    width = len(id_of(1))
    assert lines[1:] == [
        f"  call  {'vapi call':<{width}}  field      here       there",
        f"  8     {id_of(8)}  call       Completed  -",
        f"  6     {id_of(6)}  nps_score  -          9",
        f"  -     {id_of(7)}  call       -          Ended",
        "7 calls of Vapi's compared since 2026-11-23 12:00:00Z: 3 differ",
    ]
    windows = [(one["since"], one["until"]) for one in calls.compared]
    assert windows[0][1] == NOW.isoformat()
    assert windows[-1][0] == (NOW - timedelta(days=7)).isoformat()
    assert [until for _, until in windows[1:]] == [since for since, _ in windows[:-1]], "no time is left out"
    assert calls.asked == []


def test_calls_before_the_time_are_not_compared(account: Account, calls: Calls, clock: Clock) -> None:
    calls.put(call(1, 1))
    calls.put(call(2, 3), here=3)
    assert run(account, clock, "2h") == 0
    assert run(account, clock, "2026-11-30T08:00") == 1


def test_the_table_has_an_end(
    account: Account, calls: Calls, clock: Clock, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison, "MAX_SHOWN", 3)
    calls.put(*(call(number, number) for number in range(1, 8)), here=1)
    assert run(account, clock) == 1
    shown = capsys.readouterr().out
    assert shown.count("nps_score") == 3
    assert "… and 4 more differences" in shown
    assert "7 differ" in shown


def test_what_comes_from_vapi_cannot_command_the_terminal(
    account: Account, calls: Calls, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    calls.put(call(1, status="a\x1b[31m\x07b\u202e"), missing=True)
    assert run(account, clock) == 1
    assert all(character.isprintable() or character == "\n" for character in capsys.readouterr().out)


@pytest.mark.parametrize("reason", list(ErrorReason))
def test_who_is_not_told_says_why(account: Account, calls: Calls, clock: Clock, reason: ErrorReason) -> None:
    calls.put(call(1))
    calls.failures = [NotFound(reason, "401").to_object()] * comparison.TRIES
    with pytest.raises(OperationFailed, match=f"{reason.value} .401.: "):
        run(account, clock)


@pytest.mark.parametrize(("wanted", "waited"), [(None, 5 + 10), (2.0, 2 + 2), (1000.0, 60 + 60)])
def test_what_passes_is_waited_for(
    account: Account, calls: Calls, clock: Clock, wanted: float | None, waited: float
) -> None:
    calls.put(call(1))
    calls.failures = [
        NotFound(reason, "", wanted).to_object() for reason in (ErrorReason.THROTTLED, ErrorReason.UNAVAILABLE)
    ]
    assert run(account, clock) == 0
    assert clock.seconds == waited


def test_a_page_that_fails_is_not_left_out(account: Account, calls: Calls, clock: Clock) -> None:
    calls.put(*(call(number, number) for number in range(1, 6)))
    fetch = calls._fetch  # noqa: SLF001 - the double's own

    def fail_later(event: Any) -> Any:  # noqa: ANN401 - any JSON
        return NotFound(ErrorReason.UNREADABLE).to_object() if len(calls.questions) == 2 else fetch(event)

    calls._fetch = fail_later  # type: ignore[method-assign] # noqa: SLF001
    with pytest.raises(OperationFailed, match="vapi-unreadable"):
        run(account, clock)


@pytest.mark.parametrize(
    "answer",
    [
        {"FunctionError": "Unhandled"},
        {"calls": "none"},
        {"error": "x"},
        ClientError({"Error": {"Code": "X"}}, "Invoke"),
    ],
)
def test_a_function_that_fails_is_said(
    account: Account,
    calls: Calls,
    clock: Clock,
    answer: Any,  # noqa: ANN401 - as above
) -> None:
    calls.failures = [answer]
    with pytest.raises(OperationFailed):
        run(account, clock)


def test_a_fetcher_at_work_is_waited_for(
    account: Account, calls: Calls, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    busy = ClientError({"Error": {"Code": "TooManyRequestsException"}}, "Invoke")
    calls.put(call(1))
    calls.failures = [busy] * 3
    assert run(account, clock) == 0
    assert capsys.readouterr().out.count("is busy") == 1
    calls.failures = [busy] * 100
    with pytest.raises(OperationFailed, match="TooManyRequestsException"):
        run(account, clock)


def test_a_list_that_does_not_end_is_given_up(account: Account, calls: Calls, clock: Clock) -> None:
    same = {"calls": [], "before": (NOW - timedelta(hours=1)).isoformat()}
    calls.failures = [same] * 50
    with pytest.raises(OperationFailed, match="does not end"):
        run(account, clock)
    assert len(calls.questions) == 2


@pytest.mark.parametrize(("text", "hours"), [("7d", 168), ("36h", 36), ("90m", 1.5), ("324h", 324), ("13d", 312)])
def test_since_is_a_span(text: str, hours: float) -> None:
    assert read_window(text, NOW) == NOW - timedelta(hours=hours)


def test_since_is_a_time() -> None:
    assert read_window("2026-11-28", NOW) == NOW - timedelta(days=2, hours=12)


@pytest.mark.parametrize("text", ["14d", "325h", "2026-11-01"])
def test_what_vapi_has_forgotten_is_not_promised(account: Account, calls: Calls, clock: Clock, text: str) -> None:
    with pytest.raises(OperationFailed, match=r"at most 13\.5 days ago, which is 2026-11-17 00:00:00Z"):
        run(account, clock, text)
    assert calls.questions == []


@pytest.mark.parametrize("command", ["verify", "reconcile"])
def test_the_exit_status_is_two_if_it_could_not_tell(
    account: Account, calls: Calls, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    monkeypatch.setattr(arguments, "find_target", lambda *_: account.target)
    monkeypatch.setattr(sys, "argv", ["operate", command])
    calls.failures = [NotFound(ErrorReason.NOT_CONFIGURED).to_object()]
    assert commands.main() == 2
    assert "Reconciliation=on" in capsys.readouterr().err
    assert commands.main() == 0
    assert ListQuestion in {type(question) for question in calls.questions}
