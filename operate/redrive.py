"""`make redrive`: show the dead letters of a kind with their reasons, then move the chosen ones back.

SQS's own redrive moves only what a redrive policy dead-lettered, and most dead letters were sent by our consumers, with
the reason. A dead letter is sent to its queue before it is deleted here: after any failure in between it is in both
queues, and its receipt in `webhook_event` makes the second one a duplicate without effect.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Final

from autopulse.consumers.registry import REGISTRY, Kind
from local.console import say
from operate.confirmation import Confirm, always
from operate.dead_letter import DeadLetter
from operate.dead_letter_queue import DeadLetterQueue
from operate.table import print_table
from operate.target import OperationFailed, Target

RECORDINGS: Final = Kind("recordings", "", "Recording")
"""Requests to copy recordings, which are no records; their queues exist if the stack keeps recordings."""
ALERTS: Final = Kind("alerts", "", "Alert")
"""Messages to the alert planner; their queue exists if the stack sends alerts."""
_OTHERS: Final = {kind.name: kind for kind in (RECORDINGS, ALERTS)}
LOOKED_AT_MOST: Final = 5_000
"""Limit of dead letters in one run, for the reader and for memory (one may have 1 MiB, few have 20 KiB)."""


@dataclass(frozen=True)
class Choice:
    """A selection of dead letters."""

    reason: str | None = None
    limit: int | None = None
    about: tuple[int, str] | None = None
    """Only dead letters that name this call (our id and Vapi's id)."""

    def takes(self, letter: DeadLetter, taken: int) -> bool:
        """Return whether this dead letter is to be moved, after `taken` others."""
        if self.is_full(taken) or self.reason not in {None, letter.reason}:
            return False
        return self.about is None or letter.names(*self.about)

    def is_full(self, taken: int) -> bool:
        """Return whether the limit is reached."""
        return self.limit is not None and taken >= self.limit


def move_back(target: Target, kind: str, choice: Choice) -> int:
    """Move without asking, and print nothing if there is nothing to move; returns the exit status."""
    return redrive(target, kind, choice, always, quiet=True)


def redrive(target: Target, kind: str, choice: Choice, confirm: Confirm, *, quiet: bool = False) -> int:
    """Show, ask, move; returns the exit status. `quiet` prints nothing about a kind without chosen dead letters."""
    found = _find_kind(kind)
    letters = _dead_letters(target, found)
    held: list[DeadLetter] = []
    moved: set[str] = set()
    try:
        chosen = _collect(letters, choice, held)
        if quiet and not chosen and len(held) < LOOKED_AT_MOST:
            return 0
        _show(found.name, chosen, len(held))
        if not chosen or not confirm(f"Move {_count(chosen)} back to the queue of {found.name}?"):
            say("Nothing moved")
            return 0
        if not letters.are_held():
            raise OperationFailed("that took so long that others may have them by now; run it again")
        return _move(letters, chosen, moved)
    finally:
        letters.let_go(letter for letter in held if letter.message_id not in moved)


def list_kinds(target: Target) -> int:
    """Print how many dead letters each kind has; returns the exit status."""
    say(f"Dead letters (approximately); redrive one kind with: make redrive KIND=…{target.make_suffix}")
    width = max(map(len, REGISTRY))
    for kind in REGISTRY.values():
        counted = target.client("sqs").get_queue_attributes(
            QueueUrl=target.resource(f"{kind.prefix}DeadLetterQueue"), AttributeNames=["ApproximateNumberOfMessages"]
        )
        say(f"  {kind.name:<{width}} {counted['Attributes']['ApproximateNumberOfMessages']:>6}")
    return 0


def _find_kind(name: str) -> Kind:
    """Return the kind of this name, or the only one whose name contains it; raises OperationFailed."""
    if name in _OTHERS:
        return _OTHERS[name]
    found = [kind for kind in REGISTRY if name == kind] or [kind for kind in REGISTRY if name and name in kind]
    if len(found) != 1:
        raise OperationFailed(f"there is no kind {name}; KIND is one of {', '.join((*REGISTRY, *_OTHERS))}")
    return REGISTRY[found[0]]


def _dead_letters(target: Target, kind: Kind) -> DeadLetterQueue:
    source, dead = (target.resource(f"{kind.prefix}{suffix}") for suffix in ("Queue", "DeadLetterQueue"))
    return DeadLetterQueue(target.client("sqs"), source, dead)


def _collect(letters: DeadLetterQueue, choice: Choice, held: list[DeadLetter]) -> list[DeadLetter]:
    """Receive until enough are chosen. Others are held too, since SQS would deliver them again at once."""
    chosen: list[DeadLetter] = []
    for batch in letters.receive():
        held.extend(batch)
        for letter in batch:
            if choice.takes(letter, len(chosen)):
                chosen.append(letter)
        if choice.is_full(len(chosen)) or len(held) >= LOOKED_AT_MOST:
            break
    return chosen


def _move(letters: DeadLetterQueue, chosen: Sequence[DeadLetter], moved: set[str]) -> int:
    sent: list[DeadLetter] = []
    left: list[DeadLetter] = []
    try:
        for letter in letters.send_back(chosen):
            sent.append(letter)
            moved.add(letter.message_id)
    finally:
        left = letters.delete(sent)
    return _conclude(len(chosen), len(sent), len(left))


def _conclude(chosen: int, sent: int, left: int) -> int:
    say(f"{sent} of {chosen} moved")
    if sent < chosen:
        say(f"{chosen - sent} were not taken by the queue and stay where they are; run it again")
    if left:
        say(f"{left} could not be deleted here: they will come again, and be counted as repeats without effect")
    return 0 if sent == chosen and not left else 1


def _show(kind: str, chosen: Sequence[DeadLetter], seen: int) -> None:
    more = "; there may be more: run it again" if seen >= LOOKED_AT_MOST else ""
    say(f"{_count(chosen)} of {seen} looked at, of kind {kind}{more}")
    now = datetime.now(timezone.utc)
    print_table([letter.describe(now) for letter in chosen])


def _count(letters: Sequence[DeadLetter]) -> str:
    return f"{len(letters)} dead letter{'' if len(letters) == 1 else 's'}"
