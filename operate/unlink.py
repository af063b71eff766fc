"""`make unlink`: show which of Vapi's calls a row is linked to and by which message, and remove a wrong link.

Only functions can reach the database, so the stack's function `unlink` does that part. Records that were refused
because of the link are dead letters, and go back as `make redrive` moves them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from autopulse.consumers.registry import REGISTRY
from autopulse.errors import CallIdentityConflict
from local.console import say
from operate.confirmation import Confirm
from operate.dead_letter import printable
from operate.functions import ask_function
from operate.redrive import Choice, move_back
from operate.target import OperationFailed, Target

FUNCTION = "UnlinkFunction"
_COUNTED = {"attempts": "attempt", "turns": "turn", "incidents": "incident", "receipts": "receipt"}


def unlink(target: Target, call_id: int, vapi_call_id: str | None, confirm: Confirm) -> int:
    """Show the links, ask, remove one, redrive; returns the exit status."""
    links = _ask(target, {"call_id": call_id})["links"]
    _show(call_id, links)
    chosen = _choose(links, vapi_call_id)
    if chosen is None:
        say(
            f"Take one back with: make unlink CALL={call_id} VAPI_CALL=…{target.make_suffix}"
            if links
            else "Nothing to do"
        )
        return 0
    if not confirm(f"Take {printable(chosen)} from call {call_id}? All that it told of the call is deleted."):
        say("Nothing changed")
        return 0
    removed = _ask(target, {"call_id": call_id, "vapi_call_id": chosen, "unlink": True})["removed"]
    say(
        f"Taken back: {', '.join(f'{removed[name]} {_plural(word, removed[name])}' for name, word in _COUNTED.items())}"
    )
    return _redrive(target, call_id, chosen)


def _choose(links: Sequence[Mapping[str, Any]], given: str | None) -> str | None:
    """Return the link that was named, else the only one."""
    ids = [str(link["vapi_call_id"]) for link in links]
    if given is None:
        return ids[0] if len(ids) == 1 else None
    if given not in ids:
        raise OperationFailed("that call of Vapi's is not linked to this one; VAPI_CALL is one of those above")
    return given


def _show(call_id: int, links: Sequence[Mapping[str, Any]]) -> None:
    say(f"Call {call_id} is linked to {len(links)} {_plural('call', len(links))} of Vapi's")
    for link in links:
        say(f"  {printable(link['vapi_call_id'])}{' (the one that is shown)' if link['is_shown'] else ''}")
        for name, value in _facts(link).items():
            say(f"    {name:<15} {printable(str(value))}")


def _facts(link: Mapping[str, Any]) -> dict[str, object]:
    sent = link["first_occurred_at"] or "at no told time"
    first = f"{link['first_type']}, sent {sent}, received {link['first_received_at']}"
    facts = {
        "type": link["call_type"],
        "created": link["created_at"],
        "status": link["status"],
        "report of": link["reported_at"],
        "linked by": first if link["receipts"] else "the application, or messages whose receipts are gone",
        "receipts": f"{link['receipts']}, the last of {link['last_received_at']}" if link["receipts"] else 0,
        "row": "made for this call" if link["made_call"] else None,
    }
    return {name: value for name, value in facts.items() if value is not None}


def _redrive(target: Target, call_id: int, vapi_call_id: str) -> int:
    choice = Choice(CallIdentityConflict.reason, about=(call_id, vapi_call_id))
    failed = [kind for kind in REGISTRY if move_back(target, kind, choice)]
    if failed:
        say(f"Not all of what was refused is back in its queue; run make redrive for {', '.join(failed)}")
    return 1 if failed else 0


def _ask(target: Target, event: Mapping[str, Any]) -> Mapping[str, Any]:
    said = ask_function(target, FUNCTION, event)
    if "error" in said:
        raise OperationFailed(printable(str(said["error"])))
    return said


def _plural(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"
