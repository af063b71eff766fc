"""`make suppress` and `make unsuppress`: say that a number may not be called, and that it may be called again.

The database is where only functions reach it, so the stack's function `callers` does it.
"""

from typing import NamedTuple

from local.console import say
from operate.dead_letter import printable
from operate.functions import ask_function
from operate.target import OperationFailed, Target

FUNCTION = "CallersFunction"


class Number(NamedTuple):
    """What an operator says of a number."""

    phone: str
    reason: str = ""
    organization: str = ""
    """Empty: the only one that there is."""


def suppress(target: Target, number: Number) -> int:
    """Let the number not be called any more; the exit status."""
    told = _ask(target, "suppress", number)
    say(f"{'Suppressed' if told['changed'] else 'It was suppressed before'}: organization {_organization(told)}")
    return 0


def unsuppress(target: Target, number: Number) -> int:
    """Let the number be called again; the exit status, 1 if it was not suppressed."""
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
