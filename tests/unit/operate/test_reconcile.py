"""`make reconcile` shows what differs, asks, repairs, and says what has changed and what has not, and why."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from autopulse.reconciliation.requests import ErrorReason, NotFound
from operate import comparison, reconcile
from operate.confirmation import always
from operate.reconcile import Choice
from operate.target import OperationFailed
from tests.unit.operate.conftest import Account
from tests.unit.operate.vapi_calls import NOW, Calls, Clock, call, id_of

ALL = Choice()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def calls(account: Account) -> Calls:
    found = Calls()
    account.clients["lambda"] = found
    return found


@pytest.fixture
def shown(capsys: pytest.CaptureFixture[str]) -> pytest.CaptureFixture[str]:
    return capsys


def run(account: Account, clock: Clock, choice: Choice = ALL, *, dry_run: bool = False) -> int:
    asks = clock.inquiry(account.target)
    return reconcile.reconcile(account.target, choice, always, dry_run=dry_run, inquiry=asks)


def test_what_differs_is_asked_for_and_shown_as_repaired(
    account: Account, calls: Calls, clock: Clock, shown: pytest.CaptureFixture[str]
) -> None:
    calls.put(call(1, 1))
    calls.put(call(2, 2), here=None)
    calls.put(call(3, 3), missing=True)
    calls.slow = 12
    assert run(account, clock) == 0
    assert calls.asked == [id_of(2), id_of(3)]
    out = shown.readouterr().out
    assert "2 requests queued" in out
    assert "  0 of 2 are as at Vapi" in out
    assert out.count("as at Vapi\n") >= 3
    assert "2 differences gone, none left" in out
    assert clock.seconds < reconcile.SETTLED_SECONDS, "nobody waits longer than for what is meant"
    assert run(account, clock) == 0
    assert calls.asked == [id_of(2), id_of(3)], "what is equal is not asked for"
    assert "Nothing to request from Vapi" in shown.readouterr().out


def test_a_dry_run_and_who_says_no_change_nothing(
    account: Account, calls: Calls, clock: Clock, shown: pytest.CaptureFixture[str]
) -> None:
    calls.put(call(2, 2), here=None)
    assert run(account, clock, dry_run=True) == 1
    assert "1 call would be requested from Vapi" in shown.readouterr().out
    asks = clock.inquiry(account.target)
    questions: list[str] = []

    def no(question: str) -> bool:
        questions.append(question)
        return False

    assert reconcile.reconcile(account.target, ALL, no, inquiry=asks) == 1
    assert "Nothing changed" in shown.readouterr().out
    assert ["Ask Vapi for 1 call, and store what it says?" in one for one in questions] == [True]
    assert calls.asked == []


@pytest.mark.parametrize(
    ("reason", "said"), [(ErrorReason.FORGOT, "beyond retention"), (ErrorReason.UNKNOWN_CALL, "not found")]
)
def test_a_call_that_vapi_does_not_have_is_left_with_the_reason(
    account: Account, calls: Calls, clock: Clock, *, shown: pytest.CaptureFixture[str], reason: ErrorReason, said: str
) -> None:
    calls.put(call(1, 1), here=None)
    calls.put(call(2, 2))
    calls.gone[id_of(2)] = reason
    assert run(account, clock) == 1
    assert sorted(calls.asked) == [id_of(1), id_of(2)]
    out = shown.readouterr().out
    (line,) = [line for line in out.splitlines() if said in line]
    assert id_of(2) in line
    assert "1 difference gone, 1 left" in out


@pytest.mark.parametrize(
    ("queue", "remedy"),
    [("EndOfCallReport", "make redrive"), ("StatusUpdate", "make redrive"), ("VapiRequest", "runbook")],
)
def test_a_dead_letter_about_the_call_is_the_reason_and_stays(
    account: Account, calls: Calls, clock: Clock, *, shown: pytest.CaptureFixture[str], queue: str, remedy: str
) -> None:
    calls.put(call(1, 1), call(2, 2), here=None)
    calls.stubborn = {id_of(1)}
    other = json.dumps({"vapi_call_id": id_of(5), "call_id": None})
    body = json.dumps({"vapi_call_id": id_of(1), "call_id": None})
    account.put(f"{queue}DeadLetterQueue", other, reason="Other")
    account.put(f"{queue}DeadLetterQueue", body, reason="DataRejected")
    assert run(account, clock) == 1
    (line,) = [line for line in shown.readouterr().out.splitlines() if "a dead letter: DataRejected" in line]
    assert id_of(1) in line
    assert remedy in line
    assert account.bodies(f"{queue}DeadLetterQueue") == sorted([body, other])


def test_a_record_that_is_not_final_yet_is_the_reason(
    account: Account, calls: Calls, clock: Clock, shown: pytest.CaptureFixture[str]
) -> None:
    calls.put(call(1, has_turns=False, ended_at=NOW - timedelta(minutes=4)), here=None)
    calls.stubborn = {id_of(1)}
    assert run(account, clock) == 1
    assert "not final yet, 4 min 0 s after the end" in shown.readouterr().out
    assert reconcile.SETTLED_SECONDS <= clock.seconds < reconcile.BUSY_SETTLED_SECONDS


@pytest.fixture
def _asks_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait as long by the clock with a fifth of the questions: each asks about every queue."""
    monkeypatch.setattr(reconcile, "POLL_SECONDS", 5)


@pytest.mark.usefixtures("_asks_seldom")
def test_what_is_queued_is_waited_for_and_not_for_ever(
    account: Account, calls: Calls, clock: Clock, shown: pytest.CaptureFixture[str]
) -> None:
    calls.put(call(1, 1), here=None)
    calls.stubborn = {id_of(1)}
    account.put("VapiRequestQueue", "{}")
    assert run(account, clock) == 1
    assert reconcile.PATIENCE_SECONDS <= clock.seconds < reconcile.PATIENCE_SECONDS + 10
    out = shown.readouterr().out
    assert "1 still wait for their request" in out
    assert "0 of 1 are as at Vapi, 1 wait to be asked" in out


@pytest.mark.usefixtures("_asks_seldom")
def test_consumers_that_are_always_busy_are_not_waited_for_for_ever(
    account: Account, calls: Calls, clock: Clock
) -> None:
    calls.put(call(1, 1), here=None)
    calls.stubborn = {id_of(1)}
    account.put("EndOfCallReportQueue", "{}")
    assert run(account, clock) == 1
    assert reconcile.BUSY_SETTLED_SECONDS <= clock.seconds < reconcile.PATIENCE_SECONDS


def test_only_some_that_are_left_are_asked_about_again(
    account: Account, calls: Calls, clock: Clock, monkeypatch: pytest.MonkeyPatch, shown: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(reconcile, "MAX_LOOKED_AT", 1)
    calls.put(*(call(number, number) for number in range(1, 4)), here=None)
    calls.stubborn = set(calls.there)
    assert run(account, clock) == 1
    assert shown.readouterr().out.count("not looked at") == 2


def test_who_is_not_told_again_says_so_and_shows_the_rest(
    account: Account, calls: Calls, clock: Clock, shown: pytest.CaptureFixture[str]
) -> None:
    calls.put(call(1, 1), here=None)
    calls.stubborn = {id_of(1)}
    sweep = calls._sweep  # noqa: SLF001 - the double's own

    def fail_from_now_on(event: Mapping[str, Any]) -> dict[str, Any]:
        if "ask" in event:
            calls.failures = [NotFound(ErrorReason.UNAUTHORIZED, "401").to_object()]
        return sweep(event)

    calls._sweep = fail_from_now_on  # type: ignore[method-assign] # noqa: SLF001
    assert run(account, clock) == 1
    assert "vapi-unauthorized (401)" in shown.readouterr().out


# One call


def test_an_equal_call_is_told_anew(
    account: Account, calls: Calls, clock: Clock, shown: pytest.CaptureFixture[str]
) -> None:
    calls.put(call(1), call(2))
    assert run(account, clock, Choice(vapi_call_id=id_of(1).upper())) == 0
    assert calls.asked == [id_of(1)]
    out = shown.readouterr().out
    assert "1 call of Vapi's compared: none differs" in out
    assert "Requested again; nothing differs" in out
    assert clock.seconds >= reconcile.SETTLED_SECONDS, "the queues were waited for"


@pytest.mark.parametrize("reason", [ErrorReason.FORGOT, ErrorReason.UNKNOWN_CALL])
def test_a_named_call_that_vapi_does_not_have_is_asked_for_all_the_same(
    account: Account, calls: Calls, clock: Clock, shown: pytest.CaptureFixture[str], reason: ErrorReason
) -> None:
    calls.gone[id_of(1)] = reason
    assert run(account, clock, Choice(vapi_call_id=id_of(1))) == 1
    assert calls.asked == [id_of(1)]
    assert ("beyond retention" if reason is ErrorReason.FORGOT else "not found") in shown.readouterr().out


def test_a_call_of_ours_is_asked_for_by_all_that_it_is_linked_to(account: Account, calls: Calls, clock: Clock) -> None:
    calls.put(call(1, call_id=7))
    calls.put(call(2, call_id=7), here=None)
    calls.links[7] = [id_of(1), id_of(2)]
    assert run(account, clock, Choice(call_id=7)) == 0
    assert sorted(calls.asked) == [id_of(1), id_of(2)]
    assert calls.here[id_of(2)] == 9


def test_a_call_that_is_linked_to_nothing_is_looked_for_in_the_list(
    account: Account, calls: Calls, clock: Clock
) -> None:
    calls.put(*(call(number, number) for number in range(1, 9)), missing=True)
    assert run(account, clock, Choice(call_id=5)) == 0
    assert calls.asked == [id_of(5)]
    assert len(calls.questions) < 5, "no further than needed"


def test_a_call_that_nothing_names_is_said(account: Account, calls: Calls, clock: Clock) -> None:
    calls.put(call(1))
    with pytest.raises(OperationFailed, match="names call 99"):
        run(account, clock, Choice(call_id=99))
    assert calls.asked == []


def test_what_is_no_id_of_vapi_s_gets_nowhere(account: Account, calls: Calls, clock: Clock) -> None:
    with pytest.raises(OperationFailed, match="UUID"):
        run(account, clock, Choice(vapi_call_id="../../org?x=1"))
    calls.links[7] = ["made-up"]
    assert run(account, clock, Choice(call_id=7)) == 1
    assert (calls.asked, calls.questions) == ([], [])


def test_many_calls_are_asked_for_in_parts(
    account: Account, calls: Calls, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison, "AT_ONCE", 3)
    calls.put(*(call(number, number / 10) for number in range(1, 9)), here=None)
    calls.stubborn = set(calls.there)
    assert run(account, clock) == 1
    assert len(calls.asked) == 8
