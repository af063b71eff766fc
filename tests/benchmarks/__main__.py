"""`make bench`: measure the budgets of the design, print a table, write .local/bench.json; fail if one is missed."""

import json
import sys
import tempfile
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path

from local import ports
from local.machine import describe_machine
from local.postgres import PostgresServer
from tests.benchmarks import budgets, kinds
from tests.benchmarks.budgets import Result
from tests.benchmarks.kinds import DatabaseFigures, KindFigures

OUTPUT = budgets.PROJECT / ".local" / "bench.json"


def main() -> int:
    """Measure everything; the exit status says whether every budget is kept."""
    directory = Path(tempfile.mkdtemp(prefix="autopulse-bench-"))
    directory.chmod(0o755)  # the user that runs Postgres if this is root needs access
    say("starting Postgres, with fsync on, and filling it")
    with budgets.databases(directory, ports.find_any()) as copy:
        results = budgets.measure_consumers(copy, say)
        per_kind = kinds.measure_kinds(copy("kinds"), PostgresServer(directory), say)
    say("verifier")
    results += budgets.measure_verifier()
    say("cold imports")
    results += budgets.measure_imports()
    write(results, *per_kind)
    return 0 if all(result.holds for result in results) else 1


def say(progress: str) -> None:
    """Print what is being measured."""
    sys.stderr.write(f"  {progress} …\n")


def write(results: list[Result], per_kind: list[KindFigures], database: DatabaseFigures) -> None:
    """Print the table, and write the JSON file."""
    machine = describe_machine()
    OUTPUT.parent.mkdir(exist_ok=True)
    content = {
        "measured_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "machine": machine,
        "results": [asdict(result) | {"holds": result.holds} for result in results],
        "kinds": [asdict(figures) for figures in per_kind],
        "database": asdict(database),
    }
    OUTPUT.write_text(json.dumps(content, indent=2) + "\n")
    lines = [
        f"{'':54}{'measured':>10}  {'budget':>9}",
        *(row(result) for result in results),
        "",
        kinds.table(per_kind, database),
        "",
        machine,
    ]
    sys.stdout.write("\n".join(lines) + f"\nwritten to {OUTPUT.relative_to(budgets.PROJECT)}\n")


def row(result: Result) -> str:
    """Return one line of the table."""
    measured = f"{result.value:.2f} {result.unit}".strip()
    if result.limit is None:
        return f"{result.name:54}{measured:>10}  {'':17}  {result.detail}"
    limit = f"{result.limit:g} {result.unit}".strip()
    verdict = "holds" if result.holds else "MISSED"
    return f"{result.name:54}{measured:>10}  {'≤' if result.at_most else '≥'} {limit:>7}  {verdict:6}  {result.detail}"


if __name__ == "__main__":
    sys.exit(main())
