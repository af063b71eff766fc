"""Findings of the doctor: the place, the problem and the remedy."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from local.console import say
from operate.dead_letter import printable_line


@dataclass(frozen=True)
class Finding:
    """One problem."""

    where: str
    what: str
    remedy: str
    is_wrong: bool = True
    """False for advice, which does not keep webhooks from arriving."""


def wrong(where: str, what: str, remedy: str) -> Finding:
    """Return a finding about webhooks that are lost, refused, or exposed to others."""
    return Finding(where, what, remedy)


def advice(where: str, what: str, remedy: str) -> Finding:
    """Return a finding about a working configuration that could be better."""
    return Finding(where, what, remedy, is_wrong=False)


def report(findings: Iterable[Finding]) -> int:
    """Print findings grouped by place, problems before advice; returns the number of problems."""
    ordered = sorted(findings, key=lambda finding: not finding.is_wrong)
    for where in dict.fromkeys(finding.where for finding in ordered):
        say(printable_line(f"  {where}"))
        here = [finding for finding in ordered if finding.where == where]
        for remedy in dict.fromkeys(finding.remedy for finding in here):
            _print([finding for finding in here if finding.remedy == remedy])
    return sum(finding.is_wrong for finding in ordered)


def _print(findings: Sequence[Finding]) -> None:
    """Print the findings that have one remedy, and the remedy."""
    for finding in findings:
        say(printable_line(f"    {'wrong ' if finding.is_wrong else 'advice'}  {finding.what}"))
    say(printable_line(f"            -> {findings[0].remedy}"))
