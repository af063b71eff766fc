"""The invented calls that are measured."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from itertools import cycle
from random import Random
from typing import Final

from local.simulator.scenario import CallScript, Turn, write_script
from local.simulator.webhook_factory import EVERY_TYPE, Body, webhooks

PLACED_AT: Final = datetime(2026, 11, 2, 15, tzinfo=timezone.utc)
SENT: Final = EVERY_TYPE - {"speech-update"}
"""What Vapi is asked to send (`vapi.routes.SUBSCRIPTION`), in the simulator's words."""
LONG_TURNS: Final = 40
_TURN_SECONDS: Final = 3.0
Draw = Callable[[int], CallScript]
"""Makes the call with a number."""


def draw_any(number: int) -> CallScript:
    """A call as the simulator draws them: reached, busy, at a mailbox."""
    return write_script(Random(number), number, PLACED_AT)  # noqa: S311 - a seed makes it repeatable


def draw_long(number: int) -> CallScript:
    """A call of two minutes: somebody was reached, and every three seconds one of both ends a sentence."""
    script = write_script(Random(number), number, PLACED_AT, outcome="reached", stalls=False)  # noqa: S311 - likewise
    texts = cycle(turn.text for turn in script.turns)
    turns = tuple(
        Turn("user" if place % 2 else "bot", next(texts), 1 + _TURN_SECONDS * place, 3 + _TURN_SECONDS * place)
        for place in range(LONG_TURNS)
    )
    started_at = script.started_at or script.created_at
    return replace(script, turns=turns, ended_at=started_at + timedelta(seconds=_TURN_SECONDS * LONG_TURNS + 2))


PROFILES: Final[dict[str, Draw]] = {"any": draw_any, "long": draw_long}
"""Names of sorts of calls, as `measured.json` has them."""


def bodies_of(scripts: Sequence[CallScript]) -> list[Body]:
    """All webhooks of the calls, which go on at the same time, in the order in which they are sent."""
    timed = [(at, body) for script in scripts for at, body in webhooks(script, SENT)]
    return [body for _, body in sorted(timed, key=lambda one: one[0])]


def seconds_of(script: CallScript) -> float:
    """How long it takes, from the first ring."""
    return (script.ended_at - script.created_at).total_seconds()
