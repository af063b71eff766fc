"""`python -m local.cost`: the tables of docs/architecture.md and docs/cost.md, from what was measured last."""

import argparse
import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from local.console import say
from local.cost.measure import CALLS, Measured, measure
from local.cost.report import DOCUMENTS, TABLES, stale, write_into
from local.cost.resources import count_resources
from local.stack_paths import PROJECT

MEASURED: Final = Path(__file__).with_name("measured.json")


def read_measured(file: Path = MEASURED) -> Measured:
    """What was measured last."""
    return TypeAdapter(Measured).validate_json(file.read_bytes())


def main(arguments: list[str] | None = None) -> int:
    """Print every table, or write them; 1 if the documents show older ones."""
    parser = argparse.ArgumentParser(prog="python -m local.cost", description=__doc__)
    parser.add_argument("--measure", action="store_true", help="measure on this machine first: some minutes")
    parser.add_argument("--write", action="store_true", help="write the tables into the documents")
    parser.add_argument("--calls", type=int, default=CALLS, help="of each sort and batch size, with --measure")
    parser.add_argument("--file", type=Path, default=MEASURED, help="where the measurements are kept")
    wanted = parser.parse_args(arguments)
    if wanted.measure:
        _keep(measure(say, wanted.calls), wanted.file)
    if wanted.write:
        return _write(wanted.file)
    return _print(read_measured(wanted.file))


def _keep(measured: Measured, file: Path) -> None:
    file.write_text(json.dumps(asdict(measured), indent=2) + "\n")


def _write(measurements: Path) -> int:
    """The template is counted anew: that takes no measuring."""
    resources = count_resources((PROJECT / "template.yaml").read_text())
    measured = replace(read_measured(measurements), resources=resources)
    _keep(measured, measurements)
    for file in DOCUMENTS:
        file.write_text(write_into(file.read_text(), measured))
    return 0


def _print(measured: Measured) -> int:
    for name, table in TABLES.items():
        say(f"\n{name}\n\n{table(measured)}")
    old = stale(measured)
    if old:
        say(f"\nOlder tables in {', '.join(file.name for file in old)}: python -m local.cost --write")
    return 1 if old else 0


if __name__ == "__main__":
    sys.exit(main())
