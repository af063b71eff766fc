"""The findings of a doctor: where, what, and what to do about it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from local.console import say
from operate.dead_letter import printable_line


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at and is not as it should be."""

    where: str
    what: str
    remedy: str
    is_wrong: bool = True
    """Otherwise advice: webhooks arrive all the same."""


def wrong(where: str, what: str, remedy: str) -> Finding:
    """Webhooks are lost, refused, or open to others."""
    return Finding(where, what, remedy)


def advice(where: str, what: str, remedy: str) -> Finding:
    """It works; it could be better."""
    return Finding(where, what, remedy, is_wrong=False)


def report(findings: Iterable[Finding]) -> int:
    """Print them by place, in each what is wrong first; the number of what is wrong."""
    ordered = sorted(findings, key=lambda finding: not finding.is_wrong)
    for where in dict.fromkeys(finding.where for finding in ordered):
        say(printable_line(f"  {where}"))
        here = [finding for finding in ordered if finding.where == where]
        for remedy in dict.fromkeys(finding.remedy for finding in here):
            _print([finding for finding in here if finding.remedy == remedy])
    return sum(finding.is_wrong for finding in ordered)


def _print(findings: Sequence[Finding]) -> None:
    """Return what one remedy is for, and the remedy."""
    for finding in findings:
        say(printable_line(f"    {'wrong ' if finding.is_wrong else 'advice'}  {finding.what}"))
    say(printable_line(f"            -> {findings[0].remedy}"))
