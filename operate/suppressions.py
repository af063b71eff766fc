"""`make suppress` and `make unsuppress`: forbid calls to a number, and allow them again.

Only functions can reach the database, so the stack's function `callers` does it.
"""

from typing import NamedTuple

from local.console import say
from operate.dead_letter import printable
from operate.functions import ask_function
from operate.target import OperationFailed, Target

FUNCTION = "CallersFunction"


class Number(NamedTuple):
    """An operator's command about a number."""

    phone: str
    reason: str = ""
    organization: str = ""
    """Empty if the database has only one organization."""


def suppress(target: Target, number: Number) -> int:
    """Suppress the number; returns the exit status."""
    told = _ask(target, "suppress", number)
    say(f"{'Suppressed' if told['changed'] else 'It was suppressed before'}: organization {_organization(told)}")
    return 0


def unsuppress(target: Target, number: Number) -> int:
    """Take the suppression back; returns the exit status, 1 if the number was not suppressed."""
    told = _ask(target, "unsuppress", number)
    say(f"{'May be called again' if told['changed'] else 'It was not suppressed'}: organization {_organization(told)}")
    return 0 if told["changed"] else 1


def _ask(target: Target, what: str, number: Number) -> dict[str, object]:
    event = {"operate": what, "number": number.phone, "reason": number.reason, "organization": number.organization}
    told = dict(ask_function(target, FUNCTION, event))
    if "error" in told:
        raise OperationFailed(printable(str(told["error"])))
    return told


def _organization(told: dict[str, object]) -> str:
    return printable(str(told["organization"]))
