"""`READING=1 make bench`: how long the read API takes in its handler, with a million calls and ten million turns.

Makes the rows once, a few minutes' work, and asks every path with many values; fails if a p95 is over the budget.
"""

import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone
from io import StringIO
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import pytest
from alembic import command

from autopulse.db.migration import upgrade
from local import ports
from local.database import connect
from local.postgres import PostgresServer
from tests.benchmarks import archive
from tests.benchmarks.__main__ import describe_machine, say
from tests.benchmarks.budgets import PROJECT
from tests.integration.api.readers import Api

OUTPUT: Final = PROJECT / ".local" / "bench-reading.json"
CALLS: Final = 1_000_000
TURNS: Final = 10
"""Of each call."""
EVENTS: Final = 3
"""Of each call."""
REQUESTS: Final = 200
"""Of each question."""
WARM_UP: Final = 10
BUDGET_MS: Final = 50.0
_NOW: Final = datetime.fromisoformat(archive.NOW)
Query = dict[str, object]


@dataclass(frozen=True)
class Question:
    """A path, and how its parameters are chosen."""

    name: str
    path: Callable[[random.Random], str]
    query: Callable[[random.Random], Query]
    budget: float | None = BUDGET_MS
    """None: measured, and not promised."""


@dataclass(frozen=True)
class Measured:
    """Milliseconds in the handler."""

    question: str
    organization: str
    p50: float
    p95: float
    budget: float | None

    @property
    def holds(self) -> bool:
        """Whether the budget is kept."""
        return self.budget is None or self.p95 <= self.budget


def main() -> int:
    """Measure everything; the exit status says whether every budget holds."""
    directory = Path(tempfile.mkdtemp(prefix="autopulse-bench-reading-"))
    directory.chmod(0o755)  # for the account that runs Postgres when this one is root
    server, port = PostgresServer(directory, durable=False), ports.find_any()
    server.start(port)
    try:
        server.create_database("archive", port)
        measured = _measure(server.database_url("archive", port))
    finally:
        server.remove()
    _write(measured)
    return 0 if all(result.holds for result in measured) else 1


def _measure(url: str) -> list[Measured]:
    _make(url)
    results = []
    with pytest.MonkeyPatch.context() as monkeypatch:
        api = Api(url, monkeypatch)
        for name, organization in (("largest", archive.LARGEST), ("typical", archive.TYPICAL)):
            ids = _ids(url, organization)
            for question in _questions(ids):
                say(f"{name}: {question.name}")
                results.append(_time(api, question, name, organization))
        api.close()
    return results


def _make(url: str) -> None:
    """Rows first, then their indexes, as it is fastest."""
    started = time.perf_counter()
    real = command.upgrade
    with patch.object(command, "upgrade", lambda config, _head: real(config, "0003")):
        upgrade(url)
    archive.fill(url, CALLS, TURNS, EVENTS, say)
    say("indexes")
    indexes = time.perf_counter()
    upgrade(url)
    say(f"made in {time.perf_counter() - started:.0f} s, of which the indexes {time.perf_counter() - indexes:.0f} s")


def _ids(url: str, organization: str) -> list[int]:
    statement = "SELECT id FROM call WHERE organization_id = :organization AND outcome = 'reached' LIMIT 20000"
    with connect(url) as connection:
        return [row[0] for row in connection.run(statement, organization=organization)]


def _questions(ids: list[int]) -> Iterator[Question]:
    def always(path: str) -> Callable[[random.Random], str]:
        return lambda _: path

    def of_a_call(rest: str) -> Callable[[random.Random], str]:
        return lambda chance: f"/calls/{chance.choice(ids)}{rest}"

    calls, feedback, summary = always("/calls"), always("/feedback"), always("/feedback/summary")
    yield Question("calls", calls, lambda _: {})
    yield Question("calls, 200 a page", calls, lambda _: {"limit": 200})
    yield Question("calls from a time on", calls, lambda chance: {"to": _moment(chance)})
    yield Question("calls, status", calls, lambda chance: {"status": chance.choice(["Completed", "Ready", "Ended"])})
    yield Question("calls, outcome", calls, lambda chance: {"outcome": chance.choice(["busy", "reached", "unknown"])})
    yield Question("calls, campaign", calls, lambda chance: {"campaign": chance.randrange(1, 21)})
    yield Question("calls, advisor", calls, lambda chance: {"advisor": chance.randrange(1, 41)})
    yield Question("calls, direction", calls, lambda chance: {"direction": chance.choice(["inbound", "outbound"])})
    yield Question("calls, demo", calls, lambda chance: {"demo": chance.choice(["true", "false"])})
    yield Question("calls, end of a number", calls, lambda chance: {"customer": f"555 {chance.randrange(10_000):04}"})
    yield Question("calls, first name", calls, lambda chance: {"customer": chance.choice(["dana", "rob", "nobody"])})
    yield Question("calls, whole name", calls, lambda chance: {"customer": f"dana example {_letters(chance)}"})
    yield Question(
        "calls, several filters",
        calls,
        lambda chance: {
            "status": "Completed",
            "outcome": "failed",
            "campaign": chance.randrange(1, 21),
            "demo": "true",
        },
    )
    yield Question("call", of_a_call(""), lambda _: {})
    yield Question("transcript", of_a_call("/transcript"), lambda _: {})
    yield Question("recording", of_a_call("/recording"), lambda _: {})
    yield Question("ping", lambda chance: f"/pings/{chance.randrange(16**64):064x}", lambda _: {})
    yield Question("feedback", feedback, lambda _: {})
    yield Question("feedback, band", feedback, lambda chance: {"band": chance.choice(["promoter", "detractor"])})
    yield Question("feedback, common words", feedback, lambda chance: {"text": chance.choice(["wait", "call back"])})
    yield Question(
        "feedback, rare words", feedback, lambda chance: {"text": f"invoice ke{chance.randrange(1000, 2000)}"}
    )
    yield Question("feedback, advisor", feedback, lambda chance: {"advisor": chance.randrange(1, 41)})
    yield Question("summary, 30 days by day", summary, lambda chance: _span(chance, 30) | {"period": "day"})
    yield Question("summary, 90 days", summary, lambda chance: _span(chance, 90))
    yield Question(
        "summary, 90 days by week and campaign",
        summary,
        lambda chance: _span(chance, 90) | {"period": "week", "group": "campaign"},
    )
    yield Question(
        "summary, 90 days by week and advisor",
        summary,
        lambda chance: _span(chance, 90) | {"period": "week", "group": "advisor"},
    )
    yield Question(
        "summary, a year by month", summary, lambda chance: _span(chance, 365) | {"period": "month"}, budget=None
    )
    yield Question("calls.csv, 1,000 rows", always("/calls.csv"), lambda _: {}, budget=None)
    yield Question("feedback.csv, 1,000 rows", always("/feedback.csv"), lambda _: {}, budget=None)


def _moment(chance: random.Random) -> str:
    return (_NOW - timedelta(days=chance.uniform(0, 700))).isoformat()


def _span(chance: random.Random, days: int) -> Query:
    until = _NOW - timedelta(days=chance.uniform(0, 730 - days))
    return {"from_": (until - timedelta(days=days)).isoformat(), "to": until.isoformat()}


def _letters(chance: random.Random) -> str:
    return "".join(chr(97 + chance.randrange(26)) for _ in range(3))


def _time(api: Api, question: Question, name: str, organization: str) -> Measured:
    chance = random.Random(question.name)
    milliseconds = []
    with redirect_stdout(StringIO()):
        for place in range(REQUESTS + WARM_UP):
            path, query = question.path(chance), question.query(chance)
            started = time.perf_counter()
            answer = api.get(path, organization, **query)
            spent = (time.perf_counter() - started) * 1000
            assert answer.status in {200, 404}, answer.text
            if place >= WARM_UP:
                milliseconds.append(spent)
    cuts = statistics.quantiles(milliseconds, n=20)
    return Measured(question.name, name, round(cuts[9], 2), round(cuts[18], 2), question.budget)


def _write(measured: list[Measured]) -> None:
    machine = describe_machine()
    OUTPUT.parent.mkdir(exist_ok=True)
    content: dict[str, Any] = {
        "measured_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "machine": machine,
        "rows": {"call": CALLS, "transcript": CALLS * TURNS, "webhook_event": CALLS * EVENTS},
        "results": [asdict(result) | {"holds": result.holds} for result in measured],
    }
    OUTPUT.write_text(json.dumps(content, indent=2) + "\n")
    heading = f"{'milliseconds in the handler':46}{'organization':14}{'p50':>8}{'p95':>8}  budget"
    lines = [heading, *(_row(result) for result in measured), "", machine]
    sys.stdout.write("\n".join(lines) + f"\nwritten to {OUTPUT.relative_to(PROJECT)}\n")


def _row(result: Measured) -> str:
    budget = "-" if result.budget is None else f"≤ {result.budget:g} {'holds' if result.holds else 'MISSED'}"
    return f"{result.question:46}{result.organization:14}{result.p50:8.1f}{result.p95:8.1f}  {budget}"


if __name__ == "__main__":
    sys.exit(main())
