"""`make erase` and `make tombstones`: erase a person's calls, and erase them again in a restored database.

Only functions can reach the database, so the stack's function `erasures` does the work. A phone number is passed in the
environment, because any user of this machine can read a command's arguments.
"""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from local.console import say
from operate.confirmation import Confirm
from operate.dead_letter import printable
from operate.functions import ask_function
from operate.target import OperationFailed, Target

FUNCTION: Final = "ErasuresFunction"
PATIENCE_SECONDS: Final = 60
ASK_AGAIN_SECONDS: Final = 2
_ENDED: Final = frozenset({"done", "failed"})
Report = Mapping[str, Any]


def erase(
    target: Target,
    wanted: Mapping[str, object],
    confirm: Confirm,
    *,
    dry_run: bool,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Show the data, ask, erase, and show the result; returns the exit status.

    `wanted` has exactly one of call_id, vapi_call_id and phone.
    """
    found = _report(target, _begin(target, wanted, dry_run=True))
    _show(found, "would be erased")
    if dry_run:
        return 0
    stores = {one["store"]: one["found"] for one in found["stores"]}
    if not confirm(f"Erase {stores['calls']} calls and {stores['visits']} visits? It cannot be taken back."):
        say("Nothing changed")
        return 0
    erasure_id = _begin(target, wanted, dry_run=False)
    report = _report(target, erasure_id)
    for _ in range(PATIENCE_SECONDS // ASK_AGAIN_SECONDS):
        if report["state"] in _ENDED:
            break
        sleep(ASK_AGAIN_SECONDS)
        report = _report(target, erasure_id)
    _show(report, "erased")
    if report["state"] not in _ENDED:
        say(f"It goes on; later: make erase REPORT={erasure_id}{target.make_suffix}")
    return 1 if report["state"] == "failed" else 0


def show(target: Target, erasure_id: str) -> int:
    """Show the progress of an erasure; returns the exit status, 1 if it failed."""
    report = _report(target, erasure_id)
    _show(report, "erased")
    return 1 if report["state"] == "failed" else 0


def save_tombstones(target: Target, file: Path) -> int:
    """Write the pseudonyms and ids of everything that was erased into a file; returns the exit status."""
    tombstones: list[list[Any]] = []
    visits: list[int] = []
    after: str | None = ""
    while after is not None:
        page = _ask(target, {"export": after})
        tombstones += page["tombstones"]
        visits += page["visits"]
        after = page["after"]
    file.write_text(json.dumps({"tombstones": tombstones, "visits": visits}))
    say(f"{len(tombstones)} tombstones and {len(visits)} visits are in {file}")
    return 0


def replay_tombstones(target: Target, file: Path) -> int:
    """Erase again everything that a saved file names; returns the exit status."""
    saved = json.loads(file.read_text())
    pages = [saved["tombstones"][place : place + PAGE] for place in range(0, len(saved["tombstones"]), PAGE)] or [[]]
    calls = visits = 0
    for number, page in enumerate(pages):
        done = _ask(target, {"replay": {"tombstones": page, "visits": saved["visits"] if number == 0 else []}})
        calls, visits = calls + done["calls"], visits + done["visits"]
    say(f"Erased again: {calls} calls and {visits} visits")
    return 0


PAGE: Final = 100
"""Number of tombstones in one invocation, so that it ends within the function's timeout."""


def _begin(target: Target, wanted: Mapping[str, object], *, dry_run: bool) -> str:
    return str(_ask(target, {"erase": {**wanted, "dry_run": dry_run}})["id"])


def _report(target: Target, erasure_id: str) -> Report:
    return _ask(target, {"erasure_id": erasure_id})


def _show(report: Report, what: str) -> None:
    say(f"Erasure {report['id']}: {report['state']}{' (dry run)' if report['dry_run'] else ''}")
    for name, count in report["rows"].items():
        say(f"  {count:>6} rows of {printable(name)} {what}")
    for one in report["stores"]:
        counted = "" if one["found"] is None else f"{one['done']} of {one['found']}"
        left = f" {one['remains']}" if one["remains"] else ""
        until = f", until {one['until'][:10]}" if one["until"] else ""
        say(f"  {one['store']:<13} {counted}{printable(left)}{until}")


def _ask(target: Target, event: Mapping[str, Any]) -> dict[str, Any]:
    said = ask_function(target, FUNCTION, event)
    if "error" in said:
        raise OperationFailed(printable(str(said["error"])))
    return said
