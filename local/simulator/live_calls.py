"""Simulated calls in real time: several at once, at speaking pace, to their end or until Ctrl-C."""

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from heapq import heappop, heappush
from http.client import OK
from itertools import count
from random import Random, SystemRandom
from typing import Any, Final, Protocol

from local.console import say
from local.database import connect
from local.simulator.losses import Losses, no_losses
from local.simulator.reconciliation import remember, require_sweep
from local.simulator.scenario import CallScript, hang_up, hasten, write_script
from local.simulator.simulate import POSTERS, conclude, place, post_until_answered, settle, wait_for_receipts
from local.simulator.webhook_client import Answer
from local.simulator.webhook_factory import ESSENTIAL_TYPES, WATCHING_TYPES, Body, webhooks
from local.stack_paths import LocalStackError

LINES: Final = 4
"""Number of concurrent calls."""
STAGGER_SECONDS: Final = 4
"""Seconds between the first calls of two lines."""
PAUSE_SECONDS: Final = (3, 12)
"""Minimum and maximum pause of a line between two calls, in seconds."""
HANGING_UP_SECONDS: Final = 20
"""Seconds to wait until the ends of stopped calls are stored."""


@dataclass(frozen=True)
class Program:
    """The calls to play, and their speed."""

    calls: int | None = None
    """Total number; None plays until it is stopped."""
    seed: int | None = None
    speed: float = 1
    """Factor by which calls are faster than speech."""
    lose: float = 0
    """Share of the webhooks that are withheld."""


class Clock(Protocol):
    """The clock that a player needs."""

    def now(self) -> datetime:
        """Return the time, with a time zone."""
        ...

    def wait_until(self, moment: datetime) -> None:
        """Return at this time, or at once if it has passed."""
        ...


class WallClock:
    """The system's clock."""

    @staticmethod
    def now() -> datetime:
        """Return the time in UTC."""
        return datetime.now(timezone.utc)

    def wait_until(self, moment: datetime) -> None:
        """Sleep; Ctrl-C interrupts it."""
        time.sleep(max(0.0, (moment - self.now()).total_seconds()))


@dataclass
class Talk:
    """A call in progress."""

    script: CallScript
    to_come: list[tuple[float, Body]]
    """The remaining webhooks with their seconds since the call's creation, in order."""

    @property
    def next_due(self) -> datetime:
        """Return when the next webhook is sent."""
        return self.script.created_at + timedelta(seconds=self.to_come[0][0])


@dataclass
class Player:
    """Plays a program: it decides when `place` and `post` are called.

    `place` inserts the rows of a call before it is dialled, and returns it with its id; `post` sends a webhook.
    """

    program: Program
    random: Random
    clock: Clock
    place: Callable[[CallScript], CallScript]
    post: Callable[[Body], None]
    tell: Callable[[CallScript, bool], None] = lambda _script, _begins: None
    """Called at the begin of each call (True), and at its end."""
    remember: Callable[[CallScript], None] = lambda _script: None
    """Called with the complete script of each call before its first webhook, and again if the call ends otherwise."""
    played: list[CallScript] = field(default_factory=list)
    """Calls whose last webhook was posted."""
    _talks: dict[int, Talk] = field(default_factory=dict)
    _due: list[tuple[datetime, int, Callable[[], None]]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)
    _begun: int = 0

    def play(self) -> None:
        """Play the program to its end, if it has one."""
        for line in range(LINES):
            self._plan(self.clock.now() + self._seconds(line * STAGGER_SECONDS), self._begin)
        while self._due:
            due, _, step = heappop(self._due)
            self.clock.wait_until(due)
            step()

    def stop(self) -> None:
        """End the calls in progress: conversations are hung up, and every call gets its report now."""
        self._due.clear()
        now = _to_the_millisecond(self.clock.now())
        for talk in self._talks.values():
            bodies = talk.to_come
            if talk.script.ended_at > now:
                hung_up = hang_up(talk.script, now)
                self.remember(hung_up)
                bodies = webhooks(hung_up, ESSENTIAL_TYPES)[-2:]
            for _, body in bodies:
                self.post(body)
        self._talks.clear()

    @property
    def under_way(self) -> int:
        """Number of calls that have begun and have no report yet."""
        return len(self._talks)

    def _begin(self) -> None:
        if self.program.calls is not None and self._begun >= self.program.calls:
            return
        self._begun += 1
        draft = write_script(self.random, None, _to_the_millisecond(self.clock.now()))
        script = self.place(hasten(draft, self.program.speed))
        self.remember(script)
        self.tell(script, True)
        talk = Talk(script, webhooks(script, WATCHING_TYPES))
        number = next(self._numbers)
        self._talks[number] = talk
        self._plan(talk.next_due, lambda: self._go_on(number))

    def _go_on(self, number: int) -> None:
        talk = self._talks[number]
        _, body = talk.to_come.pop(0)
        self.post(body)
        if talk.to_come:
            self._plan(talk.next_due, lambda: self._go_on(number))
        else:
            self._end(number)

    def _end(self, number: int) -> None:
        script = self._talks.pop(number).script
        self.played.append(script)
        self.tell(script, False)
        self._plan(self.clock.now() + self._seconds(self.random.uniform(*PAUSE_SECONDS)), self._begin)

    def _plan(self, due: datetime, step: Callable[[], None]) -> None:
        heappush(self._due, (due, next(self._numbers), step))

    def _seconds(self, seconds: float) -> timedelta:
        return timedelta(seconds=seconds / self.program.speed)


class Sender:
    """Posts webhooks in the background, and collects the answers; a share of the webhooks may be withheld."""

    def __init__(self, stack: Mapping[str, Any], losses: Losses | None = None) -> None:
        self._stack = stack
        self.losses = losses or no_losses()
        self._posters = ThreadPoolExecutor(POSTERS)
        self._waiting: list[Future[Answer]] = []
        self.answers: list[Answer] = []

    def post(self, body: Body) -> None:
        """Post soon; raises LocalStackError if an earlier webhook was refused."""
        if not self.losses.takes(body):
            self._waiting.append(self._posters.submit(post_until_answered, self._stack, body))
        done = [future for future in self._waiting if future.done()]
        self._waiting = [future for future in self._waiting if future not in done]
        self._keep(done)

    def settle(self) -> None:
        """Wait for all answers."""
        waiting, self._waiting = self._waiting, []
        self._keep(waiting)

    def close(self) -> None:
        """Cancel everything that has not been sent."""
        self._posters.shutdown(wait=False, cancel_futures=True)

    def _keep(self, futures: list[Future[Answer]]) -> None:
        for future in futures:
            answer = future.result()
            self.answers.append(answer)
            if answer.status != OK:
                raise LocalStackError(f"the webhook URL does not take webhooks any more: {answer.status} {answer.body}")


def simulate_live(stack: Mapping[str, Any], program: Program) -> int:
    """Play a program to its end or to Ctrl-C, print each call, then compare the rows; returns the exit status."""
    seed = program.seed if program.seed is not None else SystemRandom().randrange(10**6)
    number = "calls until Ctrl-C" if program.calls is None else f"{program.calls} calls"
    say(f"{number}, {LINES} at once, at speaking pace (SEED={seed}); Ctrl-C hangs up and ends")
    if program.lose:
        require_sweep(stack)
    began = time.monotonic()
    sender = Sender(stack, Losses(program.lose, Random(f"{seed} lost")))  # noqa: S311 - invented data
    player = make_player(stack, program, Random(seed), sender, _tell)  # noqa: S311 - invented data
    try:
        play(stack, player, sender)
        complaints = settle(stack, player.played, sender.answers, sender.losses)
        return conclude(complaints, len(player.played), time.monotonic() - began)
    finally:
        sender.close()


def make_player(
    stack: Mapping[str, Any],
    program: Program,
    random: Random,
    sender: Sender,
    tell: Callable[[CallScript, bool], None] = lambda _script, _begins: None,
) -> Player:
    """Return a player that uses the running stack."""

    def place_one(draft: CallScript) -> CallScript:
        with connect(stack["database_url"]) as connection:
            return place(connection, draft)

    return Player(program, random, WallClock(), place_one, sender.post, tell, lambda script: remember(stack, [script]))


def play(stack: Mapping[str, Any], player: Player, sender: Sender) -> None:
    """Play until the program ends or Ctrl-C; when this returns, all calls that had begun have ended."""
    try:
        player.play()
    except KeyboardInterrupt:
        say(f"\nHanging up ({player.under_way} calls) …")
        player.stop()
    sender.settle()
    event_ids = sorted({answer.event_id for answer in sender.answers if answer.event_id})
    wait_for_receipts(stack["database_url"], event_ids, HANGING_UP_SECONDS)


def _tell(script: CallScript, begins: bool) -> None:
    about = f"{script.customer_name}, {script.vehicle}, {script.service.lower()}" if begins else _ending(script)
    say(f"  {datetime.now().astimezone():%H:%M:%S}  call {script.call_id}  {'calls' if begins else 'ended:'} {about}")


def _ending(script: CallScript) -> str:
    score = f", score {script.feedback.score}" if script.feedback and script.feedback.score is not None else ""
    return f"{script.outcome.replace('_', ' ')} ({script.customer_name}{score})"


def _to_the_millisecond(moment: datetime) -> datetime:
    """Truncate to milliseconds, the precision of webhooks."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
