"""Webhooks that are withheld, as if they had been lost, and the data that is missing without them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Final

from local.simulator.scenario import CallScript
from local.simulator.webhook_factory import Body

_DECK: Final = 10
"""Number of webhooks of one type among which the exact share is lost."""
_TOLD_BY_A_RECORD: Final = frozenset({"status-update", "end-of-call-report"})


@dataclass
class Losses:
    """Loses a share of the webhooks of every type; it is deterministic for the same random numbers and webhooks.

    The share is kept within every ten webhooks of a type as exactly as possible, so that few calls lose some, too.
    """

    share: float
    """From 0 to 1."""
    random: Random
    lost: list[Body] = field(default_factory=list)
    _decks: dict[str, list[bool]] = field(default_factory=dict)

    def takes(self, body: Body) -> bool:
        """Decide whether this webhook is lost, and record it if so."""
        if self.share <= 0:
            return False
        deck = self._decks.setdefault(body["message"]["type"], [])
        if not deck:
            deck.extend(self._shuffled())
        is_lost = deck.pop()
        if is_lost:
            self.lost.append(body)
        return is_lost

    def sieve(self, bodies: Iterable[Body]) -> list[Body]:
        """Return the webhooks that are not lost."""
        return [body for body in bodies if not self.takes(body)]

    def known(self, scripts: Iterable[CallScript]) -> list[CallScript]:
        """Return the calls as they can be recovered: Vapi's records have no stalls, whose webhooks may be lost."""
        unheard = {body["message"]["call"]["id"] for body in self.lost if body["message"]["type"] == "hang"}
        return [replace(s, stalls_after=None) if s.vapi_call_id in unheard else s for s in scripts]

    @property
    def vapi_call_ids(self) -> list[str]:
        """Calls that may lack data that Vapi's records contain."""
        of_records = (body["message"] for body in self.lost if body["message"]["type"] in _TOLD_BY_A_RECORD)
        return list(dict.fromkeys(message["call"]["id"] for message in of_records))

    def describe(self) -> str:
        """Return how many webhooks of each type were lost."""
        counts = Counter(body["message"]["type"] for body in self.lost)
        return ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))

    def _shuffled(self) -> list[bool]:
        wanted = round(self.share * _DECK, 6)
        lost = int(wanted) + (self.random.random() < wanted - int(wanted))
        deck = [True] * lost + [False] * (_DECK - lost)
        self.random.shuffle(deck)
        return deck


def no_losses() -> Losses:
    """Return losses that lose nothing."""
    return Losses(0, Random(0))  # noqa: S311 - draws nothing
