"""`make erase` shows what is there, asks, erases and waits for the report; `make tombstones` saves and replays."""

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from operate import erase
from operate.confirmation import always
from operate.target import OperationFailed

PHONE = {"phone": "+12025550101"}


class Function:
    """The stack's function, and the target that finds it."""

    make_suffix = " ENV=staging"

    def __init__(self, *states: str) -> None:
        self.states = list(states) or ["done"]
        self.asked: list[dict[str, Any]] = []
        self.exported: list[dict[str, Any]] = []
        self.error = ""

    def resource(self, logical_id: str) -> str:
        assert logical_id == "ErasuresFunction"
        return "autopulse-test-erasures"

    def client(self, service: str) -> "Function":
        assert service == "lambda"
        return self

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - as boto3
        assert FunctionName == "autopulse-test-erasures"
        event = json.loads(Payload)
        self.asked.append(event)
        return {"Payload": io.BytesIO(json.dumps(self._answer(event)).encode())}

    def _answer(self, event: Mapping[str, Any]) -> dict[str, Any]:
        if self.error:
            return {"error": self.error}
        if "erase" in event:
            return {"id": "dry" if event["erase"]["dry_run"] else "real"}
        if "export" in event:
            return self.exported.pop(0)
        if "replay" in event:
            return {"calls": len(event["replay"]["tombstones"]), "visits": len(event["replay"]["visits"])}
        is_dry = event["erasure_id"] == "dry"
        state = "done" if is_dry else self.states.pop(0)
        stores = [
            {"store": name, "found": 1, "done": 1, "remains": None, "until": None} for name in ("calls", "visits")
        ]
        stores.append(
            {"store": "backups", "found": None, "done": None, "remains": "kept", "until": "2026-12-31T00:00:00Z"}
        )
        return {"id": event["erasure_id"], "state": state, "dry_run": is_dry, "rows": {"call": 1}, "stores": stores}

    @property
    def erased(self) -> list[dict[str, Any]]:
        return [event["erase"] for event in self.asked if "erase" in event and not event["erase"]["dry_run"]]


def run(function: Function, confirm: Any = always, *, dry_run: bool = False) -> int:  # noqa: ANN401 - a Confirm
    return erase.erase(function, PHONE, confirm, dry_run=dry_run, sleep=lambda _: None)  # type: ignore[arg-type] # a target's part


def test_it_shows_asks_erases_and_waits(capsys: pytest.CaptureFixture[str]) -> None:
    function = Function("running", "running", "done")
    questions: list[str] = []
    assert run(function, lambda question: questions.__iadd__([question]) != []) == 0
    assert questions == ["Erase 1 calls and 1 visits? It cannot be taken back."]
    assert function.erased == [PHONE | {"dry_run": False}]
    printed = capsys.readouterr().out
    assert "kept, until 2026-12-31" in printed
    assert PHONE["phone"] not in printed


def test_a_dry_run_and_a_no_change_nothing() -> None:
    function = Function()
    assert run(function, dry_run=True) == 0
    assert run(function, lambda _: False) == 0
    assert function.erased == []


def test_what_failed_is_the_exit_status() -> None:
    assert run(Function("failed")) == 1
    assert erase.show(Function("failed"), "real") == 1  # type: ignore[arg-type] # as above


def test_what_takes_longer_says_how_to_look_again(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(Function(*["running"] * 100)) == 0
    assert "make erase REPORT=real ENV=staging" in capsys.readouterr().out


def test_a_refusal_is_told() -> None:
    function = Function()
    function.error = "phone: This is a phone number"
    with pytest.raises(OperationFailed, match="phone"):
        run(function)


def test_tombstones_are_saved_page_by_page_and_replayed(tmp_path: Path) -> None:
    function, file = Function(), tmp_path / "tombstones.json"
    function.exported = [
        {"tombstones": [["ab", 1]], "visits": [7], "after": "ab"},
        {"tombstones": [["cd", None]], "visits": [], "after": None},
    ]
    assert erase.save_tombstones(function, file) == 0  # type: ignore[arg-type] # as above
    assert [event["export"] for event in function.asked] == ["", "ab"]
    function.asked.clear()
    assert erase.replay_tombstones(function, file) == 0  # type: ignore[arg-type] # as above
    assert function.asked == [{"replay": {"tombstones": [["ab", 1], ["cd", None]], "visits": [7]}}]
