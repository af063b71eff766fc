"""`python -m local.cost`: the tables of docs/architecture.md and docs/cost.md, from what was measured last."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from local.console import say
from local.cost.measure import Measured, measure
from local.cost.report import DOCUMENTS, TABLES, stale, write_into

MEASURED: Final = Path(__file__).with_name("measured.json")


def read_measured() -> Measured:
    """What was measured last."""
    return TypeAdapter(Measured).validate_json(MEASURED.read_bytes())


def main(arguments: list[str] | None = None) -> int:
    """Print every table, or write them; 1 if the documents show older ones."""
    parser = argparse.ArgumentParser(prog="python -m local.cost", description=__doc__)
    parser.add_argument("--measure", action="store_true", help="measure on this machine first: some minutes")
    parser.add_argument("--write", action="store_true", help="write the tables into the documents")
    wanted = parser.parse_args(arguments)
    if wanted.measure:
        MEASURED.write_text(json.dumps(asdict(measure(say)), indent=2) + "\n")
    measured = read_measured()
    return _write(measured) if wanted.write else _print(measured)


def _write(measured: Measured) -> int:
    for file in DOCUMENTS:
        file.write_text(write_into(file.read_text(), measured))
    return 0


def _print(measured: Measured) -> int:
    for name, table in TABLES.items():
        say(f"\n{name}\n\n{table(measured)}")
    old: list[Any] = stale(measured)
    if old:
        say(f"\nOlder tables in {', '.join(file.name for file in old)}: python -m local.cost --write")
    return 1 if old else 0


if __name__ == "__main__":
    sys.exit(main())
