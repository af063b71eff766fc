"""`READING=1 make bench`: measure the read API in its handler, with a million calls and ten million turns.

It inserts the rows once, which takes a few minutes, and requests every path with many values; it fails if a 95th
percentile is over the budget. On a busy machine processor time is more reliable: of Postgres, and of Postgres and
handler together (`both`).
"""

import json
import math
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from io import StringIO
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import pytest
from alembic import command

from autopulse.db import migration
from autopulse.db.migration import upgrade
from autopulse.db.privileges import FunctionsRole
from autopulse.db.queries.connection import PlanningConnection
from local import ports
from local.database import connect
from local.machine import describe_machine
from local.postgres import OWNER, READER, PostgresServer
from tests.benchmarks import archive
from tests.benchmarks.__main__ import say
from tests.benchmarks.budgets import PROJECT
from tests.benchmarks.questions import BUDGET_MS, Question, all_questions
from tests.integration.api.client import Api

OUTPUT: Final = PROJECT / ".local" / "bench-reading.json"
CALLS: Final = 1_000_000
TURNS: Final = 10
"""For each call."""
EVENTS: Final = 3
"""For each call."""
REQUESTS: Final = 200
"""Repetitions of each request."""
FILE_REQUESTS: Final = 40
"""Repetitions for a file, which takes as long as many pages."""
WARM_UP: Final = 20
SETTINGS: Final = (
    "shared_buffers=1GB",
    "maintenance_work_mem=512MB",
    "max_wal_size=16GB",
    "wal_level=minimal",
    "max_wal_senders=0",
)
"""Memory settings of RDS for a server of 4 GB, a quarter of it for pages; the others only speed up the inserts."""


@dataclass(frozen=True)
class Measured:
    """Milliseconds in the handler."""

    question: str
    organization: str
    p50: float
    p95: float
    postgres: float | None
    """95th percentile of the processor time of Postgres; None on a system that does not report it."""
    processor: float | None
    """The same for Postgres and the handler together; other programs affect it less than `p95`."""
    budget: float

    @property
    def holds(self) -> bool:
        """Return whether the budget is kept."""
        return self.p95 <= self.budget


def main(wanted: list[str]) -> int:
    """Measure the requests whose names contain one of the texts, or all; returns whether a budget is missed."""
    directory = Path(tempfile.mkdtemp(prefix="autopulse-bench-reading-"))
    directory.chmod(0o755)  # the user that runs Postgres if this is root needs access
    server, port = PostgresServer(directory, durable=False, settings=SETTINGS), ports.find_any()
    server.start(port)
    try:
        server.create_database("archive", port)
        url = server.database_url("archive", port)
        _make(server, port, url)
        measured = _measure(url, wanted)
    finally:
        server.remove()
    _write(measured)
    return 0 if all(result.holds for result in measured) else 1


def _measure(url: str, wanted: list[str]) -> list[Measured]:
    results = []
    with pytest.MonkeyPatch.context() as monkeypatch:
        api = Api(url, monkeypatch)
        for name, organization in (("largest", archive.LARGEST), ("typical", archive.TYPICAL)):
            ids = _ids(url, organization)
            for question in all_questions(organization, ids):
                if not wanted or any(text in question.name for text in wanted):
                    say(f"{name}: {question.name}")
                    results.append(_time(api, question, name, organization))
        api.close()
    return results


def _make(server: PostgresServer, port: int, url: str) -> None:
    """Insert rows before their indexes are created, which is fastest."""
    started = time.perf_counter()
    real = command.upgrade
    with patch.object(command, "upgrade", lambda config, _head: real(config, "0003")), _without_reading_calls():
        upgrade(url)
    with _without_looking_up_references(server, port):
        archive.fill(url, CALLS, TURNS, EVENTS, say)
    say("indexes")
    indexes = time.perf_counter()
    with _without_reading_calls():
        upgrade(url, FunctionsRole(READER, by_iam=False, only_reads=True))
    with _without_looking_up_references(server, port):
        archive.fill_quality(url, say)
        archive.fill_words(url, say)
    archive.fill_reasons(url, say)
    archive.fill_follow_ups(url, say)
    say(f"made in {time.perf_counter() - started:.0f} s, of which the indexes {time.perf_counter() - indexes:.0f} s")


@contextmanager
def _without_reading_calls() -> Iterator[None]:
    """Skip the migration's pass over all calls for words and reasons: the archive inserts the words itself."""
    with patch.object(migration, "give_words", lambda *_: True), patch.object(migration, "give_reasons"):
        yield


@contextmanager
def _without_looking_up_references(server: PostgresServer, port: int) -> Iterator[None]:
    """Skip the checks of foreign keys, which would look up fourteen million rows."""
    role = f"ALTER ROLE {OWNER} IN DATABASE archive"
    with server.connect("postgres", "archive", port) as connection:
        connection.run(f"{role} SET session_replication_role = 'replica'")
        yield
        connection.run(f"{role} RESET session_replication_role")


def _ids(url: str, organization: str) -> list[int]:
    statement = "SELECT id FROM call WHERE organization_id = :organization AND outcome = 'reached' LIMIT 20000"
    with connect(url) as connection:
        return [row[0] for row in connection.run(statement, organization=organization)]


def _time(api: Api, question: Question, name: str, organization: str) -> Measured:
    chance, schedule = random.Random(question.name), _schedule_of_postgres(api)
    milliseconds, served, worked = [], [], []
    first = archive.ADVISORS * (archive.LARGEST, archive.TYPICAL).index(organization)
    who = {"advisor_id": str(first + 7)} if question.is_bounded else {}
    with redirect_stdout(StringIO()):
        for place in range((REQUESTS if question.budget == BUDGET_MS else FILE_REQUESTS) + WARM_UP):
            path, query = question.path(chance), question.query(chance)
            before, own = _processor_ms(schedule), time.process_time()
            started = time.perf_counter()
            answer = api.get_as(who, path, organization, **query)
            spent = (time.perf_counter() - started) * 1000
            assert answer.status in {200, 404}, answer.text
            if place >= WARM_UP:
                milliseconds.append(spent)
                served.append(_processor_ms(schedule) - before)
                worked.append(served[-1] + (time.process_time() - own) * 1000)
    p50, p95 = _cut(milliseconds, 9), _cut(milliseconds, 18)
    postgres, both = (_cut(served, 18), _cut(worked, 18)) if schedule.exists() else (None, None)
    return Measured(question.name, name, p50, p95, postgres, both, question.budget)


def _cut(values: list[float], place: int) -> float:
    return round(statistics.quantiles(values, n=20)[place], 2)


def _schedule_of_postgres(api: Api) -> Path:
    """Return Linux's file with the processor time of the process that serves the read API."""
    with api.services.engine.connect() as connected:
        driver = connected.connection.driver_connection
        assert isinstance(driver, PlanningConnection)
        ((process,),) = driver.execute_unnamed("SELECT pg_backend_pid()", (), ()).rows
    return Path(f"/proc/{process}/schedstat")


def _processor_ms(schedule: Path) -> float:
    """Return processor time; Linux's file has nanoseconds, psutil only steps of ten milliseconds."""
    return int(schedule.read_text().split()[0]) / 1e6 if schedule.exists() else 0.0


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
    heading = (
        f"{'milliseconds in the handler':46}{'organization':14}{'p50':>8}{'p95':>8}{'Postgres':>10}{'both':>8}  budget"
    )
    lines = [heading, *(_row(result) for result in measured), "", machine]
    sys.stdout.write("\n".join(lines) + f"\nwritten to {OUTPUT.relative_to(PROJECT)}\n")


def _row(result: Measured) -> str:
    budget = f"≤ {result.budget:g} {'holds' if result.holds else 'MISSED'}"
    processor = f"{result.postgres or math.nan:10.1f}{result.processor or math.nan:8.1f}"
    return f"{result.question:46}{result.organization:14}{result.p50:8.1f}{result.p95:8.1f}{processor}  {budget}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
