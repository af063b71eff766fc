"""Invented managers change follow-ups by the API's rules, the same ones in the same way for the same seed."""

from collections import Counter
from json import dumps
from typing import Any

import pytest

from autopulse.domain.follow_ups import TRANSITIONS, State
from autopulse.follow_ups.changes import read_change
from local.simulator.managers import Managers
from local.stack_paths import LocalStackError

CALLS = range(1001, 1201)


class Inbox:
    """The API, as far as managers ask it."""

    def __init__(self, calls: range = CALLS, page: int = 50) -> None:
        self.rows: dict[int, dict[str, Any]] = {
            call + 7: {"id": call + 7, "call_id": call, "state": "open", "version": 1, "cause": None, "note": None}
            for call in calls
        }
        self.page = page
        self.beaten: set[int] = set()
        """Follow-ups that somebody else changes whenever a manager has read them."""

    def send(
        self, method: str, path: str, body: dict[str, Any] | None, version: int | None
    ) -> tuple[int, dict[str, Any]]:
        if method == "GET" and path.startswith("/follow-ups?"):
            start = int(path.partition("cursor=")[2] or 0)
            found = [row for row in self.rows.values() if row["state"] == "open"][start : start + self.page]
            more = str(start + self.page) if len(found) == self.page else None
            return 200, {"items": [dict(row) for row in found], "next_cursor": more}
        row = self.rows[int(path.rpartition("/")[2])]
        if method == "GET":
            answer = dict(row)
            row["version"] += row["id"] in self.beaten
            return 200, answer
        assert method == "PATCH"
        if version != row["version"]:
            return 412, {}
        before = State(row["state"])
        row |= read_change(dumps(body)).applied_to(row | {"assignee_id": None})
        assert State(row["state"]) in {before, *TRANSITIONS[before]}
        row["version"] += 1
        return 200, dict(row)

    @property
    def states(self) -> dict[int, str]:
        return {row["call_id"]: row["state"] for row in self.rows.values()}


def test_managers_resolve_dismiss_take_and_leave_some() -> None:
    inbox = Inbox()
    assert Managers(inbox.send, 7).work_through() > len(CALLS)
    count = Counter(inbox.states.values())
    assert set(count) == {"open", "acknowledged", "resolved", "dismissed"}
    assert count["resolved"] > count["open"] > count["dismissed"]
    assert all(row["cause"] and row["note"] for row in inbox.rows.values() if row["state"] == "resolved")


def test_the_same_seed_makes_the_same_of_the_same_calls_wherever_they_begin() -> None:
    ends = []
    for begin in (1001, 5001):
        inbox = Inbox(range(begin, begin + 60), page=7)
        Managers(inbox.send, 7).work_through(range(begin, begin + 60))
        ends.append(list(inbox.states.values()))
    assert ends[0] == ends[1]
    other = Inbox(range(1001, 1061))
    Managers(other.send, 8).work_through(range(1001, 1061))
    assert list(other.states.values()) != ends[0]


def test_managers_leave_other_calls_alone() -> None:
    inbox = Inbox()
    Managers(inbox.send, 7).work_through(range(1001, 1021))
    assert {state for call, state in inbox.states.items() if call > 1020} == {"open"}


def test_what_somebody_else_changes_is_left_to_them() -> None:
    inbox = Inbox()
    inbox.beaten = set(inbox.rows)
    assert Managers(inbox.send, 7).work_through() == 0
    assert set(inbox.states.values()) == {"open"}


def test_an_api_that_refuses_is_said_so() -> None:
    with pytest.raises(LocalStackError, match="403"):
        Managers(lambda *_: (403, {}), 7).work_through()
