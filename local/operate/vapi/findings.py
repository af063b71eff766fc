"""What a doctor says: where, what, and what to do about it."""

from collections.abc import Iterable
from dataclasses import dataclass

from local.console import say


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
    """Print them, what is wrong first; the number of those."""
    ordered = sorted(findings, key=lambda finding: not finding.is_wrong)
    for finding in ordered:
        say(f"  {'wrong ' if finding.is_wrong else 'advice'}  {finding.where}: {finding.what}")
        say(f"          {finding.remedy}")
    return sum(finding.is_wrong for finding in ordered)
