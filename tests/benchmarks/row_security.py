"""`ROW_SECURITY=1 make bench`: measure what row-level security in the read API would cost, for ADR 0014.

It sends the requests of the reading benchmark twice, on an archive of a tenth of its size: unchanged, and with policies
on all tables that are read. It counts the pages that the plans access, which other programs do not affect, and takes
the best times. The organization is set beforehand, so only the plans are measured; the additional round trip that would
set it, and the connection that RDS Proxy would pin, are not included.
"""

import json
import shutil
import statistics
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import pytest

from autopulse.db.queries.connection import PlanningConnection
from local import ports
from local.database import connect
from local.machine import describe_machine
from local.postgres import FUNCTIONS, OWNER, READER, PostgresServer
from tests.benchmarks import archive, reading
from tests.benchmarks.__main__ import say
from tests.benchmarks.budgets import PROJECT
from tests.benchmarks.questions import Question, all_questions
from tests.integration.api.client import Api

OUTPUT: Final = PROJECT / ".local" / "bench-row-security.json"
CALLS: Final = 100_000
REQUESTS: Final = 10
_OWN: Final = "organization_id = (SELECT current_setting('autopulse.organization', true)::uuid)"
_OF_A_CALL: Final = "EXISTS (SELECT FROM call WHERE call.id = call_id)"
POLICIES: Final = {
    **dict.fromkeys(("call", "service_record", "campaign", '"user"'), _OWN),
    **dict.fromkeys(("vapi_call", "call_original", "transcript", "call_feedback", "call_incident"), _OF_A_CALL),
    "webhook_event": f"call_id IS NULL OR {_OF_A_CALL}",
}
"""Table -> the policy's condition, with sub-selects so that a statement reads the setting once."""


@dataclass(frozen=True)
class Cost:
    """The cost of a request at the database."""

    question: str
    organization: str
    pages: int
    """Pages of 8 KB, in memory or not; the median over the values."""
    planning: float
    """Milliseconds, the minimum."""
    execution: float
    """Milliseconds, the minimum."""

    @classmethod
    def of(cls, question: str, organization: str, explained: list[dict[str, Any]]) -> "Cost":
        """Return the cost from the output of EXPLAIN for each execution."""
        plans = [one["Plan"] for one in explained]
        return cls(
            question,
            organization,
            round(statistics.median(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] for plan in plans)),
            min(one["Planning Time"] for one in explained),
            min(one["Execution Time"] for one in explained),
        )


def main() -> int:
    """Measure both, and print what each request costs without and with policies."""
    directory = Path(tempfile.mkdtemp(prefix="autopulse-bench-row-security-"))
    directory.chmod(0o755)  # the user that runs Postgres if this is root needs access
    server, port = PostgresServer(directory, durable=False, settings=reading.SETTINGS[:1]), ports.find_any()
    server.start(port)
    try:
        server.create_database("archive", port)
        url = server.database_url("archive", port)
        with patch.multiple(reading, CALLS=CALLS, REQUESTS=REQUESTS, FILE_REQUESTS=3, WARM_UP=1):
            reading._make(server, port, url)
            without = _measure(url)
            _protect(url)
            behind = _measure(url)
    finally:
        server.remove()
        shutil.rmtree(directory, ignore_errors=True)
    _write(without, behind)
    return 0


def _protect(url: str) -> None:
    with connect(url) as connection:
        for table, bound in POLICIES.items():
            connection.run(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            connection.run(f"CREATE POLICY reading ON {table} FOR SELECT TO {READER} USING ({bound})")
            connection.run(f"CREATE POLICY writing ON {table} TO {FUNCTIONS}, {OWNER} USING (true)")


def _measure(url: str) -> list[Cost]:
    costs = []
    for name, organization in (("largest", archive.LARGEST), ("typical", archive.TYPICAL)):
        with pytest.MonkeyPatch.context() as monkeypatch:
            explained: list[dict[str, Any]] = []
            _set_on_connecting(monkeypatch, organization)
            _explain_each(monkeypatch, explained)
            api = Api(url, monkeypatch)
            for question in _questions(url, organization):
                explained.clear()
                reading._time(api, question, name, organization)  # noqa: SLF001 - the same questions
                costs.append(Cost.of(question.name, name, explained))
            api.close()
    return costs


def _questions(url: str, organization: str) -> tuple[Question, ...]:
    return tuple(all_questions(organization, reading._ids(url, organization)))  # noqa: SLF001 - the same questions


def _set_on_connecting(monkeypatch: pytest.MonkeyPatch, organization: str) -> None:
    begin = PlanningConnection.__init__

    def begin_for_organization(self: PlanningConnection, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - passed on
        begin(self, *args, **kwargs)
        self.execute_simple(f"SET autopulse.organization = '{organization}'")

    monkeypatch.setattr(PlanningConnection, "__init__", begin_for_organization)


def _explain_each(monkeypatch: pytest.MonkeyPatch, explained: list[dict[str, Any]]) -> None:
    execute = PlanningConnection.execute_unnamed

    def explain(self: PlanningConnection, statement: str, *rest: Any) -> Any:  # noqa: ANN401 - pg8000's
        context = execute(self, f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", *rest)
        explained.append(context.rows[0][0][0])
        return execute(self, statement, *rest)

    monkeypatch.setattr(PlanningConnection, "execute_unnamed", explain)


def _write(without: list[Cost], behind: list[Cost]) -> None:
    pairs = sorted(zip(without, behind, strict=True), key=lambda pair: pair[0].pages / pair[1].pages)
    OUTPUT.parent.mkdir(exist_ok=True)
    rows = [{"without": asdict(one), "behind": asdict(other)} for one, other in pairs]
    OUTPUT.write_text(json.dumps({"machine": describe_machine(), "calls": CALLS, "questions": rows}, indent=2) + "\n")
    say(f"{'':<50} {'pages':>18} {'planning, ms':>18} {'execution, ms':>20}")
    for one, other in pairs:
        say(
            f"{one.organization:<8} {one.question:<41} {one.pages:>7,} -> {other.pages:>7,}"
            f" {one.planning:>7.1f} -> {other.planning:>7.1f} {one.execution:>8.1f} -> {other.execution:>8.1f}"
        )


if __name__ == "__main__":
    sys.exit(main())
