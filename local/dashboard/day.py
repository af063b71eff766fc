"""A simulated day: a dealership's calls from morning to evening, and what goes wrong meanwhile.

Discrete events in the order of their time, each on a clock that is set to it (`clock.py`), on a real Postgres that is
really stopped. So counts follow from the seed, and ages and durations are what this machine needed.
"""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta, timezone
from functools import partial
from itertools import count
from random import Random
from typing import Any, Final

from autopulse.access.reader import Reader
from local.dashboard.clock import Clock
from local.dashboard.functions import CONSUMERS, SECRET, Functions, Queues
from local.database import connect
from local.events import gateway_event, reading_event
from local.postgres import PostgresServer
from local.simulator.application_rows import ORGANIZATION_ID, insert_organization
from local.simulator.scenario import CallScript, write_script
from local.simulator.simulate import place
from local.simulator.webhook_client import encode, sign
from local.simulator.webhook_factory import Body, webhooks

DAY: Final = date(2026, 11, 19)
CALLS_BY_HOUR: Final = {14: 10, 15: 22, 16: 26, 17: 24, 18: 12, 19: 20, 20: 24, 21: 18, 22: 8}
"""UTC hour -> calls begun in it: a dealership on the East coast, with a lunch break."""
WORKERS: Final = 5
"""Of each consumer, as MaximumConcurrency."""
BATCH_SIZE: Final = 10
RETRIES: Final = (1, 2, 4)
"""Seconds until Vapi tries again after a 5xx, with the backoffPlan that the README asks for."""
RESENT_SHARE: Final = 0.03
READ_EVERY: Final = timedelta(minutes=3)
_UNKNOWN_CALL_ID: Final = 2_000_000_000


def at(hour: int, minute: int, second: float = 0) -> datetime:
    """An instant of the day, UTC."""
    return datetime.combine(DAY, time(hour, minute), timezone.utc) + timedelta(seconds=second)


DATABASE_STOPS, DATABASE_STARTS = at(17, 20), at(17, 31)
QUEUES_REFUSE, QUEUES_TAKE = at(20, 30, 20), at(20, 33)
CREDENTIAL_MISSING, CREDENTIAL_GIVEN = at(15, 5), at(15, 12)
STRANGER_AT: Final = at(21, 30)
POISON_AT: Final = at(16, 10)
TOKENS_REFUSED_AT: Final = at(19, 45)


@dataclass
class Day:
    """What is still to happen."""

    clock: Clock
    functions: Functions
    queues: Queues
    random: Random
    _events: list[tuple[datetime, int, Callable[[], object]]] = field(default_factory=list)
    _numbers: Any = field(default_factory=count)
    _polls: set[tuple[str, datetime]] = field(default_factory=set)
    _busy: dict[str, list[datetime]] = field(default_factory=lambda: {kind: [] for kind in CONSUMERS})

    def plan(self, moment: datetime, happen: Callable[[], object]) -> None:
        """Let something happen at an instant."""
        heapq.heappush(self._events, (moment, next(self._numbers), happen))

    def pass_through(self) -> None:
        """Let everything happen, and what follows from it."""
        while self._events:
            moment, _, happen = heapq.heappop(self._events)
            self.clock.set(moment)
            happen()

    def post(self, content: bytes, headers: dict[str, str], tries: Sequence[int] = RETRIES) -> None:
        """Post a webhook now, and again as Vapi does."""
        known = {kind: len(waiting) for kind, waiting in self.queues.waiting.items()}
        status = self.functions.verify(gateway_event(content, headers))
        now = datetime.now(timezone.utc)
        if status >= 500 and tries:  # noqa: PLR2004 - 5xx
            self.plan(now + timedelta(seconds=tries[0]), lambda: self.post(content, headers, tries[1:]))
        for kind, waiting in self.queues.waiting.items():
            if len(waiting) > known[kind]:
                self._poll_at(kind, now)

    def poll(self, kind: str) -> None:
        """Let a free worker take what is visible; if none is free, the first that will be."""
        now = datetime.now(timezone.utc)
        busy = self._busy[kind] = [until for until in self._busy[kind] if until > now]
        if len(busy) >= WORKERS:
            self._poll_at(kind, min(busy))
            return
        if self.functions.consume(kind, BATCH_SIZE):
            busy.append(datetime.now(timezone.utc))
        waiting = self.queues.waiting[kind].values()
        if waiting:
            visible_at = min(message.visible_at for message in waiting)
            self._poll_at(kind, max(now, datetime.fromtimestamp(visible_at, timezone.utc)))

    def _poll_at(self, kind: str, moment: datetime) -> None:
        """Poll then, unless something else does."""
        if (kind, moment) in self._polls:
            return
        self._polls.add((kind, moment))

        def poll() -> None:
            self._polls.discard((kind, moment))
            self.poll(kind)

        self.plan(moment, poll)


def simulate(day: Day, server: PostgresServer, url: str) -> None:
    """Let the day pass; what the functions print is its result. `url` is the owner's."""
    scripts = _place_calls(url, day.random)
    for script in scripts:
        _plan_call(day, script)
    _plan_outages(day, server, int(url.rpartition(":")[2].split("/")[0]))
    _plan_poison(day, scripts)
    _plan_strangers(day)
    _plan_readers(day)
    day.pass_through()


def _place_calls(url: str, random: Random) -> list[CallScript]:
    with connect(url) as connection:
        insert_organization(connection, ORGANIZATION_ID, "Example Motors")
        begun = sorted(
            at(hour, 0, random.uniform(0, 3600)) for hour, calls in CALLS_BY_HOUR.items() for _ in range(calls)
        )
        return [place(connection, write_script(random, None, moment)) for moment in begun]


def _plan_call(day: Day, script: CallScript) -> None:
    signed = not CREDENTIAL_MISSING <= script.created_at < CREDENTIAL_GIVEN
    for seconds, body in webhooks(script):
        moment = script.created_at + timedelta(seconds=seconds)
        _plan_post(day, moment, body, signed=signed)
        if day.random.random() < RESENT_SHARE:
            _plan_post(day, moment + timedelta(seconds=20), body, signed=signed)


def _plan_post(day: Day, moment: datetime, body: Body, *, signed: bool = True) -> None:
    content = encode(body)
    day.plan(moment, lambda: day.post(content, sign(SECRET, content) if signed else {}))


def _plan_outages(day: Day, server: PostgresServer, port: int) -> None:
    def stop() -> None:
        with day.clock.real_waiting():
            server.stop()

    def start() -> None:
        with day.clock.real_waiting():
            server.start(port)

    def refuse(*, refuses: bool) -> None:
        day.queues.refuses = refuses

    day.plan(DATABASE_STOPS, stop)
    day.plan(DATABASE_STARTS, start)
    day.plan(QUEUES_REFUSE, lambda: refuse(refuses=True))
    day.plan(QUEUES_TAKE, lambda: refuse(refuses=False))


def _plan_poison(day: Day, scripts: Sequence[CallScript]) -> None:
    """A call that the database does not know, one that claims another's id, and webhooks that name none."""
    stranger = write_script(day.random, _UNKNOWN_CALL_ID, POISON_AT, outcome="voicemail")
    impostor = write_script(day.random, None, POISON_AT + timedelta(minutes=9), outcome="voicemail")
    for script in (stranger, replace(impostor, call_id=scripts[0].call_id)):
        _plan_call(day, script)
    for minute in range(3):
        moment = POISON_AT + timedelta(minutes=20 + minute)
        message = {"type": "status-update", "status": "ended", "timestamp": round(moment.timestamp() * 1000)}
        _plan_post(day, moment, {"message": message})


def _plan_strangers(day: Day) -> None:
    for place_ in range(60):
        moment = STRANGER_AT + timedelta(seconds=4 * place_)
        day.plan(moment, lambda: day.post(b"{}", {"X-Vapi-Secret": "guessed"}))


def _plan_readers(day: Day) -> None:
    reader = Reader(ORGANIZATION_ID, "sample-reader", round(at(23, 59).timestamp()))
    paths = ("/v1/calls", "/v1/feedback/summary", "/v1/calls/1")
    moment, last = at(min(CALLS_BY_HOUR), 0), at(max(CALLS_BY_HOUR), 59)
    while moment < last:
        event = reading_event(day.random.choice(paths), reader.to_context())
        day.plan(moment, partial(day.functions.read, event))
        moment += READ_EVERY
    for place_, authorization in enumerate(("", "Basic Z3Vlc3NlZA==", "")):
        event = gateway_event(b"", {"Authorization": authorization}) | {
            "methodArn": "arn:aws:execute-api:::api/api/GET/"
        }
        day.plan(TOKENS_REFUSED_AT + timedelta(minutes=place_), partial(day.functions.authorize, event))
