"""`make dashboard-picture`: the template's dashboard over a simulated day, drawn to docs/dashboard.png."""

import argparse
import sys
from typing import Final

from samcli.yamlhelper import yaml_parse  # type: ignore[import-untyped] # SAM CLI has no types

from local.console import say
from local.dashboard.body import Widget, fill_in, read_widgets
from local.dashboard.day import DAY, at
from local.dashboard.metrics import read_emf
from local.dashboard.picture import Run, draw
from local.dashboard.recording import SEED, SERVICE, record
from local.stack_paths import PROJECT, REGION, read_place

PICTURE: Final = PROJECT / "docs" / "dashboard.png"
SPAN: Final = at(13, 30), at(23, 30)
CAPTION: Final = (
    f"The dashboard of template.yaml over a simulated day ({DAY}, UTC, 5 min a point), from the lines that the"
    " functions printed. Grey: metrics of AWS, which no run on one machine has. What happened is in docs/dashboard.md."
)


def main() -> int:
    """Record a day, unless one is there, and draw it."""
    arguments = _read_arguments()
    directory = read_place().state / "dashboard"
    log = directory / f"{DAY}.log"
    if arguments.record or not log.exists():
        say("Letting a simulated day pass (a minute or two) …")
        log = record(directory, arguments.seed)
    lines = log.read_text().splitlines()
    draw(read_template_widgets(), Run(read_emf(lines), lines, SPAN), CAPTION, PICTURE)
    say(f"{PICTURE.relative_to(PROJECT)} drawn from {log}")
    return 0


def read_template_widgets() -> list[Widget]:
    """The widgets of the template's dashboard, with a database of RDS."""
    template = yaml_parse((PROJECT / "template.yaml").read_text())
    conditions = dict.fromkeys(template["Conditions"], True)
    defaults = {name: str(said.get("Default", "")) for name, said in template["Parameters"].items()}
    names = defaults | {"AWS::StackName": SERVICE, "AWS::Region": REGION}
    return read_widgets(fill_in(template["Resources"]["Dashboard"]["Properties"]["DashboardBody"], names, conditions))


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.dashboard", description=__doc__)
    parser.add_argument("--record", action="store_true", help="let the day pass again")
    parser.add_argument("--seed", type=int, default=SEED)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
